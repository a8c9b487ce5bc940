"""A grid that primitives are painted on, back to front, with soft edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import HU_AIR
from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.errors import GeometryError
from napari_radiogen.phantom.fields import Array, Axes, coverage, interpolate

#: Grid on which slowly varying shapes are evaluated before refinement, mm.
COARSE_MM = 3.0


@dataclass(frozen=True)
class Box:
    """A part of a canvas: slices (z, y, x) and open coordinates in mm."""

    slices: tuple[slice, slice, slice]
    x: Array
    y: Array
    z: Array


class Canvas:
    """HU (Z, Y, X) on an axial grid.

    Parameters
    ----------
    geometry
        Axial and unrotated: x to the left, y to the back, z to the head.
    scale
        Patient size over model size: primitives live in model mm.

    Raises
    ------
    GeometryError
        When the grid is oblique or flipped.
    """

    def __init__(self, geometry: VolumeGeometry, scale: float = 1.0) -> None:
        if not geometry.is_axial:
            raise GeometryError("a phantom renders on axial grids with identity direction only")
        self.geometry = geometry
        self.hu: Array = np.full(geometry.shape, HU_AIR, dtype=np.float32)
        origin = np.array(geometry.origin_mm[::-1]) / scale
        self.spacing = np.array(geometry.spacing_mm) / scale
        self.z, self.y, self.x = (
            (o + s * np.arange(n)).astype(np.float32)
            for o, s, n in zip(origin, self.spacing, geometry.shape, strict=True)
        )
        #: In-plane voxel width over which edges are softened, mm.
        self.edge_mm = float(self.spacing[1:].mean())

    @property
    def axes(self) -> Axes:
        """1-D coordinates of (z, y, x) in model mm."""
        return self.z, self.y, self.x

    def box(self, low: Any, high: Any) -> Box | None:
        """Return the part between two (x, y, z) corners, or None outside."""
        slices = []
        for axis, a, b in zip((self.x, self.y, self.z), low, high, strict=True):
            start, stop = np.searchsorted(axis, [a, b])
            if start >= stop:
                return None
            slices.append(slice(int(start), int(stop)))
        x, y, z = slices
        return Box(
            (z, y, x),
            self.x[x][None, None, :],
            self.y[y][None, :, None],
            self.z[z][:, None, None],
        )

    def whole(self) -> Box:
        """Return the whole grid as a box."""
        everything = slice(None)
        return Box(
            (everything, everything, everything),
            self.x[None, None, :],
            self.y[None, :, None],
            self.z[:, None, None],
        )

    def paint(self, box: Box, amount: Any, hu: Any) -> None:
        """Blend HU into a box by a covered fraction in [0, 1]."""
        view = self.hu[box.slices]
        view += (hu - view) * np.asarray(amount, dtype=np.float32)

    def paint_solid(self, box: Box, distance: Any, hu: Any) -> None:
        """Blend HU where a signed distance (mm) is negative."""
        self.paint(box, coverage(distance, self.edge_mm), hu)

    def coarse_axes(self) -> Axes:
        """Axes (z, y, x) of a grid of `COARSE_MM` that covers the canvas."""
        step = COARSE_MM
        return tuple(np.arange(a[0] - step, a[-1] + 2 * step, step) for a in self.axes)  # type: ignore[return-value]

    def refine(self, field: npt.NDArray[Any]) -> Array:
        """Bring a field from the coarse grid to this one."""
        return interpolate(field.astype(np.float32), self.coarse_axes(), self.axes)
