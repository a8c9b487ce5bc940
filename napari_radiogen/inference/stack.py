"""The upright slices around a site that a generator paints on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from napari_radiogen.domain import VolumeGeometry

FloatArray = npt.NDArray[np.float32]

#: Slices either side of the centre that a first look shows.
FIRST_LOOK_SLICES = 2
#: A mask component smaller than this is noise, mm3 (a ball of 2.5 mm).
LEAST_NODULE_MM3 = 8.0


@dataclass(frozen=True, eq=False)
class Stack:
    """Upright slices (Z, H, W) around a site; ``dz_mm`` (Z,) from the site."""

    grid: VolumeGeometry
    background: FloatArray
    dz_mm: FloatArray

    @property
    def middle(self) -> int:
        """The slice nearest to the site."""
        return int(np.abs(self.dz_mm).argmin())

    def near(self) -> slice:
        """Return which slices a first look shows."""
        first, last = self.middle - FIRST_LOOK_SLICES, self.middle + FIRST_LOOK_SLICES + 1
        return slice(max(0, first), min(len(self.dz_mm), last))

    def part(self, chosen: slice) -> Stack:
        """Return some consecutive slices."""
        shape = (chosen.stop - chosen.start, *self.grid.shape[1:])
        return Stack(
            self.grid.crop((chosen.start, 0, 0), (shape[0], shape[1], shape[2])),
            self.background[chosen],
            self.dz_mm[chosen],
        )


def central_component(inside: npt.NDArray[np.bool_], stack: Stack) -> npt.NDArray[np.bool_]:
    """Keep the part of a mask that lies nearest to the site, and close it."""
    label, count = ndi.label(inside)
    if count == 0:
        return inside
    middle = (stack.middle, *((n - 1) / 2 for n in inside.shape[1:]))
    best, nearest = 0, np.inf
    for i in range(1, count + 1):
        points = np.argwhere(label == i)
        if len(points) * stack.grid.voxel_volume_mm3 < LEAST_NODULE_MM3:
            continue
        offset = (points - np.array(middle)) * np.array(stack.grid.spacing_mm)
        distance = float(np.linalg.norm(offset, axis=1).min())
        if distance < nearest:
            best, nearest = i, distance
    return np.asarray(ndi.binary_fill_holes(label == best)) if best else np.zeros_like(inside)
