"""Between a scan's own grid and the upright one that a generator paints on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from napari_radiogen.constants import LUNG_BRIDGE_MM
from napari_radiogen.domain import CTVolume, LabelVolume, Point, VolumeGeometry
from napari_radiogen.errors import SynthesisError
from napari_radiogen.imaging.lung import in_lung
from napari_radiogen.imaging.resample import resample, resample_labels

FloatArray = npt.NDArray[np.float32]
Index = tuple[int, int, int]


def check_site(ct: CTVolume, lung: LabelVolume, centre_mm: Point) -> None:
    """Refuse a place that is not in the lung.

    Raises
    ------
    SynthesisError
        With the place and the reason.
    """
    place = "(" + ", ".join(f"{c:.1f}" for c in centre_mm) + ") mm"
    if not ct.geometry.contains(centre_mm):
        raise SynthesisError(f"{place} is outside the scan; choose a place inside the lung")
    if not in_lung(lung, centre_mm):
        raise SynthesisError(f"{place} is outside the lung; choose a place inside it")


def crop(ct: CTVolume, start: Index, stop: Index) -> CTVolume:
    """Return a box of a scan, from start to stop (excluded) in voxels z, y, x."""
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    shape = tuple(b - a for a, b in zip(start, stop, strict=True))
    geometry = ct.geometry.crop(start, (shape[0], shape[1], shape[2]))
    return replace(ct, voxels=ct.voxels[box], geometry=geometry)


def common_box(ct: CTVolume, grid: VolumeGeometry) -> tuple[Index, Index]:
    """Return the voxels of a scan whose centres may lie on a grid."""
    corners = np.array(np.meshgrid(*[(-1, n) for n in grid.shape])).reshape(3, -1).T
    index = ct.geometry.lps_to_index(grid.index_to_lps(corners))
    low = np.clip(np.ceil(index.min(axis=0)).astype(int), 0, np.array(ct.geometry.shape) - 1)
    high = np.minimum(np.floor(index.max(axis=0)).astype(int) + 1, ct.geometry.shape)
    high = np.maximum(high, low + 1)
    return (int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2]))


def carry_back(values: FloatArray, grid: VolumeGeometry, target: VolumeGeometry) -> FloatArray:
    """Carry values from the upright grid to the scan's own."""
    return np.asarray(
        resample(CTVolume(values.astype(np.float32), grid), target, order="linear", fill=0.0).voxels
    )


def open_lung(lung: LabelVolume, grid: VolumeGeometry) -> FloatArray:
    """Return 1 where a nodule may be painted: the lung with its vessels.

    Vessels and small gaps are bridged; the edge is softened inwards, so that
    nothing is painted on the chest wall.
    """
    inside = resample_labels(lung, grid).labels > 0
    radius = LUNG_BRIDGE_MM
    away = ndi.distance_transform_edt(~inside, sampling=grid.spacing_mm) <= radius
    closed = inside | (ndi.distance_transform_edt(away, sampling=grid.spacing_mm) > radius)
    soft = ndi.gaussian_filter(closed.astype(np.float32), (0, 0.7, 0.7))
    return np.asarray(soft * closed, dtype=np.float32)
