"""Where each slice of a CT series lies and how its numbers become HU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_headers import MULTI_FRAME_CT, DicomFile

FloatArray = npt.NDArray[np.float64]

#: Row and column directions must be unit vectors at right angles within this.
ORTHONORMAL_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Frame:
    """One slice.

    Parameters
    ----------
    path, index
        File and the frame in it.
    position_mm
        (3,) LPS of the centre of the first pixel (ImagePositionPatient).
    orientation
        (6,) row then column direction (ImageOrientationPatient).
    spacing_mm
        (2,) between rows (y), between columns (x).
    slope, intercept
        HU = slope * stored + intercept.
    acquisition, instance
        Acquisition number as text, and instance number or None.
    """

    path: Path
    index: int
    position_mm: FloatArray
    orientation: FloatArray
    spacing_mm: FloatArray
    slope: float
    intercept: float
    rescale_type: str
    acquisition: str
    instance: int | None


def frames_of(file: DicomFile) -> list[Frame]:
    """Return the slices of a file, one or many.

    Raises
    ------
    InputError
        When a position, an orientation, a spacing or the rescale is missing
        or not finite.
    """
    header = file.header
    if header.get("SOPClassUID") not in MULTI_FRAME_CT:
        if (whole_number(header, "NumberOfFrames") or 1) != 1:
            raise InputError("several frames in a single-frame CT image", file.path)
        return [_frame(file.path, 0, lambda _group, name: header.get(name), header)]
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    shared = (header.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    if len(per_frame) != whole_number(header, "NumberOfFrames") or not len(per_frame):
        raise InputError("number of frames and functional groups differ", file.path)
    return [
        _frame(file.path, i, _group_reader(groups, shared), header)
        for i, groups in enumerate(per_frame)
    ]


def _group_reader(groups: Dataset, shared: Dataset) -> Callable[[str, str], Any]:
    def value(group: str, name: str) -> Any:
        for source in (groups, shared):
            if source.get(group):
                return source[group][0].get(name)
        return None

    return value


def _frame(path: Path, index: int, value: Callable[[str, str], Any], header: Dataset) -> Frame:
    position = _numbers(path, value("PlanePositionSequence", "ImagePositionPatient"), 3, "position")
    orientation = _numbers(
        path, value("PlaneOrientationSequence", "ImageOrientationPatient"), 6, "orientation"
    )
    spacing = _numbers(path, value("PixelMeasuresSequence", "PixelSpacing"), 2, "pixel spacing")
    if spacing.min() <= 0:
        raise InputError(f"pixel spacing must be positive, got {spacing.tolist()}", path)
    _check_orthonormal(path, orientation)
    if header.get("ModalityLUTSequence"):
        raise InputError("HU come from a lookup table, which is not supported", path)
    rescale = "PixelValueTransformationSequence"
    slope = value(rescale, "RescaleSlope")
    intercept = value(rescale, "RescaleIntercept")
    if slope is None or intercept is None:
        raise InputError("no rescale slope and intercept: the numbers cannot become HU", path)
    a, b = _numbers(path, [slope, intercept], 2, "rescale")
    if a == 0:
        raise InputError("rescale slope is 0", path)
    unit = str(value(rescale, "RescaleType") or "HU")
    multi = header.get("SOPClassUID") in MULTI_FRAME_CT
    acquisition = (
        value("FrameContentSequence", "FrameAcquisitionNumber")
        if multi
        else (whole_number(header, "AcquisitionNumber"))
    )
    return Frame(
        path,
        index,
        position,
        orientation,
        spacing,
        slope=float(a),
        intercept=float(b),
        rescale_type=unit,
        acquisition="" if acquisition is None else str(acquisition),
        instance=None if multi else whole_number(header, "InstanceNumber"),
    )


def whole_number(header: Dataset, name: str) -> int | None:
    """Return a number, None when there is none or it makes no sense."""
    try:
        return int(header.get(name))
    except (TypeError, ValueError, OverflowError):
        return None


def _numbers(path: Path, value: Any, count: int, what: str) -> FloatArray:
    if value is None or value == "" or (hasattr(value, "__len__") and len(value) == 0):
        raise InputError(f"no {what} in the header", path)
    try:
        numbers = np.array([float(v) for v in value])
    except (TypeError, ValueError):
        numbers = np.array([])
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise InputError(f"expected {count} finite numbers as {what}", path)
    return numbers


def _check_orthonormal(path: Path, orientation: FloatArray) -> None:
    axes = orientation.reshape(2, 3)
    if np.abs(axes @ axes.T - np.eye(2)).max() > ORTHONORMAL_TOLERANCE:
        raise InputError("row and column directions are not unit vectors at right angles", path)
