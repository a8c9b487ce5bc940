"""Nodules found in a scan and places where one can be put."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Nodule:
    """One lesion and its measurements.

    Parameters
    ----------
    label
        Its value in the label volume.
    centroid_lps_mm
        (x, y, z) in mm.
    volume_mm3, long_axis_mm, mean_hu
        Volume, longest axial diameter, and mean HU inside the mask.
    short_axis_mm
        Width across the long axis, on the same slice.
    solid_fraction
        Share (0 to 1) of voxels that are denser than ground glass.
    surface_mm2, sphericity
        Of the mesh around the mask; sphericity is 1 for a ball.
    spiculation
        Of the axial slice with the most nodule; unitless, 0 for a smooth ball.
    confidence
        Mean probability inside the mask, or None for a drawn mask.
    bounding_box
        ((z, y, x) start, (z, y, x) stop) in voxels, stop excluded.
    """

    label: int
    centroid_lps_mm: Point
    volume_mm3: float
    long_axis_mm: float
    mean_hu: float
    confidence: float | None = None
    bounding_box: tuple[tuple[int, int, int], tuple[int, int, int]] | None = None
    short_axis_mm: float | None = None
    solid_fraction: float | None = None
    surface_mm2: float | None = None
    sphericity: float | None = None
    spiculation: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values, points as lists."""
        values = asdict(self)
        values["centroid_lps_mm"] = [float(c) for c in self.centroid_lps_mm]
        return values


@dataclass(frozen=True)
class NoduleSite:
    """Where a synthetic nodule goes: a scan and an LPS point (x, y, z) in mm."""

    series_uid: str
    centre_lps_mm: Point
