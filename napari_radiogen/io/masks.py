"""The one entry for masks: whatever the format, labels with names or a refusal."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
from pydicom.uid import RTStructureSetStorage, SegmentationStorage

from napari_radiogen.domain import CTVolume, LabelVolume
from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_headers import is_dicom
from napari_radiogen.io.images import read_array, sniff_image
from napari_radiogen.io.labels import read_labels
from napari_radiogen.io.lidc_masks import read_lidc_mask
from napari_radiogen.io.lidc_xml import is_lidc
from napari_radiogen.io.mask_dicom import opened
from napari_radiogen.io.mask_model import MaskKind, MaskReading, Origin, check_same_frame
from napari_radiogen.io.mask_placing import place_labels
from napari_radiogen.io.rtstruct import read_rtstruct
from napari_radiogen.io.seg_grid import read_seg
from napari_radiogen.io.sources import check_no_archive

#: Label Map Segmentation Storage, newer than pydicom's list of names.
LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
MASK_CLASSES: dict[str, MaskKind] = {
    SegmentationStorage: "dicom-seg",
    LABEL_MAP_STORAGE: "dicom-seg",
    RTStructureSetStorage: "rtstruct",
}
#: An image with more different values than this is a picture, not labels.
MAX_VALUES = 256
#: A folder with more files than this is no series of one mask.
MAX_BESIDE = 20


def mask_kind(path: Path) -> MaskKind | None:
    """Tell the kind of a mask by its content; None when it is none.

    An image counts as labels when it holds few whole numbers, none negative;
    a folder counts when one DICOM mask is all that lies in it.
    """
    path = sole_file(Path(path))
    if not path.is_file():
        return None
    if is_dicom(path):
        return _dicom_kind(path)
    if is_lidc(path):
        return "lidc-readings"
    return "labels" if sniff_image(path) and _holds_labels(path) else None


def looks_like_readings(path: Path) -> bool:
    """Whether a file seems to hold LIDC readings; true promises nothing."""
    try:
        return Path(path).is_file() and is_lidc(Path(path))
    except OSError:
        return False


def sole_file(path: Path) -> Path:
    """Return the one file of a folder, as archives deliver a SEG; else the path itself."""
    if not path.is_dir():
        return path
    files = [f for f in islice(path.iterdir(), MAX_BESIDE) if not f.name.startswith(".")]
    return files[0] if len(files) == 1 and files[0].is_file() else path


def read_mask(path: Path, on: CTVolume | None = None) -> MaskReading:
    """Read a mask from DICOM SEG, RTSTRUCT, LIDC XML, NIfTI, NRRD or MetaImage.

    Parameters
    ----------
    path
        The file, or a folder that holds nothing else.
    on
        CT to place the mask on. Without one the mask keeps a grid of its
        own, which outlines (RTSTRUCT, LIDC) do not have.

    Returns
    -------
    MaskReading
        Labels with names, segments that overlap in layers, and warnings.

    Raises
    ------
    InputError
        When it is no mask, damaged, or does not belong to the CT.
    """
    path = sole_file(Path(path))
    if not path.is_file():
        reason = "a folder, not a mask" if path.is_dir() else "no such file"
        raise InputError(reason, path)
    check_no_archive(path)
    kind = mask_kind(path) or ("labels" if sniff_image(path) else None)
    if kind is None:
        raise InputError("not a DICOM SEG, RTSTRUCT, LIDC XML or label image", path)
    if kind == "dicom-seg":
        found = read_seg(path, on)
    elif kind == "labels":
        found = _read_labels(path, on)
    elif on is None:
        raise InputError("holds outlines without a grid; give the CT they were drawn on", path)
    else:
        found = read_rtstruct(path, on) if kind == "rtstruct" else read_lidc_mask(path, on)
    if any(layer.labels.any() for layer in found.layers):
        return found
    notes = (*found.warnings, "holds no labelled voxel")
    return MaskReading(found.kind, found.layers, notes, found.same_frame)


def _read_labels(path: Path, on: CTVolume | None) -> MaskReading:
    labels = read_labels(path)
    names = {int(v): f"Label {v}" for v in np.unique(labels.labels) if v > 0}
    named = LabelVolume(labels.labels, labels.geometry, names)
    if on is None:
        return MaskReading("labels", (named,))
    same_frame, notes = check_same_frame(Origin(), on, path)
    placed, more = place_labels(named, on.geometry, path)
    return MaskReading("labels", (placed,), (*notes, *more), same_frame)


def _dicom_kind(path: Path) -> MaskKind | None:
    with opened(path, "DICOM header", only=("SOPClassUID",)) as header:
        return MASK_CLASSES.get(str(header.get("SOPClassUID", "")))


def _holds_labels(path: Path) -> bool:
    array = read_array(path)[0]
    if array.dtype.kind not in "ui" or array.min(initial=0) < 0:
        return False
    return len(np.unique(array)) <= MAX_VALUES
