"""Volumes: a CT in Hounsfield units, or labels, each with its geometry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from napari_radiogen.domain.geometry import VolumeGeometry
from napari_radiogen.errors import GeometryError


def _check_shape(array: npt.NDArray[Any], geometry: VolumeGeometry) -> None:
    if array.shape != geometry.shape:
        raise GeometryError(f"voxels have shape {array.shape}, geometry says {geometry.shape}")


@dataclass(frozen=True, eq=False)
class CTVolume:
    """A CT.

    Parameters
    ----------
    voxels
        (Z, Y, X) HU: int16 as read, float32 where a rescale or a resampling
        needs it.
    geometry
        Where the voxels lie.
    series_uid
        DICOM series, or an id of ours for other files.
    patient_id
        Our own id for the patient; header identity stays in the reader.
    modality
        ``CT`` unless the file says otherwise.
    warnings
        What a reader found and the person should see, one line each.
    synthetic
        True for phantoms and anything a model painted.
    """

    voxels: npt.NDArray[Any]
    geometry: VolumeGeometry
    series_uid: str = ""
    patient_id: str = ""
    modality: str = "CT"
    description: str = ""
    warnings: tuple[str, ...] = ()
    synthetic: bool = False

    def __post_init__(self) -> None:
        _check_shape(self.voxels, self.geometry)


@dataclass(frozen=True, eq=False)
class ProbabilityVolume:
    """Probabilities (Z, Y, X) of 0 to 1 on a geometry of their own."""

    values: npt.NDArray[Any]
    geometry: VolumeGeometry

    def __post_init__(self) -> None:
        _check_shape(self.values, self.geometry)


@dataclass(frozen=True, eq=False)
class LabelVolume:
    """Integer labels (Z, Y, X) on a geometry; 0 is background."""

    labels: npt.NDArray[Any]
    geometry: VolumeGeometry
    names: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_shape(self.labels, self.geometry)
        if self.labels.dtype.kind not in "ui":
            raise GeometryError(f"labels must be integers, got {self.labels.dtype}")
