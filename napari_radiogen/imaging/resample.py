"""Volumes on another grid, by patient coordinates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import GeometryError

Order = Literal["linear", "nearest", "cubic"]

INTERPOLATORS: dict[Order, int] = {
    "linear": sitk.sitkLinear,
    "nearest": sitk.sitkNearestNeighbor,
    "cubic": sitk.sitkBSpline,
}


def resample(
    volume: CTVolume,
    geometry: VolumeGeometry,
    *,
    order: Order = "linear",
    fill: float = -1000.0,
) -> CTVolume:
    """Return a CT on another grid, float32 HU.

    Parameters
    ----------
    volume
        Source.
    geometry
        Target grid.
    order
        Interpolation; ``cubic`` is a B-spline and may overshoot.
    fill
        HU outside the source.

    Raises
    ------
    GeometryError
        When both grids name a frame of reference and these differ.
    """
    _same_frame(volume.geometry, geometry)
    voxels = _on_grid(
        volume.voxels.astype(np.float32, copy=False), volume.geometry, geometry, order, fill
    )
    return replace(volume, voxels=voxels, geometry=geometry)


def resample_labels(labels: LabelVolume, geometry: VolumeGeometry) -> LabelVolume:
    """Return labels on another grid by nearest neighbour, background outside.

    Raises
    ------
    GeometryError
        When both grids name a frame of reference and these differ.
    """
    _same_frame(labels.geometry, geometry)
    array = _on_grid(labels.labels, labels.geometry, geometry, "nearest", 0)
    return replace(labels, labels=array, geometry=geometry)


def canonical_box(
    centre_lps_mm: tuple[float, float, float],
    spacing_mm: tuple[float, float, float],
    shape: tuple[int, int, int],
) -> VolumeGeometry:
    """Return a grid along the patient axes whose middle is an LPS point.

    Parameters
    ----------
    centre_lps_mm
        (x, y, z) of the middle of the box; between voxels when a size is even.
    spacing_mm, shape
        Along (z, y, x).
    """
    half = (np.array(shape) - 1) * np.array(spacing_mm) / 2.0
    origin = np.array(centre_lps_mm) - half[::-1]
    return VolumeGeometry(shape, spacing_mm, (origin[0], origin[1], origin[2]))


def _same_frame(source: VolumeGeometry, target: VolumeGeometry) -> None:
    frames = {source.frame_of_reference_uid, target.frame_of_reference_uid} - {None}
    if len(frames) > 1:
        raise GeometryError("the grids have different frames of reference: register them first")


def _on_grid(
    array: npt.NDArray[Any],
    source: VolumeGeometry,
    target: VolumeGeometry,
    order: Order,
    fill: float,
) -> npt.NDArray[Any]:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(source.spacing_mm[::-1])
    image.SetOrigin(source.origin_mm)
    image.SetDirection(source.direction)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(target.shape[::-1])
    resampler.SetOutputSpacing(target.spacing_mm[::-1])
    resampler.SetOutputOrigin(target.origin_mm)
    resampler.SetOutputDirection(target.direction)
    resampler.SetInterpolator(INTERPOLATORS[order])
    resampler.SetDefaultPixelValue(fill)
    return np.asarray(sitk.GetArrayFromImage(resampler.Execute(image)))
