"""Frames of a DICOM SEG to label volumes, on a grid of their own or on a CT's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import GeometryError, InputError
from napari_radiogen.io.mask_model import (
    MaskReading,
    Segment,
    check_same_frame,
    pack_layers,
)
from napari_radiogen.io.mask_placing import (
    NotAlignedError,
    Plane,
    check_lies_on,
    place_labels,
    place_planes,
)
from napari_radiogen.io.seg_read import SegFile, SegFrame, read_seg_file

FloatArray = npt.NDArray[np.float64]

#: Frames nearer than this along the normal lie at the same place, mm.
SAME_PLACE_MM = 0.01
#: Frames may stray from even steps by this share of the step.
STRAY_REFUSED = 0.10
#: Frames further apart than this many slices of the CT leave slices empty.
SPARSE_STEPS = 1.5
MAX_VOXELS = 2**30


def read_seg(path: Path, on: CTVolume | None = None) -> MaskReading:
    """Read a DICOM SEG, on the grid of a CT when one is given, else on its own.

    Raises
    ------
    InputError
        When it is damaged, placed nowhere, or belongs to another scan.
    """
    seg = read_seg_file(path)
    warnings = [*seg.warnings, *_same_twice(seg, path)]
    if on is None:
        grid, notes = own_grid(seg, path)
        layers = pack_layers(_on_own_grid(seg, grid), grid)
        layers = (_with_padding(layers[0], seg, notes), *layers[1:])
        same_frame = None
    else:
        same_frame, notes = check_same_frame(seg.origin, on, path)
        layers, placing = _on_ct(seg, on.geometry, path)
        notes += placing
    return MaskReading("dicom-seg", layers, (*warnings, *notes), same_frame)


def own_grid(seg: SegFile, path: Path) -> tuple[VolumeGeometry, list[str]]:
    """Return the smallest even grid that holds every frame, with warnings.

    Raises
    ------
    InputError
        When the frames do not lie on even steps, or one alone has no step.
    """
    normal = np.cross(seg.orientation[:3], seg.orientation[3:])
    positions = np.array(seg.positions_mm)
    along = positions @ normal
    first, last = positions[np.argmin(along)], positions[np.argmax(along)]
    usual, warnings = _usual_step(seg, np.unique(along), path)
    steps = round(float(np.ptp(along)) / usual)
    step = (last - first) / steps if steps else usual * normal
    length = float(np.linalg.norm(step))
    place = np.rint((along - along.min()) / (float(step @ normal) or 1.0))
    stray = np.linalg.norm(first + place[:, None] * step - positions, axis=1).max()
    if stray > STRAY_REFUSED * length:
        raise InputError(
            f"frames lie up to {stray:.2f} mm off even steps of {length:.2f} mm; give the CT "
            "whose slices they lie on",
            path,
        )
    if (steps + 1) * seg.rows * seg.columns > MAX_VOXELS:
        raise InputError("spans more voxels than this program accepts", path)
    columns = np.column_stack([seg.orientation[:3], seg.orientation[3:], step / length])
    try:
        return VolumeGeometry(
            (steps + 1, seg.rows, seg.columns),
            (length, float(seg.spacing_mm[0]), float(seg.spacing_mm[1])),
            (float(first[0]), float(first[1]), float(first[2])),
            tuple(columns.ravel()),
            seg.origin.frame_of_reference_uid,
        ), warnings
    except GeometryError as error:
        raise InputError(error.reason, path) from error


def _usual_step(seg: SegFile, along: FloatArray, path: Path) -> tuple[float, list[str]]:
    """Return mm from slice to slice: as stated if the frames fit it, else the least found."""
    gaps = np.diff(along)
    gaps = gaps[gaps > SAME_PLACE_MM]
    if not len(gaps):
        if seg.step_mm:
            return seg.step_mm, []
        if seg.thickness_mm:
            return seg.thickness_mm, ["one slice without a step: its thickness is taken for it"]
        raise InputError("one slice that says no step to the next; give the CT", path)
    if seg.step_mm:
        parts = gaps / seg.step_mm
        if np.abs(parts - np.rint(parts)).max() <= STRAY_REFUSED and np.rint(parts).min() >= 1:
            return seg.step_mm, []
    return float(gaps.min()), []


def _by_segment(seg: SegFile) -> Iterator[tuple[int, list[SegFrame]]]:
    """Yield every segment described, by number, with its frames, which may be none."""
    frames: dict[int, list[SegFrame]] = defaultdict(list)
    for frame in seg.frames:
        frames[frame.segment].append(frame)
    for number in sorted(seg.names):
        yield number, frames[number]


def _on_own_grid(seg: SegFile, grid: VolumeGeometry) -> Iterator[Segment]:
    for number, frames in _by_segment(seg):
        inside = np.zeros(grid.shape, bool)
        for frame in frames:
            inside[round(float(grid.lps_to_index(frame.position_mm)[0]))] |= frame.inside
        yield Segment(number, seg.names[number], inside)


def _on_ct(
    seg: SegFile, grid: VolumeGeometry, path: Path
) -> tuple[tuple[LabelVolume, ...], list[str]]:
    down, right = seg.orientation[3:], seg.orientation[:3]
    voxels = outside = 0
    segments: list[Segment] = []
    try:
        for number, frames in _by_segment(seg):
            planes = [
                Plane(f.inside, f.position_mm, down * seg.spacing_mm[0], right * seg.spacing_mm[1])
                for f in frames
            ]
            inside, off = place_planes(planes, grid, np.bool_)
            segments.append(Segment(number, seg.names[number], inside))
            voxels += sum(int(np.count_nonzero(f.inside)) for f in frames)
            outside += off
    except NotAlignedError:
        return _resampled(seg, grid, path)
    notes = check_lies_on(voxels, outside, path)
    return pack_layers(segments, grid), [*notes, *_sparse(seg, grid)]


def _resampled(
    seg: SegFile, grid: VolumeGeometry, path: Path
) -> tuple[tuple[LabelVolume, ...], list[str]]:
    own, notes = own_grid(seg, path)
    placed = []
    for layer in pack_layers(_on_own_grid(seg, own), own):
        on_ct, more = place_labels(layer, grid, path)
        placed.append(on_ct)
        notes += more
    return tuple(placed), list(dict.fromkeys(notes))


def _sparse(seg: SegFile, grid: VolumeGeometry) -> list[str]:
    """Warn where every frame leaves slices of the CT out: drawn on thicker slices?"""
    normal = np.cross(seg.orientation[:3], seg.orientation[3:])
    gaps = np.diff(np.unique(np.round(np.array(seg.positions_mm) @ normal, 2)))
    if len(gaps) and gaps.min() > SPARSE_STEPS * grid.spacing_mm[0]:
        return [
            f"frames lie {gaps.min():.2f} mm apart, slices {grid.spacing_mm[0]:.2f} mm: the "
            "slices between stay empty"
        ]
    return []


def _same_twice(seg: SegFile, path: Path) -> list[str]:
    """Refuse two different frames of one segment at one place; warn of equal ones."""
    seen: dict[tuple[object, ...], SegFrame] = {}
    twice = 0
    for frame in seg.frames:
        key = (frame.segment, *np.round(frame.position_mm, 2).tolist())
        other = seen.setdefault(key, frame)
        if other is frame:
            continue
        if not np.array_equal(other.inside, frame.inside):
            raise InputError(
                f"two different frames of segment {frame.segment} at the same place", path
            )
        twice += 1
    return [f"{twice} frame(s) are there twice"] if twice else []


def _with_padding(layer: LabelVolume, seg: SegFile, notes: list[str]) -> LabelVolume:
    """Give slices without a frame the padding value that the label map states."""
    if seg.padding is None:
        return layer
    place = {round(float(layer.geometry.lps_to_index(p)[0])) for p in seg.positions_mm}
    absent = [z for z in range(layer.geometry.shape[0]) if z not in place]
    if not absent:
        return layer
    holding = np.promote_types(layer.labels.dtype, np.min_scalar_type(seg.padding))
    labels = layer.labels.astype(holding)
    labels[absent] = seg.padding
    notes.append(
        f"{len(absent)} slice(s) without a frame hold the padding value {seg.padding}, which is "
        "no segment"
    )
    return LabelVolume(labels, layer.geometry, layer.names)
