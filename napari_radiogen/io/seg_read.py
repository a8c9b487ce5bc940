"""DICOM SEG to frames: what each segment covers and where each frame lies.

Read by pydicom frame by frame: highdicom refuses objects of NSCLC
Radiogenomics (an instance referenced twice, the segment number in the shared
groups), and those are the ones that this program is for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset

from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_headers import plain_text
from napari_radiogen.io.dicom_streams import check_streams
from napari_radiogen.io.mask_dicom import opened
from napari_radiogen.io.mask_model import MAX_LABEL, Origin, plain_name

FloatArray = npt.NDArray[np.float64]

#: Share of the largest fractional value from which a voxel belongs to a segment.
FRACTION_TAKEN = 0.5
#: Voxels of all frames together: 1 GiB unpacked.
MAX_FRAME_VOXELS = 2**30
ORTHONORMAL_TOLERANCE = 1e-3
#: Places and steps, mm: beyond it indices would overflow.
NUMBER_MAX = 1e9


@dataclass(frozen=True, eq=False)
class SegFrame:
    """One frame of one segment: (Y, X) bool at the LPS position of its first pixel, mm."""

    segment: int
    position_mm: FloatArray
    inside: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SegFile:
    """The frames of a SEG and what they share.

    Parameters
    ----------
    rows, columns
        Pixels along y and x.
    orientation
        (6,) row then column direction.
    spacing_mm
        (2,) between rows (y), between columns (x).
    step_mm, thickness_mm
        Spacing between slices and slice thickness, where stated.
    names
        Segment labels by number.
    padding
        Value that a label map gives where it has no frame, where it says so.
    """

    frames: tuple[SegFrame, ...]
    rows: int
    columns: int
    orientation: FloatArray
    spacing_mm: FloatArray
    step_mm: float | None
    thickness_mm: float | None
    names: dict[int, str]
    origin: Origin
    padding: int | None = None
    positions_mm: tuple[FloatArray, ...] = ()
    warnings: list[str] = field(default_factory=list)


def read_seg_file(path: Path) -> SegFile:
    """Read a DICOM SEG: binary, fractional or label map.

    Raises
    ------
    InputError
        When it is damaged, or does not say what its frames show or where.
    """
    with opened(path, "DICOM SEG") as header:
        return _parse(header, path)


def referenced_series(header: Dataset) -> frozenset[str]:
    """Return the UIDs of the series that a SEG says it was made on."""
    items = header.get("ReferencedSeriesSequence") or []
    return frozenset(str(i.SeriesInstanceUID) for i in items if i.get("SeriesInstanceUID"))


def _parse(header: Dataset, path: Path) -> SegFile:
    shared = (header.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    groups = list(header.get("PerFrameFunctionalGroupsSequence") or [])
    count = int(header.get("NumberOfFrames") or 0)
    if not count or len(groups) != count:
        raise InputError(f"{count} frames but {len(groups)} descriptions of frames", path)
    rows, columns = int(header.Rows), int(header.Columns)
    if rows * columns * count > MAX_FRAME_VOXELS:
        raise InputError("holds more voxels than this program accepts", path)
    orientation, spacing = _common_plane(groups, shared, path)
    measures = _group(groups[0], shared, "PixelMeasuresSequence") or Dataset()
    positions = tuple(_position(g, shared, path) for g in groups)
    names = _names(header, path)
    notes = _duplicate_references(header)
    syntax = header.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated:
        check_streams(header, syntax)
    planes = np.asarray(header.pixel_array).reshape(count, rows, columns)
    frames = _frames(header, planes, positions, groups, shared, names, notes, path)
    return SegFile(
        frames=tuple(frames),
        rows=rows,
        columns=columns,
        orientation=orientation,
        spacing_mm=spacing,
        step_mm=_positive(measures.get("SpacingBetweenSlices")),
        thickness_mm=_positive(measures.get("SliceThickness")),
        names=names,
        origin=Origin(_text_or_none(header.get("FrameOfReferenceUID")), referenced_series(header)),
        padding=_padding(header),
        positions_mm=positions,
        warnings=notes,
    )


def _frames(
    header: Dataset,
    planes: npt.NDArray[Any],
    positions: tuple[FloatArray, ...],
    groups: list[Dataset],
    shared: Dataset,
    names: dict[int, str],
    notes: list[str],
    path: Path,
) -> list[SegFrame]:
    kind = str(header.get("SegmentationType", ""))
    if kind == "LABELMAP":
        return _label_frames(planes, positions, names, _padding(header), notes)
    if kind == "FRACTIONAL":
        highest = int(header.get("MaximumFractionalValue") or 255)
        meaning = plain_text(header.get("SegmentationFractionalType")).lower() or "fraction"
        notes.append(f"fractional ({meaning}): voxels of at least {FRACTION_TAKEN:.0%} are taken")
        planes = planes >= FRACTION_TAKEN * highest
    elif kind != "BINARY":
        raise InputError("expected a binary, fractional or labelmap segmentation", path)
    elif planes.max(initial=0) > 1:
        raise InputError("a binary segmentation whose voxels are not 0 and 1", path)
    numbers = _segment_numbers(groups, shared, names, notes, path)
    return [
        SegFrame(number, position, plane.astype(bool))
        for number, position, plane in zip(numbers, positions, planes, strict=True)
    ]


def _label_frames(
    planes: npt.NDArray[Any],
    positions: tuple[FloatArray, ...],
    names: dict[int, str],
    padding: int | None,
    notes: list[str],
) -> list[SegFrame]:
    values = [int(v) for v in np.unique(planes) if v > 0 and v != padding]
    for value in values:
        if value not in names:
            names[value] = f"Segment {value}"
            notes.append(f"label {value} is not among the segments described: kept unnamed")
    return [
        SegFrame(value, position, plane == value)
        for position, plane in zip(positions, planes, strict=True)
        for value in values
        if (plane == value).any()
    ]


def _padding(header: Dataset) -> int | None:
    value = header.get("PixelPaddingValue")
    return int(value) if value and header.get("SegmentationType") == "LABELMAP" else None


def _segment_numbers(
    groups: list[Dataset], shared: Dataset, names: dict[int, str], notes: list[str], path: Path
) -> list[int]:
    common = _number_in(shared)
    found = [_number_in(group) or common for group in groups]
    if common is not None and len(names) > 1:
        notes.append("the segment number stands once in the shared groups: taken for all frames")
    if None in found and len(names) == 1:
        notes.append("frames name no segment: the only one is taken")
        found = [number or next(iter(names)) for number in found]
    numbers = [number for number in found if number is not None]
    if len(numbers) != len(found):
        raise InputError("frames do not say which segment they show", path)
    for number in sorted(set(numbers) - set(names)):
        if not 0 < number <= MAX_LABEL:
            raise InputError(f"segment number {number} is out of range", path)
        names[number] = f"Segment {number}"
        notes.append(f"segment {number} is not described: kept unnamed")
    return numbers


def _number_in(group: Dataset) -> int | None:
    items = group.get("SegmentIdentificationSequence")
    value = items[0].get("ReferencedSegmentNumber") if items else None
    # Early writers gave the attribute several values, all the same.
    if isinstance(value, pydicom.multival.MultiValue):
        value = value[0] if len(set(value)) == 1 else None
    return None if value is None else int(value)


def _names(header: Dataset, path: Path) -> dict[int, str]:
    names: dict[int, str] = {}
    for item in header.get("SegmentSequence") or []:
        number = int(item.get("SegmentNumber", 0))
        if not 0 <= number <= MAX_LABEL:
            raise InputError(f"segment number {number} is out of range", path)
        if number in names:
            raise InputError(f"segment number {number} is described twice", path)
        if number > 0:
            names[number] = plain_name(item.get("SegmentLabel")) or f"Segment {number}"
    return names


def _common_plane(groups: list[Dataset], shared: Dataset, path: Path) -> tuple[FloatArray, ...]:
    """Return orientation (6,) and spacing (2,), the same for every frame."""
    found: list[FloatArray] = []
    for sequence, name, count in (
        ("PlaneOrientationSequence", "ImageOrientationPatient", 6),
        ("PixelMeasuresSequence", "PixelSpacing", 2),
    ):
        values = np.array([_numbers(g, shared, sequence, name, count, path) for g in groups])
        if np.abs(values - values[0]).max() > ORTHONORMAL_TOLERANCE:
            raise InputError(f"frames differ in {name}", path)
        found.append(values[0])
    axes = found[0].reshape(2, 3)
    if np.abs(axes @ axes.T - np.eye(2)).max() > ORTHONORMAL_TOLERANCE:
        raise InputError("row and column directions are not unit vectors at right angles", path)
    if found[1].min() <= 0:
        raise InputError("pixel spacing must be positive", path)
    return tuple(found)


def _position(group: Dataset, shared: Dataset, path: Path) -> FloatArray:
    return _numbers(group, shared, "PlanePositionSequence", "ImagePositionPatient", 3, path)


def _group(group: Dataset, shared: Dataset, sequence: str) -> Dataset | None:
    items = group.get(sequence) or shared.get(sequence)
    return items[0] if items else None


def _numbers(
    group: Dataset, shared: Dataset, sequence: str, name: str, count: int, path: Path
) -> FloatArray:
    item = _group(group, shared, sequence)
    value = None if item is None else item.get(name)
    numbers = np.array([float(v) for v in value or []])
    if len(numbers) != count or not (np.abs(numbers) < NUMBER_MAX).all():
        raise InputError(f"expected {count} finite numbers as {name} of every frame", path)
    return numbers


def _duplicate_references(header: Dataset) -> list[str]:
    uids = [
        instance.get("ReferencedSOPInstanceUID")
        for series in header.get("ReferencedSeriesSequence") or []
        for instance in series.get("ReferencedInstanceSequence") or []
    ]
    twice = sum(1 for count in Counter(uids).values() if count > 1)
    return [f"{twice} image(s) are referenced more than once"] if twice else []


def _positive(value: Any) -> float | None:
    number = float(value) if value not in (None, "") else 0.0
    return number if np.isfinite(number) and number > 0 else None


def _text_or_none(value: Any) -> str | None:
    return str(value) if value else None
