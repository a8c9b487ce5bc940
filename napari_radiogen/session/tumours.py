"""Tumours from a mask file onto the open scan, and tumours to a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_radiogen.domain import CTVolume, LabelVolume, Nodule, ProbabilityVolume
from napari_radiogen.errors import InputError, Stop
from napari_radiogen.imaging.measure import find_nodules
from napari_radiogen.session.exports import check_suffix
from napari_radiogen.session.ports import Segmentation

if TYPE_CHECKING:
    from napari_radiogen.io.mask_model import MaskReading

SEG_SUFFIX = ".dcm"
TUMOUR_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", SEG_SUFFIX)
KINDS = {
    "dicom-seg": "DICOM SEG",
    "rtstruct": "RTSTRUCT",
    "lidc-readings": "LIDC readings",
    "labels": "label image",
}
#: Ends the name of what outlined tumours that a person then painted on.
EDITED = ", edited"
#: Who outlined tumours where nothing was before.
BY_HAND = "by hand"
ReadMask = Callable[[Path, CTVolume], "MaskReading"]


@dataclass(frozen=True, eq=False)
class OpenedMask:
    """A mask file as tumours of a scan: a `Segmentation` that no network made.

    Parameters
    ----------
    labels
        On the scan's grid, with the names of the file. Where segments overlap
        the one with the higher layer is on top.
    nodules
        One for each segment that has voxels, in the order of their numbers.
        The centroid of a segment in separate parts is that of its largest.
    model
        Format that it came in.
    seconds
        Time to read and measure.
    layers
        The segments whole, in several volumes where they overlap.
    warnings
        What a person should see, one line each.
    """

    labels: LabelVolume
    nodules: tuple[Nodule, ...]
    model: str
    seconds: float
    layers: tuple[LabelVolume, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class EditedTumours:
    """A `Segmentation` that a person had a hand in.

    Parameters
    ----------
    labels, nodules
        On the scan's grid, measured after the last stroke.
    model
        Who outlined them first, and that they were edited.
    probability
        Of the network that came first, if one did.
    """

    labels: LabelVolume
    nodules: tuple[Nodule, ...]
    model: str
    seconds: float = 0.0
    probability: ProbabilityVolume | None = None


def drawn_on(found: Segmentation) -> bool:
    """Say whether a person painted on tumours, now or before they were saved."""
    return found.model == BY_HAND or found.model.endswith(EDITED)


def probability_of(found: Segmentation | None) -> ProbabilityVolume | None:
    """Return what the network that found tumours believed where; None for masks of files."""
    value = getattr(found, "probability", None)
    return value if isinstance(value, ProbabilityVolume) else None


def open_mask(
    path: Path, scan: CTVolume, read_mask: ReadMask, progress: Callable[[float, str], None]
) -> OpenedMask:
    """Read a mask onto a scan and measure its segments.

    Raises
    ------
    InputError
        When it is no mask, is damaged, or does not belong to the scan.
    """
    start = time.monotonic()
    progress(0.0, "reading the mask")
    found = read_mask(path, scan)
    progress(0.6, "measuring")
    notes = list(found.warnings)
    nodules: list[Nodule] = []
    parts: dict[str, int] = {}
    for layer in found.layers:
        for nodule in find_nodules(scan, layer):
            moved, count = _at_largest_part(nodule, layer)
            nodules.append(moved)
            if count > 1:
                parts[found.names.get(nodule.label) or f"label {nodule.label}"] = count
    if parts:
        listed = ", ".join(f"{name} ({count})" for name, count in parts.items())
        notes.append(f"in separate parts, measured together: {listed}")
    if len(found.layers) > 1:
        notes.append("segments overlap: the outlines show the one on top, the table each whole")
    nodules.sort(key=lambda n: n.label)
    measured = {n.label for n in nodules}
    empty = [name for number, name in found.names.items() if number not in measured]
    if nodules and empty:
        notes.append(f"without a voxel: {', '.join(empty)}")
    return OpenedMask(
        flat_labels(found.layers, found.names),
        tuple(nodules),
        KINDS[found.kind],
        time.monotonic() - start,
        found.layers,
        tuple(notes),
    )


def segment_name(found: Segmentation, nodule: Nodule) -> str:
    """Return what the file calls a tumour, or its number."""
    return found.labels.names.get(nodule.label) or f"{nodule.label}"


def notes_of(found: Segmentation | None) -> tuple[str, ...]:
    """Return what a person should see about the tumours, one line each."""
    return found.warnings if isinstance(found, OpenedMask) else ()


def write_tumours(
    found: Segmentation,
    scan: CTVolume,
    scan_path: Path | None,
    path: Path,
    *,
    cancelled: Stop | None = None,
) -> None:
    """Write tumours as NIfTI, NRRD, MetaImage, or as a DICOM SEG (``.dcm``) of their CT.

    Raises
    ------
    RadiogenError
        When there are none, the format cannot hold them, or the file cannot
        be written.
    Cancelled
        When `cancelled` says so; nothing is left behind.
    """
    from napari_radiogen.io.labels import write_labels
    from napari_radiogen.io.seg_write import write_seg

    suffix = check_suffix(path, TUMOUR_SUFFIXES)
    by_person = isinstance(found, OpenedMask) or drawn_on(found)
    source = found.model.removesuffix(EDITED)
    tissue = source in KINDS.values() and source != KINDS["lidc-readings"]
    layers = found.layers if isinstance(found, OpenedMask) else (found.labels,)
    if not found.nodules:
        raise InputError("there is no tumour to write", path)
    if suffix != SEG_SUFFIX:
        if len(layers) > 1:
            raise InputError("segments overlap: only a DICOM SEG (.dcm) holds them", path)
        write_labels(layers[0], path, cancelled=cancelled)
    elif scan_path is None or not scan_path.is_dir():
        raise InputError(
            "a DICOM SEG needs a CT opened from its DICOM folder; write .nii.gz instead", path
        )
    else:
        write_seg(
            layers,
            scan_path,
            path,
            series_uid=scan.series_uid,
            algorithm=None if by_person else found.model,
            nodules=not tissue,
            description="Segmentation" if source in KINDS.values() else "Nodules",
            cancelled=cancelled,
        )


def _at_largest_part(nodule: Nodule, layer: LabelVolume) -> tuple[Nodule, int]:
    """Move the centroid into the largest of several parts, and count these.

    The mean of all lies between them.
    """
    if nodule.bounding_box is None:
        return nodule, 1
    start, stop = nodule.bounding_box
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    parts, count = ndimage.label(layer.labels[box] == nodule.label, np.ones((3, 3, 3)))
    if count < 2:
        return nodule, 1
    largest = int(np.argmax(np.bincount(parts.ravel())[1:])) + 1
    x, y, z = layer.geometry.index_to_lps(np.argwhere(parts == largest).mean(axis=0) + start)
    return replace(nodule, centroid_lps_mm=(float(x), float(y), float(z))), int(count)


def flat_labels(layers: tuple[LabelVolume, ...], names: dict[int, str]) -> LabelVolume:
    """Return one label volume; later layers lie on top."""
    array = layers[0].labels
    if len(layers) > 1:
        array = array.astype(np.result_type(*(layer.labels for layer in layers)))
        for layer in layers[1:]:
            array = np.where(layer.labels > 0, layer.labels, array)
    return LabelVolume(array, layers[0].geometry, names)
