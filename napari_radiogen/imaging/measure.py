"""Measurements of a nodule in mm and HU, from its mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from napari_radiogen.domain import CTVolume, LabelVolume, Nodule, VolumeGeometry
from napari_radiogen.errors import GeometryError

BoolArray = npt.NDArray[np.bool_]


def find_nodules(ct: CTVolume, labels: LabelVolume) -> tuple[Nodule, ...]:
    """Measure every label that has voxels, in rising order of label.

    Raises
    ------
    GeometryError
        When the labels lie on another grid than the CT.
    """
    if not labels.geometry.is_close(ct.geometry):
        raise GeometryError("labels and CT lie on different grids: resample the labels first")
    boxes = ndimage.find_objects(labels.labels)
    return tuple(
        _measure(ct, labels.labels[box] == label, label, box)
        for label, box in enumerate(boxes, start=1)
        if box is not None
    )


def measure_nodule(ct: CTVolume, mask: npt.NDArray[Any], label: int) -> Nodule:
    """Measure one nodule.

    Parameters
    ----------
    ct
        Scan.
    mask
        (Z, Y, X) on the scan's grid, true inside the nodule.
    label
        Its value in a label volume.

    Raises
    ------
    GeometryError
        When the mask has another shape than the scan, or no voxel.
    """
    if mask.shape != ct.geometry.shape:
        raise GeometryError(f"mask has shape {mask.shape}, the scan {ct.geometry.shape}")
    box = _bounding_box(mask > 0)
    return _measure(ct, mask[box] > 0, label, box)


def long_axis_mm(mask: BoolArray, spacing_mm: tuple[float, float]) -> float:
    """Return the longest diameter of a slice's mask, edge to edge.

    Parameters
    ----------
    mask
        (Y, X), true inside.
    spacing_mm
        Pixel size along (y, x).

    Returns
    -------
    float
        Longest distance between two pixel centres plus one pixel, since a
        mask of one pixel is one pixel wide; 0 when the mask is empty.
    """
    points = np.argwhere(mask) * np.array(spacing_mm)
    if len(points) == 0:
        return 0.0
    return _longest(points) + float(np.mean(spacing_mm))


def _measure(
    ct: CTVolume, inside: BoolArray, label: int, box: tuple[slice, slice, slice]
) -> Nodule:
    geometry = ct.geometry
    start = np.array([s.start for s in box])
    centroid = geometry.index_to_lps(np.argwhere(inside).mean(axis=0) + start)
    axis = _axial_axis(geometry)
    pixel_mm = [mm for i, mm in enumerate(geometry.spacing_mm) if i != axis]
    return Nodule(
        label=label,
        centroid_lps_mm=(float(centroid[0]), float(centroid[1]), float(centroid[2])),
        volume_mm3=float(inside.sum()) * geometry.voxel_volume_mm3,
        long_axis_mm=max(
            long_axis_mm(plane, (pixel_mm[0], pixel_mm[1]))
            for plane in np.moveaxis(inside, axis, 0)
        ),
        mean_hu=float(ct.voxels[box][inside].mean(dtype=np.float64)),
        bounding_box=(
            (box[0].start, box[1].start, box[2].start),
            (box[0].stop, box[1].stop, box[2].stop),
        ),
    )


def _axial_axis(geometry: VolumeGeometry) -> int:
    """Return the array axis that runs most from feet to head."""
    return 2 - int(np.argmax(np.abs(geometry.direction_matrix[2])))


def _bounding_box(mask: BoolArray) -> tuple[slice, slice, slice]:
    found = ndimage.find_objects(mask.astype(np.uint8))
    if not found:
        raise GeometryError("the mask is empty: there is nothing to measure")
    box: tuple[slice, slice, slice] = found[0]
    return box


def _longest(points: npt.NDArray[np.float64]) -> float:
    """Largest distance between points (N, 2), which the hull's corners hold."""
    if len(points) == 1:
        return 0.0
    try:
        points = points[ConvexHull(points).vertices]
    except QhullError:
        points = np.array([points.min(axis=0), points.max(axis=0)])
    return float(pdist(points).max())
