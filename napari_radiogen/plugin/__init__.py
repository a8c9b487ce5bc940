"""The napari side: layers, planes, docks, readers, writers and the demo."""
