"""Masks onto the grid of a CT, by coordinates, and checked to lie on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.domain import LabelVolume, VolumeGeometry
from napari_radiogen.errors import InputError

#: Voxels of a mask that lie this near to voxels of the CT are the same, voxels.
ALIGNED_VOXELS = 0.1
#: Steps whose ratio differs from 1 or 0 by less are the same (unitless).
STEP_TOLERANCE = 0.01


@dataclass(frozen=True, eq=False)
class Plane:
    """A slice of a mask: values (Y, X), where it lies, and its steps to y and x, mm LPS."""

    values: npt.NDArray[Any]
    origin_mm: npt.NDArray[np.float64]
    step_y_mm: npt.NDArray[np.float64]
    step_x_mm: npt.NDArray[np.float64]


class NotAlignedError(Exception):
    """Voxels of the mask do not fall on voxels of the CT."""


def place_labels(
    labels: LabelVolume, grid: VolumeGeometry, path: Path
) -> tuple[LabelVolume, list[str]]:
    """Put a label volume onto another grid: voxel by voxel where grids agree.

    Elsewhere each voxel of the grid takes the nearest label, with a warning.

    Raises
    ------
    InputError
        When labelled voxels exist and none lies on the grid.
    """
    own = labels.geometry
    ratio = own.voxel_volume_mm3 / grid.voxel_volume_mm3
    warnings: list[str] = []
    try:
        if abs(ratio - 1) > 3 * STEP_TOLERANCE:
            raise NotAlignedError
        _check_corners(own, grid)
        array, outside = place_planes(planes_of(labels), grid, labels.labels.dtype)
    except NotAlignedError:
        array, outside = _resampled(labels, grid)
        warnings.append("lies on another grid than the CT: each voxel took the nearest label")
    warnings += check_lies_on(int(np.count_nonzero(labels.labels)), outside, path)
    return LabelVolume(array, grid, labels.names), warnings


def planes_of(labels: LabelVolume) -> list[Plane]:
    """Take a label volume apart into the slices that hold a label."""
    step = labels.geometry.step_matrix
    return [
        Plane(labels.labels[z], labels.geometry.index_to_lps((z, 0, 0)), step[:, 1], step[:, 0])
        for z in map(int, np.flatnonzero(labels.labels.any(axis=(1, 2))))
    ]


def place_planes(
    planes: Sequence[Plane], grid: VolumeGeometry, dtype: npt.DTypeLike
) -> tuple[npt.NDArray[Any], int]:
    """Copy the labelled voxels of slices to the voxels of a grid at their place.

    Returns
    -------
    tuple
        (Z, Y, X) array of the grid, and how many labelled voxels lie outside.

    Raises
    ------
    NotAlignedError
        When they do not fall on voxels of the grid one to one.
    """
    array = np.zeros(grid.shape, dtype)
    inverse = np.linalg.inv(grid.step_matrix)[::-1]
    outside = 0
    for plane in planes:
        steps = np.stack([inverse @ plane.step_y_mm, inverse @ plane.step_x_mm], axis=1)
        whole = np.rint(steps)
        start = grid.lps_to_index(plane.origin_mm)
        last = start + steps @ (np.array(plane.values.shape) - 1)
        stray = max(np.abs(end - np.rint(end)).max() for end in (start, last))
        turned = np.abs(whole).sum(axis=0).tolist() != [1, 1] or np.abs(whole).sum(axis=1).max() > 1
        if turned or np.abs(steps - whole).max() > STEP_TOLERANCE or stray > ALIGNED_VOXELS:
            raise NotAlignedError
        place = np.argwhere(plane.values)
        index = place @ whole.T.astype(int) + np.rint(start).astype(int)
        inside = ((index >= 0) & (index < grid.shape)).all(axis=1)
        outside += int((~inside).sum())
        array[tuple(index[inside].T)] = plane.values[tuple(place[inside].T)]
    return array, outside


def check_lies_on(voxels: int, outside: int, path: Path) -> list[str]:
    """Refuse a mask that lies beside the CT; warn of parts that do.

    Raises
    ------
    InputError
        When it has voxels and all are outside.
    """
    if voxels and outside >= voxels:
        raise InputError("lies wholly outside the CT: it belongs to another scan", path)
    if outside:
        return [f"{outside} of {voxels} labelled voxels lie outside the CT and are cut off"]
    return []


def _check_corners(own: VolumeGeometry, grid: VolumeGeometry) -> None:
    """Check that the far corner falls on a voxel too, so that steps do not drift."""
    corner = grid.lps_to_index(own.index_to_lps(np.array(own.shape) - 1))
    if np.abs(corner - np.rint(corner)).max() > ALIGNED_VOXELS:
        raise NotAlignedError


def _resampled(labels: LabelVolume, grid: VolumeGeometry) -> tuple[npt.NDArray[Any], int]:
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(grid.shape[::-1])
    resampler.SetOutputSpacing(grid.spacing_mm[::-1])
    resampler.SetOutputOrigin(grid.origin_mm)
    resampler.SetOutputDirection(grid.direction)
    resampler.SetInterpolator(sitk.sitkNearestNeighbor)
    image = sitk.GetImageFromArray(np.ascontiguousarray(labels.labels))
    image.SetSpacing(labels.geometry.spacing_mm[::-1])
    image.SetOrigin(labels.geometry.origin_mm)
    image.SetDirection(labels.geometry.direction)
    array = sitk.GetArrayFromImage(resampler.Execute(image))
    outside = 0
    for z in np.flatnonzero(labels.labels.any(axis=(1, 2))):
        place = np.argwhere(labels.labels[z])
        index = np.column_stack([np.full(len(place), z), place])
        at = grid.lps_to_index(labels.geometry.index_to_lps(index))
        lies = ((at >= -0.5) & (at < np.array(grid.shape) - 0.5)).all(axis=1)
        outside += int((~lies).sum())
    return array, outside
