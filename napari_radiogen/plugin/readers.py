"""Readers and writers of the manifest, over the one reader and the one writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_radiogen.io.labels import write_labels, write_volume
from napari_radiogen.io.read import looks_like_scan, read_ct
from napari_radiogen.plugin import layers

ReadFunction = Callable[[Any], list[layers.LayerData]]


def get_reader(path: str | Sequence[str]) -> ReadFunction | None:
    """Return a reader for a DICOM folder or a volume file, or None."""
    if not isinstance(path, str):
        return get_reader(path[0]) if len(path) == 1 else None
    return _read if looks_like_scan(Path(path)) else None


def _read(path: str | Sequence[str]) -> list[layers.LayerData]:
    first = path if isinstance(path, str) else path[0]
    shown = layers.display_volume(read_ct(Path(first)))
    voxels, arguments, kind = layers.ct_layer(shown.volume)
    arguments["metadata"]["path"] = str(first)
    return [(voxels, arguments, kind)]


def write_labels_layer(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a labels layer on its grid in mm."""
    write_labels(layers.labels_from_layer(data, meta), Path(path))
    return [path]


def write_image_layer(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a 3-D image layer on its grid in mm; a synthetic one keeps its mark."""
    write_volume(layers.volume_from_layer(data, meta), Path(path))
    return [path]


def demo_patient() -> list[layers.LayerData]:
    """Return the phantom patient as a layer: sample data."""
    from napari_radiogen.cohorts.phantom import demo_folder

    return _read(str(demo_folder(None)))
