"""Signed distances, smooth unions and correlated noise that anatomy is made of.

Distances are in mm, negative inside. Points are (x, y, z) in LPS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, uniform_filter1d

Array = npt.NDArray[np.float32]
Axes = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]

#: Box (x, y, z) in mm that every noise lattice covers, whatever the grid: the
#: same seed gives the same patient at any resolution.
DOMAIN_MM = ((-215.0, 215.0), (-165.0, 190.0), (-190.0, 190.0))
#: Smoothing of a noise lattice, cells: hides the lattice, keeps the scale.
LATTICE_SIGMA = 0.7


def superellipse(x: Any, y: Any, a: Any, b: Any, exponent: float) -> Any:
    """Return the radial distance to ``|x/a|^n + |y/b|^n = 1`` in mm."""
    power = np.abs(x / a) ** exponent + np.abs(y / b) ** exponent
    q = np.maximum(power, 1e-6) ** (1 / exponent)
    return np.sqrt(x * x + y * y + 1e-6) * (1 - 1 / q)


def ellipsoid(
    x: Any, y: Any, z: Any, centre: Any, semi_axes: Any, long_axis: Any | None = None
) -> Any:
    """Return the approximate distance to an ellipsoid.

    Parameters
    ----------
    x, y, z
        Coordinates in mm that broadcast together.
    centre, semi_axes
        (x, y, z) in mm.
    long_axis
        Direction of the first semi-axis; None keeps the body's axes.
    """
    offset = (x - centre[0], y - centre[1], z - centre[2])
    if long_axis is not None:
        frame = basis(np.asarray(long_axis, dtype=float))
        offset = tuple(  # type: ignore[assignment]
            sum(np.float32(f) * o for f, o in zip(row, offset, strict=True)) for row in frame
        )
    k0 = np.sqrt(sum((o / s) ** 2 for o, s in zip(offset, semi_axes, strict=True)))
    k1 = np.sqrt(sum((o / s**2) ** 2 for o, s in zip(offset, semi_axes, strict=True)))
    return k0 * (k0 - 1) / np.maximum(k1, 1e-4)


def basis(direction: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a 3x3 frame whose first row is the direction."""
    first = direction / np.linalg.norm(direction)
    helper = np.eye(3)[int(np.argmin(np.abs(first)))]
    second = np.cross(first, helper)
    second /= np.linalg.norm(second)
    return np.array([first, second, np.cross(first, second)])


def smooth_min(a: Any, b: Any, radius_mm: float) -> Any:
    """Join two distances with a fillet of a radius in mm."""
    h = np.clip(0.5 + 0.5 * (b - a) / radius_mm, 0, 1)
    return b + (a - b) * h - radius_mm * h * (1 - h)


def smooth_max(a: Any, b: Any, radius_mm: float) -> Any:
    """Intersect two distances with a rounded edge of a radius in mm."""
    return -smooth_min(-a, -b, radius_mm)


def coverage(distance: Any, width_mm: float) -> Any:
    """Turn distance into the covered fraction of a voxel of a width in mm."""
    return np.clip(0.5 - distance / width_mm, 0, 1)


def interpolate(field: Array, source: Axes, target: Axes) -> Array:
    """Interpolate a field (z, y, x) linearly from one set of axes to another.

    Parameters
    ----------
    field
        (Z, Y, X) samples on regular axes.
    source, target
        1-D coordinates of (z, y, x) in mm, ascending; targets beyond the
        source take its edge.
    """
    for axis in range(3):
        first, step = source[axis][0], source[axis][1] - source[axis][0]
        place = np.clip((target[axis] - first) / step, 0, len(source[axis]) - 1.001)
        low = place.astype(np.intp)
        shape = [1, 1, 1]
        shape[axis] = -1
        weight = (place - low).astype(np.float32).reshape(shape)
        lower = np.take(field, low, axis=axis)
        upper = np.take(field, low + 1, axis=axis)
        upper -= lower
        upper *= weight
        upper += lower
        field = upper
    return field


@dataclass(frozen=True, eq=False)
class Lattice:
    """Smooth noise of unit variance over `DOMAIN_MM`: samples (Z, Y, X) and their axes, mm."""

    samples: Array
    axes: Axes

    @classmethod
    def draw(cls, rng: np.random.Generator, scale_mm: float) -> Lattice:
        """Draw the noise that forgets itself over a distance in mm."""
        axes = tuple(np.arange(low, high + scale_mm, scale_mm) for low, high in DOMAIN_MM[::-1])
        white = rng.standard_normal([len(axis) for axis in axes], dtype=np.float32)
        samples = gaussian_filter(white, LATTICE_SIGMA)
        samples /= samples.std()
        return cls(samples, (axes[0], axes[1], axes[2]))

    def at(self, axes_zyx: Axes) -> Array:
        """Return the noise on a grid of 1-D coordinates in mm."""
        return interpolate(self.samples, self.axes, axes_zyx)


def smooth_profile(knots: Any, values: Any, z: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Interpolate knots along z (mm, ascending) and round the corners."""
    fine = np.arange(knots[0], knots[-1], 1.0)
    rounded = uniform_filter1d(np.interp(fine, knots, values), 21, mode="nearest")
    return np.asarray(np.interp(z, fine, rounded))
