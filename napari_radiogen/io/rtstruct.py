"""DICOM RTSTRUCT: outlines of structures, filled on the grid of their CT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from napari_radiogen.domain import CTVolume, VolumeGeometry
from napari_radiogen.errors import InputError
from napari_radiogen.io.contours import cross, fill_even_odd
from napari_radiogen.io.mask_dicom import opened
from napari_radiogen.io.mask_model import (
    MaskReading,
    Origin,
    Segment,
    check_same_frame,
    pack_layers,
    plain_name,
)

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
#: Points of an outline lie in one slice within this, slices.
IN_SLICE = 0.1
#: Outlines whose crossing is looked for on one slice at most; more is a fringe of islands.
MAX_COMPARED = 40


@dataclass(frozen=True, eq=False)
class Structure:
    """One region of interest: its outlines, each (N, 3) LPS mm, on any slices."""

    number: int
    name: str
    frame_of_reference_uid: str | None
    outlines_mm: tuple[FloatArray, ...]
    left_out: int = 0

    @property
    def called(self) -> str:
        """What messages call it: its name is header text and may say anything."""
        return f"structure {self.number}"


@dataclass(frozen=True, eq=False)
class StructureSet:
    """The structures of a file, numbered from 1 in its order, and the series they were drawn on."""

    structures: tuple[Structure, ...]
    series_uids: frozenset[str]


def read_structures(path: Path) -> StructureSet:
    """Read the outlines of an RTSTRUCT without placing them.

    Raises
    ------
    InputError
        When it is damaged or an outline is not a list of finite points.
    """
    with opened(path, "RTSTRUCT") as header:
        return StructureSet(tuple(_structures(header, path)), _drawn_on(header))


def read_rtstruct(path: Path, on: CTVolume) -> MaskReading:
    """Fill the outlines of an RTSTRUCT on the grid of a CT.

    Outlines of one structure on one slice combine by the even-odd rule, so
    that an outline within another is a hole.

    Raises
    ------
    InputError
        When it belongs to another scan, or outlines cut across slices.
    """
    found = read_structures(path)
    usable = [s for s in found.structures if s.outlines_mm]
    notes = [
        f"{s.called}: no closed outline, left out" for s in found.structures if s not in usable
    ]
    notes += [
        f"{s.called}: {s.left_out} open outline(s) or points left out" for s in usable if s.left_out
    ]
    if not usable:
        raise InputError("holds no closed outline", path)
    same_frame, usable, more = _of_this_frame(found, usable, on, path)
    notes += more
    segments = [_filled(structure, on.geometry, notes, path) for structure in usable]
    if not any(s.inside.any() for s in segments):
        raise InputError("lies wholly outside the CT: it belongs to another scan", path)
    layers = pack_layers(segments, on.geometry)
    return MaskReading("rtstruct", layers, tuple(dict.fromkeys(notes)), same_frame)


def _of_this_frame(
    found: StructureSet, usable: list[Structure], on: CTVolume, path: Path
) -> tuple[bool | None, list[Structure], list[str]]:
    """Keep the structures that share the CT's frame of reference; refuse when none does."""
    kept: list[Structure] = []
    notes: list[str] = []
    states: list[bool | None] = []
    refusal: InputError | None = None
    for structure in usable:
        origin = Origin(structure.frame_of_reference_uid, found.series_uids)
        try:
            state, more = check_same_frame(origin, on, path)
        except InputError as error:
            refusal = error
            notes.append(f"{structure.called}: in another frame of reference, left out")
            continue
        kept.append(structure)
        states.append(state)
        notes += more
    if not kept and refusal is not None:
        raise refusal
    return (None if None in states else True), kept, notes


def _filled(structure: Structure, grid: VolumeGeometry, notes: list[str], path: Path) -> Segment:
    inside = np.zeros(grid.shape, bool)
    planes = _planes(structure, grid, path)
    used: dict[int, float] = {}
    skipped = 0
    for z in sorted(planes, key=lambda at: abs(at - round(at))):
        if not 0 <= round(z) < grid.shape[0]:
            skipped += 1
        elif round(z) not in used:
            used[round(z)] = z
            inside[round(z)] = _plane(structure.called, planes[z], grid, notes)
    if skipped:
        notes.append(
            f"{structure.called}: {skipped} outlined plane(s) lie outside the CT, left out"
        )
    if any(abs(z - k) > IN_SLICE for k, z in used.items()):
        notes.append(f"{structure.called}: outlines lie between slices, moved to the nearest one")
    crowded = len(planes) - skipped - len(used)
    if crowded:
        notes.append(
            f"{structure.called}: {crowded} outlined plane(s) share a slice with a nearer one, "
            "left out"
        )
    gaps = np.diff(sorted(used))
    if len(gaps) and gaps.max() > 1:
        notes.append(f"{structure.called}: slices between outlines stay empty")
    return Segment(structure.number, structure.name, inside)


def _planes(
    structure: Structure, grid: VolumeGeometry, path: Path
) -> dict[float, list[FloatArray]]:
    """Group outlines, as (N, 2) pixels (y, x), by the fractional slice they lie in."""
    planes: dict[float, list[FloatArray]] = {}
    for outline in structure.outlines_mm:
        index = grid.lps_to_index(outline)
        if np.ptp(index[:, 0]) > 2 * IN_SLICE:
            raise InputError(
                f"{structure.called}: an outline cuts across slices of the CT; it was drawn on "
                "another orientation",
                path,
            )
        z = float(np.median(index[:, 0]))
        key = next((k for k in planes if abs(k - z) <= IN_SLICE), z)
        planes.setdefault(key, []).append(index[:, 1:])
    return planes


def _plane(
    name: str, outlines: list[FloatArray], grid: VolumeGeometry, notes: list[str]
) -> BoolArray:
    shape = grid.shape[1:]
    single: list[FloatArray] = []
    for outline in outlines:
        if any(o.shape == outline.shape and np.allclose(o, outline, atol=1e-3) for o in single):
            notes.append(f"{name}: an outline is there twice, taken once")
        else:
            single.append(outline)
    points = np.concatenate(single)
    if points.min() < -1 or (points > np.array(shape)).any():
        notes.append(f"{name}: outlines reach beyond the CT and are cut off")
    if 1 < len(single) <= MAX_COMPARED:
        filled = [fill_even_odd([outline], shape) for outline in single]
        if any(cross(a, b) for a, b in combinations(filled, 2)):
            notes.append(f"{name}: outlines cross on a slice; where they overlap is outside")
    return fill_even_odd(single, shape)


def _structures(header: Dataset, path: Path) -> Iterator[Structure]:
    default = next(
        (
            str(item.FrameOfReferenceUID)
            for item in header.get("ReferencedFrameOfReferenceSequence") or []
            if item.get("FrameOfReferenceUID")
        ),
        header.get("FrameOfReferenceUID"),
    )
    outlines = {
        int(item.get("ReferencedROINumber", -1)): item
        for item in header.get("ROIContourSequence") or []
    }
    for place, roi in enumerate(header.get("StructureSetROISequence") or [], start=1):
        contours = outlines.get(int(roi.get("ROINumber", -1)), Dataset())
        items = list(contours.get("ContourSequence") or [])
        closed = [i for i in items if _is_closed(i)]
        uid = roi.get("ReferencedFrameOfReferenceUID") or default
        yield Structure(
            number=place,
            name=plain_name(roi.get("ROIName")) or f"Structure {place}",
            frame_of_reference_uid=str(uid) if uid else None,
            outlines_mm=tuple(_points(item, path) for item in closed),
            left_out=len(items) - len(closed),
        )


def _is_closed(item: Dataset) -> bool:
    kind = str(item.get("ContourGeometricType", ""))
    return kind in CLOSED and len(item.get("ContourData") or []) >= 9


def _points(item: Dataset, path: Path) -> FloatArray:
    numbers = np.array([float(v) for v in item.ContourData])
    if len(numbers) % 3 or not np.isfinite(numbers).all():
        raise InputError("an outline is not a list of points (x, y, z)", path)
    stated = item.get("NumberOfContourPoints")
    if stated not in (None, "") and int(stated) != len(numbers) // 3:
        raise InputError(
            f"an outline holds {len(numbers) // 3} points but says {int(stated)}", path
        )
    return numbers.reshape(-1, 3)


def _drawn_on(header: Dataset) -> frozenset[str]:
    return frozenset(
        str(series.SeriesInstanceUID)
        for frame in header.get("ReferencedFrameOfReferenceSequence") or []
        for study in frame.get("RTReferencedStudySequence") or []
        for series in study.get("RTReferencedSeriesSequence") or []
        if series.get("SeriesInstanceUID")
    )
