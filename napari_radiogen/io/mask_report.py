"""What a mask file is, and whether it belongs to a CT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_radiogen.domain import CTVolume, LabelVolume
from napari_radiogen.errors import InputError
from napari_radiogen.io.lidc_xml import read_lidc_file
from napari_radiogen.io.mask_model import MaskKind, MaskReading
from napari_radiogen.io.masks import mask_kind, read_mask, sole_file
from napari_radiogen.io.rtstruct import read_structures


@dataclass(frozen=True)
class SegmentReport:
    """One structure: its voxels where it has a grid, else its outlines."""

    number: int
    name: str
    voxels: int | None = None
    volume_mm3: float | None = None
    outlines: int | None = None


@dataclass(frozen=True)
class MaskInspection:
    """What a mask is.

    Parameters
    ----------
    kind
        Format.
    segments
        In the order of their numbers.
    shape, spacing_mm, origin_mm, direction
        Of its grid, None where it has none.
    layers
        Label volumes that the segments need: more than one where they overlap.
    belongs
        Whether it belongs to the CT asked about: None when no CT was given or
        the frame of reference cannot be known.
    warnings, problems
        One line each; a mask with problems cannot be used.
    """

    kind: str
    segments: tuple[SegmentReport, ...] = ()
    shape: list[int] | None = None
    spacing_mm: list[float] | None = None
    origin_mm: list[float] | None = None
    direction: list[float] | None = None
    layers: int | None = None
    belongs: bool | None = None
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the form that ``radiogen inspect --json`` prints."""
        return {
            **vars(self),
            "segments": [vars(segment) for segment in self.segments],
            "warnings": list(self.warnings),
            "problems": list(self.problems),
        }


def inspect_mask(path: Path, on: CTVolume | None = None) -> MaskInspection:
    """Tell what a mask is; with a CT also whether it belongs to it.

    Faults of the mask become problems of the report.

    Raises
    ------
    InputError
        When the path holds no mask at all.
    """
    path = Path(path)
    kind = mask_kind(path)
    if kind is None and on is None:
        raise InputError("not a DICOM SEG, RTSTRUCT, LIDC XML or label image", path)
    try:
        if on is None and kind == "rtstruct":
            return _outlines_of_structures(sole_file(path))
        if on is None and kind == "lidc-readings":
            return _outlines_of_readers(sole_file(path))
        return _described(read_mask(path, on))
    except InputError as error:
        belongs = False if on is not None and _can_be_read(path, kind) else None
        return MaskInspection(kind or "unknown", belongs=belongs, problems=(str(error),))


def _can_be_read(path: Path, kind: MaskKind | None) -> bool:
    """Whether the mask is sound by itself, so that a refusal is about the CT."""
    try:
        if kind == "rtstruct":
            read_structures(sole_file(path))
        elif kind == "lidc-readings":
            read_lidc_file(sole_file(path))
        else:
            read_mask(path)
    except InputError:
        return False
    return True


def _described(found: MaskReading) -> MaskInspection:
    geometry = found.layers[0].geometry
    return MaskInspection(
        kind=found.kind,
        segments=tuple(
            sorted((s for layer in found.layers for s in _segments(layer)), key=lambda s: s.number)
        ),
        layers=len(found.layers),
        belongs=found.same_frame,
        warnings=found.warnings,
        **geometry.to_json(),
    )


def _segments(layer: LabelVolume) -> list[SegmentReport]:
    counts = np.bincount(layer.labels.ravel())
    known = {**{int(k): f"Label {k}" for k in np.flatnonzero(counts) if k}, **layer.names}
    return [
        SegmentReport(
            number,
            name,
            voxels=(voxels := int(counts[number]) if number < len(counts) else 0),
            volume_mm3=round(voxels * layer.geometry.voxel_volume_mm3, 3),
        )
        for number, name in known.items()
    ]


def _outlines_of_structures(path: Path) -> MaskInspection:
    found = read_structures(path).structures
    empty = tuple(f"structure {s.number} has no closed outline" for s in found if not s.outlines_mm)
    return MaskInspection(
        "rtstruct",
        tuple(SegmentReport(s.number, s.name, outlines=len(s.outlines_mm)) for s in found),
        warnings=empty,
        problems=() if len(empty) < len(found) else (f"{path}: holds no closed outline",),
    )


def _outlines_of_readers(path: Path) -> MaskInspection:
    readers = read_lidc_file(path).readers
    return MaskInspection(
        "lidc-readings",
        tuple(
            SegmentReport(place, f"Reader {place}", outlines=sum(map(len, nodules)))
            for place, nodules in enumerate(readers, start=1)
        ),
        problems=() if any(readers) else (f"{path}: holds no outline of a nodule",),
    )
