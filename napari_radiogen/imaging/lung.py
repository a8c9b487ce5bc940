"""The lungs of a chest CT, coarse but closed over nodules at the pleura.

Everything happens on blocks of about 2.5 mm: air inside the body, without the
airways, closed with a ball so that a nodule at the wall stays inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_radiogen.constants import HU_AIR, HU_LUNG_MAX
from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry

BoolArray = npt.NDArray[np.bool_]
Spacing = tuple[float, float, float]

#: Side of the blocks that are averaged, mm.
BLOCK_MM = 2.5
#: Ball that closes the lung over nodules at the pleura and vessels, mm.
CLOSING_MM = 10.0
#: A lung has at least this share of the largest one's volume.
SMALLEST_SHARE = 0.1
#: No lung is smaller than this, mm³ (50 mL).
SMALLEST_LUNG_MM3 = 50_000.0
#: Gas without tissue, as in bowel, lies below this, HU; emphysema above.
HU_GAS = -955.0
#: Thresholds at which the airway is grown, the first that does not leak wins, HU.
AIRWAY_HU = (-930.0, -950.0, -965.0, -980.0)
#: An airway tree larger than this has leaked into the lung, mm³.
AIRWAY_MAX_MM3 = 120_000.0
#: Cross-sections of a trachea, mm².
TRACHEA_MM2 = (60.0, 900.0)


@dataclass(frozen=True)
class _Order:
    """How array axes turn into (z up, y to the back, x to the left), and back."""

    axes: tuple[int, int, int]
    flips: tuple[int, ...]

    @classmethod
    def of(cls, geometry: VolumeGeometry) -> _Order:
        matrix = geometry.direction_matrix[::-1, ::-1]
        axes = [int(np.argmax(np.abs(row))) for row in matrix]
        if len(set(axes)) != 3:
            return cls((0, 1, 2), ())
        flips = tuple(i for i, axis in enumerate(axes) if matrix[i, axis] < 0)
        return cls((axes[0], axes[1], axes[2]), flips)

    def apply(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.flip(array.transpose(self.axes), self.flips)

    def undo(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.flip(array, self.flips).transpose(np.argsort(self.axes))


def lung_mask(ct: CTVolume) -> LabelVolume:
    """Return 1 inside the lungs of a chest CT, 0 elsewhere, on its own grid.

    Parameters
    ----------
    ct
        HU, any orientation. Padding below -1024 HU counts as air.

    Returns
    -------
    LabelVolume
        All zero when no lung is found.
    """
    order = _Order.of(ct.geometry)
    spacing = np.array(ct.geometry.spacing_mm)[list(order.axes)]
    factors = tuple(max(1, round(BLOCK_MM / s)) for s in spacing)
    coarse = _block_mean(order.apply(ct.voxels), factors)
    step = (spacing[0] * factors[0], spacing[1] * factors[1], spacing[2] * factors[2])
    lungs = _coarse_lungs(coarse, step)
    fine = order.undo(_enlarge(lungs, factors, order.apply(ct.voxels).shape))
    return LabelVolume(np.ascontiguousarray(fine, dtype=np.uint8), ct.geometry, {1: "lung"})


def in_lung(lung: LabelVolume, point_mm: Sequence[float], margin_mm: float = 0.0) -> bool:
    """Whether an LPS point (x, y, z) lies in the lung, this far from its edge.

    Raises
    ------
    ValueError
        When the margin is negative.
    """
    if margin_mm < 0:
        raise ValueError(f"margin_mm must not be negative, got {margin_mm}")
    if not lung.geometry.contains(point_mm):
        return False
    index = np.rint(lung.geometry.lps_to_index(point_mm)).astype(int)
    index = np.clip(index, 0, np.array(lung.labels.shape) - 1)
    reach = np.ceil(margin_mm / np.array(lung.geometry.spacing_mm)).astype(int) + 1
    low = np.maximum(index - reach, 0)
    high = np.minimum(index + reach + 1, lung.labels.shape)
    box = lung.labels[low[0] : high[0], low[1] : high[1], low[2] : high[2]] > 0
    at = tuple(index - low)
    if not box[at]:
        return False
    if box.all():
        return True
    depth = ndimage.distance_transform_edt(box, sampling=lung.geometry.spacing_mm)
    return bool(depth[at] > margin_mm)


def _coarse_lungs(hu: npt.NDArray[np.float32], spacing: Spacing) -> BoolArray:
    air = hu < HU_LUNG_MAX
    inner = air & ~_touching_sides(air)
    inner &= ~_airway(hu, inner, spacing)
    closed = np.zeros(inner.shape, dtype=bool)
    for lung in _lung_parts(hu, inner, spacing):
        closed |= closed_over_nodules(lung, spacing)
    closed = ndimage.binary_fill_holes(closed)
    return np.stack([ndimage.binary_fill_holes(plane) for plane in closed])


def _touching_sides(air: BoolArray) -> BoolArray:
    """Return the air that reaches the sides of the image: outside the body."""
    labels, _ = ndimage.label(air)
    sides = [labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]]
    outside = np.unique(np.concatenate([side.ravel() for side in sides]))
    return np.asarray(np.isin(labels, outside[outside > 0]))


def _lung_parts(hu: npt.NDArray[np.float32], inner: BoolArray, spacing: Spacing) -> list[BoolArray]:
    labels, count = ndimage.label(inner)
    if count == 0:
        return []
    numbers = np.arange(1, count + 1)
    volume = np.bincount(labels.ravel(), minlength=count + 1)[1:] * float(np.prod(spacing))
    smallest = max(SMALLEST_LUNG_MM3, SMALLEST_SHARE * float(volume.max()))
    parts = []
    for number in numbers[volume >= smallest]:
        part = labels == number
        if float(np.median(hu[part])) > HU_GAS:
            parts.append(part)
    return parts


def _airway(hu: npt.NDArray[np.float32], inner: BoolArray, spacing: Spacing) -> BoolArray:
    """Return trachea and main bronchi, grown from the upper half; empty when none is found."""
    seed = _trachea_seed(hu, inner, spacing)
    if not seed.any():
        return seed
    limit = AIRWAY_MAX_MM3 / float(np.prod(spacing))
    for threshold in AIRWAY_HU:
        tree = ndimage.binary_propagation(seed, mask=inner & ((hu < threshold) | seed))
        if tree.sum() <= limit:
            break
    else:
        tree = seed
    grown = ndimage.binary_dilation(tree, np.ones((3, 3, 3), dtype=bool))
    return np.asarray(grown & inner)


def _trachea_seed(hu: npt.NDArray[np.float32], inner: BoolArray, spacing: Spacing) -> BoolArray:
    """Return a small dark section near the midline in each slice of the upper half."""
    seed = np.zeros(inner.shape, dtype=bool)
    columns = np.flatnonzero(inner.any(axis=(0, 1)))
    if not len(columns):
        return seed
    middle, reach = columns.mean(), 0.15 * np.ptp(columns)
    pixel_mm2 = spacing[1] * spacing[2]
    for z in range(inner.shape[0] // 2, inner.shape[0]):
        labels, count = ndimage.label(inner[z])
        for number in range(1, count + 1):
            section = labels == number
            area = section.sum() * pixel_mm2
            x = np.flatnonzero(section.any(axis=0)).mean()
            round_enough = TRACHEA_MM2[0] <= area <= TRACHEA_MM2[1]
            if round_enough and abs(x - middle) <= reach and hu[z][section].min() < AIRWAY_HU[0]:
                seed[z] |= section
    return seed


def closed_over_nodules(part: BoolArray, spacing: Spacing) -> BoolArray:
    """Close with a ball by two distance transforms."""
    pad = [int(np.ceil(CLOSING_MM / s)) + 1 for s in spacing]
    padded = np.pad(part, [(p, p) for p in pad])
    near = ndimage.distance_transform_edt(~padded, sampling=spacing) <= CLOSING_MM
    closed = ndimage.distance_transform_edt(near, sampling=spacing) > CLOSING_MM
    inside = tuple(slice(p, p + n) for p, n in zip(pad, part.shape, strict=True))
    return np.asarray(closed[inside] | part)


def _block_mean(array: npt.NDArray[Any], factors: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Average blocks; a last block that is cut averages what it has."""
    out: npt.NDArray[Any] = array
    for axis, factor in enumerate(factors):
        size = out.shape[axis]
        starts = np.arange(0, size, factor)
        total = np.add.reduceat(out, starts, axis=axis, dtype=np.float32)
        count = np.minimum(starts + factor, size) - starts
        shape = [1, 1, 1]
        shape[axis] = len(starts)
        out = total / count.reshape(shape).astype(np.float32)
    return np.asarray(np.maximum(out, HU_AIR), dtype=np.float32)


def _enlarge(
    mask: BoolArray, factors: tuple[int, ...], shape: tuple[int, ...]
) -> npt.NDArray[np.uint8]:
    out: npt.NDArray[np.uint8] = mask.astype(np.uint8)
    for axis, (factor, size) in enumerate(zip(factors, shape, strict=True)):
        out = out.take(np.arange(size) // factor, axis=axis)
    return out
