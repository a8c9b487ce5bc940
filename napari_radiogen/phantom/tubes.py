"""Tapering tubes drawn segment by segment into small boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from napari_radiogen.phantom.canvas import Canvas
from napari_radiogen.phantom.fields import Array

Points = npt.NDArray[np.float64]

#: Longest piece of a tube, mm: keeps boxes small.
PIECE_MM = 5.0
#: Voxels evaluated at once.
CHUNK_VOXELS = 1_000_000
#: Box sides are rounded up to this many voxels, so that many boxes are alike.
BOX_STEP = 3


@dataclass(frozen=True)
class Tubes:
    """Cones between points: starts and ends (N, 3) x, y, z, radii (N,) in mm."""

    start: Points
    end: Points
    start_radius: Points
    end_radius: Points

    @classmethod
    def along(cls, points: Any, radii: Any, *, piece_mm: float = PIECE_MM) -> Tubes:
        """Make one smooth tube through points (P, 3) with radii (P,) in mm."""
        knots = np.asarray(points, dtype=float)
        widths = np.broadcast_to(np.asarray(radii, dtype=float), len(knots))
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
        at = np.linspace(0, length[-1], max(2, int(np.ceil(length[-1] / piece_mm)) + 1))
        path = CubicSpline(length, knots)(at) if len(knots) > 2 else _straight(knots, length, at)
        radius = np.interp(at, length, widths)
        return cls(path[:-1], path[1:], radius[:-1], radius[1:])

    @classmethod
    def join(cls, parts: list[Tubes]) -> Tubes:
        """Put several tubes together."""
        return cls(
            np.concatenate([p.start for p in parts]),
            np.concatenate([p.end for p in parts]),
            np.concatenate([p.start_radius for p in parts]),
            np.concatenate([p.end_radius for p in parts]),
        )

    def grown(self, by_mm: float) -> Tubes:
        """Return the same tubes with thicker walls."""
        return Tubes(self.start, self.end, self.start_radius + by_mm, self.end_radius + by_mm)

    def __len__(self) -> int:
        return len(self.start)


def _straight(knots: Points, length: Points, at: Points) -> Points:
    return np.stack([np.interp(at, length, knots[:, i]) for i in range(3)], axis=1)


def tube_distance(
    canvas: Canvas, tubes: Tubes, *, reach_mm: float = 3.0, z_squash: float = 1.0
) -> Array:
    """Return the signed distance (Z, Y, X) to tubes, mm, at most `reach_mm`.

    Parameters
    ----------
    canvas
        Grid to evaluate on.
    tubes
        What to draw.
    reach_mm
        Distance beyond the wall that is still evaluated.
    z_squash
        Below 1, cross-sections are taller than wide by its inverse, as ribs.
    """
    out = np.full(canvas.hu.shape, reach_mm, dtype=np.float32)

    def inside(offset: list[Array], radius: Array) -> Array:
        x, y, z = offset
        return np.asarray(np.sqrt(x * x + y * y + (z * z_squash) ** 2) - radius)

    reach = np.array([reach_mm, reach_mm, reach_mm / z_squash])
    stretch = np.array([1, 1, 1 / z_squash])
    for flat, value in _evaluate(canvas, tubes, reach, stretch, inside):
        np.minimum.at(out.reshape(-1), flat, value)
    return out


def tube_coverage(canvas: Canvas, tubes: Tubes) -> Array:
    """Return the covered fraction (Z, Y, X), right on average below a voxel.

    The soft edge is as wide as the voxel in the direction of the wall, and a
    thin tube is dimmed so that its cross-section keeps its area.
    """
    out = np.zeros(canvas.hu.shape, dtype=np.float32)
    hz, hy, hx = (np.float32(s) for s in canvas.spacing)
    mean_h = float(np.cbrt(hx * hy * hz))
    tiny = np.float32(1e-6)

    def covered(offset: list[Array], radius: Array) -> Array:
        x, y, z = offset
        d2 = x * x + y * y + z * z + tiny
        wide = np.sqrt(((x * hx) ** 2 + (y * hy) ** 2 + (z * hz) ** 2 + tiny * mean_h**2) / d2)
        edge = np.clip(np.float32(0.5) + (radius - np.sqrt(d2)) / wide, 0, 1)
        return np.asarray(edge * _area_factor(radius, mean_h))

    for flat, value in _evaluate(canvas, tubes, canvas.spacing[::-1], np.ones(3), covered):
        np.maximum.at(out.reshape(-1), flat, value)
    return out


def _area_factor(radius: Array, h: float) -> Array:
    thin = 3 * h * radius**2 / (radius + h / 2) ** 3
    thick = radius**2 / (radius**2 + h * h / 12)
    return np.asarray(np.where(radius < h / 2, thin, thick), dtype=np.float32)


def _evaluate(
    canvas: Canvas,
    tubes: Tubes,
    reach: npt.NDArray[Any],
    stretch: npt.NDArray[Any],
    value: Callable[[list[Array], Array], Array],
) -> Iterator[tuple[npt.NDArray[np.intp], Array]]:
    """Yield flat voxel indices and values, chunk by chunk of equal boxes."""
    origin = np.array([canvas.x[0], canvas.y[0], canvas.z[0]])
    step = canvas.spacing[::-1]
    limit = np.array(canvas.hu.shape[::-1])
    margin = np.maximum(tubes.start_radius, tubes.end_radius)[:, None] * stretch + reach
    low = np.floor((np.minimum(tubes.start, tubes.end) - margin - origin) / step).astype(int)
    high = np.ceil((np.maximum(tubes.start, tubes.end) + margin - origin) / step).astype(int) + 1
    size = (high - low + BOX_STEP - 1) // BOX_STEP * BOX_STEP
    size = np.minimum(size, limit)
    meets = (high > 0).all(axis=1) & (low < limit).all(axis=1)
    low = np.clip(low, 0, limit - size)
    keys, group = np.unique(size[meets], axis=0, return_inverse=True)
    rows = np.flatnonzero(meets)
    for k, box in enumerate(keys):
        members = rows[group.reshape(-1) == k]
        at_once = max(1, CHUNK_VOXELS // int(box.prod()))
        for i in range(0, len(members), at_once):
            chosen = members[i : i + at_once]
            yield _one_chunk(canvas, tubes, chosen, low[chosen], box, value)


def _one_chunk(
    canvas: Canvas,
    tubes: Tubes,
    chosen: npt.NDArray[np.intp],
    low: npt.NDArray[np.int_],
    box: npt.NDArray[np.int_],
    value: Callable[[list[Array], Array], Array],
) -> tuple[npt.NDArray[np.intp], Array]:
    index = [low[:, i, None] + np.arange(box[i]) for i in range(3)]
    shapes = [(-1, 1, 1, box[0]), (-1, 1, box[1], 1), (-1, box[2], 1, 1)]
    start, end = tubes.start[chosen], tubes.end[chosen]
    along = (end - start).astype(np.float32)
    squared = np.maximum((along**2).sum(axis=1), 1e-6)

    def per_tube(v: Any) -> Array:
        return np.asarray(v, dtype=np.float32).reshape(-1, 1, 1, 1)

    offset = [
        axis[index[i]].reshape(shapes[i]) - per_tube(start[:, i])
        for i, axis in enumerate((canvas.x, canvas.y, canvas.z))
    ]
    t = sum(o * per_tube(along[:, i] / squared) for i, o in enumerate(offset))
    t = np.clip(t, 0, 1)
    radius = per_tube(tubes.start_radius[chosen])
    radius = radius + t * per_tube((tubes.end_radius - tubes.start_radius)[chosen])
    apart = [o - t * per_tube(along[:, i]) for i, o in enumerate(offset)]
    _, ny, nx = canvas.hu.shape
    flat = ((index[2].reshape(shapes[2]) * ny + index[1].reshape(shapes[1])) * nx) + index[
        0
    ].reshape(shapes[0])
    return flat.reshape(-1), value(apart, radius).reshape(-1).astype(np.float32)
