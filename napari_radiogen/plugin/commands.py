"""What napari's menus and its command palette can call: tour and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogen.plugin.workbench import workbench_of

if TYPE_CHECKING:
    import napari.viewer


def start_tour(viewer: napari.viewer.Viewer) -> None:
    """Show the short tour."""
    workbench_of(viewer).guide.start()


def show_keys(viewer: napari.viewer.Viewer) -> None:
    """Show the keyboard table."""
    workbench_of(viewer).show_keys()
