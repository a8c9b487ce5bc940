"""Readers and writers of the manifest, over the one reader and the one writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_radiogen.errors import InputError
from napari_radiogen.io.labels import write_labels, write_volume
from napari_radiogen.io.masks import mask_kind, read_mask
from napari_radiogen.io.read import looks_like_scan, read_ct
from napari_radiogen.plugin import layers
from napari_radiogen.plugin.notices import guard_napari
from napari_radiogen.session.session_file import looks_like_session
from napari_radiogen.session.tumours import KINDS

ReadFunction = Callable[[Any], list[Any]]


def get_reader(path: str | Sequence[str]) -> ReadFunction | None:
    """Return a reader for a DICOM folder, a volume, a mask or a session, or None."""
    guard_napari()
    if not isinstance(path, str):
        return get_reader(path[0]) if len(path) == 1 else None
    if looks_like_session(Path(path)):
        return _open_session
    return read_layers if looks_like_scan(Path(path)) else None


def _open_session(path: str | Sequence[str]) -> list[Any]:
    """Open a session in the window that asks; napari gets no layer of it."""
    from napari import current_viewer

    from napari_radiogen.plugin.workbench import workbench_of

    first = Path(path if isinstance(path, str) else path[0])
    viewer = current_viewer()
    if viewer is None:
        raise InputError("a session opens in a napari window; start one first", first)
    workbench_of(viewer).session.files.open(first)
    return [(None,)]


def read_layers(path: str | Sequence[str]) -> list[layers.LayerData]:
    """Read a CT or a mask as layers."""
    first = path if isinstance(path, str) else path[0]
    if mask_kind(Path(first)) is not None:
        return _read_mask(Path(first))
    shown = layers.display_volume(read_ct(Path(first)))
    voxels, arguments, kind = layers.ct_layer(shown.volume)
    arguments["metadata"]["path"] = str(first)
    return [(voxels, arguments, kind)]


def _read_mask(path: Path) -> list[layers.LayerData]:
    """Return a mask on its own grid; with a CT open, the docks place it on that instead."""
    found = read_mask(path)
    name = layers.tumour_layer_name(KINDS[found.kind])
    shown = [layers.labels_layer(layers.display_labels(part), name) for part in found.layers]
    for _, arguments, _ in shown:
        arguments["metadata"] = {"radiogen": "mask", "path": str(path)}
    return shown


def write_labels_layer(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a labels layer on its grid in mm."""
    guard_napari()
    write_labels(layers.labels_from_layer(data, meta), Path(path))
    return [path]


def write_image_layer(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a 3-D image layer on its grid in mm; a synthetic one keeps its mark."""
    guard_napari()
    write_volume(layers.volume_from_layer(data, meta), Path(path))
    return [path]
