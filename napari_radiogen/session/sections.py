"""Flat sections through a scan along the patient's axes, as radiologists see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_radiogen.constants import HU_AIR
from napari_radiogen.domain import Point, VolumeGeometry

Plane = Literal["axial", "coronal", "sagittal"]

#: LPS axis (0 x, 1 y, 2 z) and its sign along a section's columns and rows.
AXES: dict[Plane, tuple[tuple[int, int], tuple[int, int]]] = {
    "axial": ((0, 1), (1, 1)),
    "coronal": ((0, 1), (2, -1)),
    "sagittal": ((1, 1), (2, -1)),
}
#: Letters at the left, right, top and bottom of a section.
LETTERS: dict[Plane, tuple[str, str, str, str]] = {
    "axial": ("R", "L", "A", "P"),
    "coronal": ("R", "L", "S", "I"),
    "sagittal": ("A", "P", "S", "I"),
}


@dataclass(frozen=True, eq=False)
class Section:
    """A grid of LPS points.

    Parameters
    ----------
    plane
        Which way it lies.
    points_mm
        (H, W, 3) LPS.
    extent_mm
        (left, right, bottom, top) edges relative to the centre, mm.
    """

    plane: Plane
    points_mm: npt.NDArray[np.float64]
    extent_mm: tuple[float, float, float, float]

    def sample(
        self,
        voxels: npt.NDArray[Any],
        geometry: VolumeGeometry,
        order: int = 1,
        outside: float = HU_AIR,
    ) -> npt.NDArray[np.float32]:
        """Return values (H, W) of a volume (Z, Y, X); ``outside`` it HU of air."""
        index = np.moveaxis(geometry.lps_to_index(self.points_mm), -1, 0)
        values = ndimage.map_coordinates(
            voxels, index, order=order, output=np.float32, cval=outside, prefilter=False
        )
        return np.asarray(values, dtype=np.float32)


def section_around(centre_mm: Point, plane: Plane, half_mm: float, pixel_mm: float) -> Section:
    """Return a square section of a half width in mm around an LPS point."""
    reach = (-half_mm, half_mm)
    return _section(centre_mm, plane, reach, reach, pixel_mm)


def section_through(
    geometry: VolumeGeometry, centre_mm: Point, plane: Plane, pixel_mm: float
) -> Section:
    """Return a section of the whole volume through an LPS point."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in geometry.shape])).reshape(3, -1).T
    offsets = geometry.index_to_lps(corners) - np.array(centre_mm)
    (across, across_sign), (down, down_sign) = AXES[plane]
    columns, rows = offsets[:, across] * across_sign, offsets[:, down] * down_sign
    return _section(
        centre_mm,
        plane,
        (float(columns.min()), float(columns.max())),
        (float(rows.min()), float(rows.max())),
        pixel_mm,
    )


def _section(
    centre_mm: Point,
    plane: Plane,
    columns: tuple[float, float],
    rows: tuple[float, float],
    pixel_mm: float,
) -> Section:
    (across, across_sign), (down, down_sign) = AXES[plane]
    x = np.arange(columns[0] + pixel_mm / 2, columns[1], pixel_mm)
    y = np.arange(rows[0] + pixel_mm / 2, rows[1], pixel_mm)
    points = np.tile(np.array(centre_mm, dtype=float), (len(y), len(x), 1))
    points[..., across] += across_sign * x[None, :]
    points[..., down] += down_sign * y[:, None]
    width, height = len(x) * pixel_mm, len(y) * pixel_mm
    return Section(plane, points, (columns[0], columns[0] + width, rows[0] + height, rows[0]))
