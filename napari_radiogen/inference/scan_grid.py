"""From a scan to the grid on which it is read, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_radiogen.constants import HU_AIR, PIXEL_MM
from napari_radiogen.domain import CTVolume, LabelVolume, Nodule, VolumeGeometry
from napari_radiogen.imaging.measure import measure_nodule
from napari_radiogen.imaging.resample import canonical_box, resample, resample_labels
from napari_radiogen.inference.candidates import CUBE
from napari_radiogen.inference.findings import Finding

#: Lung is read with this much around it, mm.
CONTEXT_MM = 12.0


def work_grid(ct: CTVolume, lung: LabelVolume) -> tuple[CTVolume, npt.NDArray[np.bool_]]:
    """Resample the lungs and some context to 0.75 mm along the patient axes.

    Returns
    -------
    tuple
        The scan in float32 HU, and a bool array: lung.
    """
    hits = [np.flatnonzero(lung.labels.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    low = np.array([h[0] for h in hits])
    high = np.array([h[-1] for h in hits])
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
    points = ct.geometry.index_to_lps(corners)
    start, stop = points.min(axis=0) - CONTEXT_MM, points.max(axis=0) + CONTEXT_MM
    shape = np.maximum(1, np.ceil((stop - start)[::-1] / PIXEL_MM)).astype(int)
    middle = (start + stop) / 2
    grid = canonical_box(
        (middle[0], middle[1], middle[2]), (PIXEL_MM,) * 3, (shape[0], shape[1], shape[2])
    )
    reach = np.ceil(CONTEXT_MM / np.array(ct.geometry.spacing_mm)).astype(int) + 1
    first = np.maximum(low - reach, 0)
    size = np.minimum(high + reach + 1, ct.voxels.shape) - first
    part = _crop(ct, (first[0], first[1], first[2]), (size[0], size[1], size[2]))
    work = resample(part, grid, order="linear", fill=float(HU_AIR))
    inside = resample_labels(replace(lung, labels=(lung.labels > 0).astype(np.uint8)), grid)
    return work, inside.labels > 0


def transfer(
    ct: CTVolume, work: VolumeGeometry, found: list[Finding], labels: npt.NDArray[np.uint8]
) -> tuple[Nodule, ...]:
    """Write outlines into the scan's own grid and measure them there."""
    nodules: list[Nodule] = []
    for finding in found:
        geometry = work.crop(finding.start, (CUBE, CUBE, CUBE))
        box, start = _box_around(ct.geometry, geometry)
        soft = CTVolume(ndimage.gaussian_filter(finding.mask.astype(np.float32), 0.5), geometry)
        inside = resample(soft, box, order="linear", fill=0.0).voxels > 0.5
        view = labels[tuple(slice(a, a + n) for a, n in zip(start, box.shape, strict=True))]
        inside &= view == 0
        if not inside.any():
            continue
        number = len(nodules) + 1
        view[inside] = number
        nodules.append(_measured(ct, box, start, inside, number, finding.confirm))
    return tuple(nodules)


def _measured(
    ct: CTVolume,
    box: VolumeGeometry,
    start: tuple[int, int, int],
    inside: npt.NDArray[np.bool_],
    number: int,
    confidence: float,
) -> Nodule:
    nodule = measure_nodule(_crop(ct, start, box.shape), inside, number)
    bounds = nodule.bounding_box
    if bounds is not None:
        low, high = (tuple(int(a + s) for a, s in zip(b, start, strict=True)) for b in bounds)
        bounds = ((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    return replace(nodule, confidence=confidence, bounding_box=bounds)


def _box_around(
    scan: VolumeGeometry, cube: VolumeGeometry
) -> tuple[VolumeGeometry, tuple[int, int, int]]:
    """Return the part of a scan's grid that a cube covers, and its first index."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in cube.shape])).reshape(3, -1).T
    index = scan.lps_to_index(cube.index_to_lps(corners))
    low = np.clip(np.floor(index.min(axis=0)), 0, np.array(scan.shape) - 1).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, low + 1, scan.shape).astype(int)
    start = (int(low[0]), int(low[1]), int(low[2]))
    size = high - low
    return scan.crop(start, (int(size[0]), int(size[1]), int(size[2]))), start


def _crop(ct: CTVolume, start: tuple[int, int, int], shape: tuple[int, int, int]) -> CTVolume:
    box: tuple[Any, ...] = tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))
    return replace(ct, voxels=ct.voxels[box], geometry=ct.geometry.crop(start, shape))
