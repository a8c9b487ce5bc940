"""Pure functions that cut planes out of an upright volume and window them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_radiogen.domain import CTVolume, Point
from napari_radiogen.session.placing import Preview

Array = npt.NDArray[Any]
Plane = Literal["coronal", "sagittal"]

#: Letters at the left, right, top and bottom edge, radiological convention.
LETTERS: dict[Plane, tuple[str, str, str, str]] = {
    "coronal": ("R", "L", "S", "I"),
    "sagittal": ("A", "P", "S", "I"),
}
#: Index axis (z, y, x) that the plane cuts, and the one along its columns.
CUT_AXIS: dict[Plane, int] = {"coronal": 1, "sagittal": 2}
COLUMN_AXIS: dict[Plane, int] = {"coronal": 2, "sagittal": 1}


@dataclass(frozen=True, eq=False)
class Insert:
    """A box (Z, Y, X) of HU that replaces part of a volume, and its mask."""

    start_zyx: tuple[int, int, int]
    voxels: Array
    mask: Array


@dataclass(frozen=True)
class Box:
    """A box along the patient's axes: LPS centre and half its sides (x, y, z), mm."""

    centre_mm: Point
    half_mm: Point


def cut(volume: Array, plane: Plane, index: int) -> Array:
    """Return a plane (H, W) with superior on top; ``index`` is clipped."""
    axis = CUT_AXIS[plane]
    inside = int(np.clip(index, 0, volume.shape[axis] - 1))
    plane_array: Array = np.take(volume, inside, axis=axis)[::-1]
    return plane_array


def cut_with_inserts(
    volume: Array, inserts: Sequence[Insert], plane: Plane, index: int
) -> tuple[Array, Array | None]:
    """Return a plane of HU with inserts in place, later ones on top, and their masks together.

    The mask is None where the plane meets no insert.
    """
    image, masks = cut(volume, plane, index), None
    axis = CUT_AXIS[plane]
    for insert in inserts:
        depth = index - insert.start_zyx[axis]
        if not 0 <= depth < insert.voxels.shape[axis]:
            continue
        if masks is None:
            image, masks = image.copy(), np.zeros(image.shape, bool)
        part, part_mask = cut(insert.voxels, plane, depth), cut(insert.mask, plane, depth)
        top = image.shape[0] - insert.start_zyx[0] - part.shape[0]
        rows = _overlap(top, part.shape[0], image.shape[0])
        columns = _overlap(insert.start_zyx[COLUMN_AXIS[plane]], part.shape[1], image.shape[1])
        to, of = (rows[0], columns[0]), (rows[1], columns[1])
        image[to] = part[of]
        masks[to] |= part_mask[of] > 0
    return image, masks


def _overlap(start: int, size: int, limit: int) -> tuple[slice, slice]:
    """Return where a run that may overhang lies in 0..limit, and which part of it."""
    low = min(max(start, 0), limit)
    high = max(min(start + size, limit), low)
    return slice(low, high), slice(low - start, high - start)


def outline(mask: Array) -> Array:
    """Return the inner edge of a mask (H, W)."""
    inside = mask > 0
    return np.asarray(inside & ~ndimage.binary_erosion(inside))


def window_bytes(hu: Array, limits: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """Map HU to grey 0 to 255 between two limits, clipped."""
    low, high = limits
    grey = (hu.astype(np.float32) - low) * (255.0 / (high - low))
    return np.ascontiguousarray(np.clip(grey, 0, 255).astype(np.uint8))


def plane_to_point(ct: CTVolume, plane: Plane, row: float, column: float, index: int) -> Point:
    """Return the LPS point (mm) of a pixel (row from the top, column) of a plane."""
    z = ct.geometry.shape[0] - 1 - row
    zyx = (z, index, column) if plane == "coronal" else (z, column, index)
    x, y, z_mm = ct.geometry.index_to_lps(zyx)
    return float(x), float(y), float(z_mm)


def point_to_plane(ct: CTVolume, plane: Plane, point_mm: Point) -> tuple[float, float, int]:
    """Return row, column and slice index of an LPS point in a plane."""
    index = ct.geometry.lps_to_index(point_mm)
    row = ct.geometry.shape[0] - 1 - index[0]
    return float(row), float(index[COLUMN_AXIS[plane]]), round(float(index[CUT_AXIS[plane]]))


def box_on_plane(
    ct: CTVolume, plane: Plane, cut_mm: Point, centre_mm: Point, half_mm: Point
) -> tuple[float, float, float, float] | None:
    """Return top, left, bottom, right of a box on a plane, in pixels from its corner.

    None when the plane through ``cut_mm`` misses the box. All in LPS mm.
    """
    across = 1 if plane == "coronal" else 0
    if abs(cut_mm[across] - centre_mm[across]) > half_mm[across]:
        return None
    middle, half = np.array(centre_mm), np.array(half_mm)
    corners = [point_to_plane(ct, plane, tuple(middle + s * half)) for s in (-1, 1)]
    rows, columns = sorted(c[0] for c in corners), sorted(c[1] for c in corners)
    return rows[0] + 0.5, columns[0] + 0.5, rows[1] + 0.5, columns[1] + 0.5


def axial_edges(box: Box | Preview) -> npt.NDArray[np.float64]:
    """Return the four sides (4, 2, 2) of a box in (y, x) mm: start and way of each."""
    x, y, _ = box.centre_mm
    half_x, half_y, _ = box.half_mm
    low, high = np.array([y - half_y, x - half_x]), np.array([y + half_y, x + half_x])
    down, across = np.array([2 * half_y, 0.0]), np.array([0.0, 2 * half_x])
    return np.array([[low, down], [low, across], [high, -down], [high, -across]])


def hu_at(ct: CTVolume, point_mm: Point) -> float | None:
    """Return the HU of the voxel at an LPS point, or None outside the CT."""
    if not ct.geometry.contains(point_mm):
        return None
    z, y, x = np.round(ct.geometry.lps_to_index(point_mm)).astype(int)
    return float(ct.voxels[z, y, x])
