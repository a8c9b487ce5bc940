"""Volumes and labels to NIfTI, NRRD and MetaImage, and labels back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.constants import SYNTHETIC_MARK
from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import InputError, RadiogenError, Stop, check_stop
from napari_radiogen.io.images import TEXT_DESCRIPTION, read_array
from napari_radiogen.io.nifti_write import write_sheared
from napari_radiogen.io.packing import pack
from napari_radiogen.io.save import atomic_write

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
NIFTI_SUFFIXES = (".nii.gz", ".nii")
#: ITK writes rotations only into NIfTI; cosines may stray this much.
ORTHOGONAL_TOLERANCE = 1e-4
#: Infinity and what no label image holds lie above.
LABEL_MAX = 2**31
#: Metadata that ITK writes into the description field of NIfTI.
ITK_NOTES = "ITK_FileNotes"


def write_volume(volume: CTVolume, path: Path, *, cancelled: Stop | None = None) -> None:
    """Write a CT on its own grid and axis order, values and type unchanged.

    The header of a synthetic one says so; nothing else of the volume's
    description is written, since it may name a person.

    Raises
    ------
    RadiogenError
        When the suffix is unknown, the format cannot hold the grid, or the
        file cannot be written.
    Cancelled
        When `cancelled`, asked between pieces, says so; nothing is left behind.
    """
    mark = SYNTHETIC_MARK if volume.synthetic else ""
    _write(volume.voxels, volume.geometry, Path(path), cancelled, mark)


def write_labels(labels: LabelVolume, path: Path, *, cancelled: Stop | None = None) -> None:
    """Write labels on their own grid and axis order, as the smallest unsigned type.

    Raises
    ------
    RadiogenError
        When the suffix is unknown, the format cannot hold the grid, or the
        file cannot be written.
    Cancelled
        When `cancelled`, asked between pieces, says so; nothing is left behind.
    """
    highest = int(labels.labels.max(initial=0))
    if int(labels.labels.min(initial=0)) < 0:
        raise RadiogenError("labels must not be negative", path)
    compact = labels.labels.astype(np.min_scalar_type(highest))
    _write(compact, labels.geometry, Path(path), cancelled)


def read_labels(path: Path) -> LabelVolume:
    """Read labels from NIfTI, NRRD or MetaImage.

    Raises
    ------
    InputError
        When the file is damaged or holds numbers that are not whole and
        non-negative.
    """
    array, geometry, _ = read_array(Path(path))
    fraction = array.dtype.kind == "f" and not np.array_equal(array, np.rint(array))
    if fraction or array.min() < 0 or array.max() > LABEL_MAX:
        raise InputError("labels must be whole numbers of at least 0", path)
    return LabelVolume(array.astype(np.min_scalar_type(int(array.max()))), geometry)


def check_suffix(path: Path) -> str:
    """Return the suffix that decides the format.

    Raises
    ------
    RadiogenError
        When no writer knows it.
    """
    for suffix in SUFFIXES:
        if Path(path).name.lower().endswith(suffix):
            return suffix
    raise RadiogenError(f"expected a name that ends with {', '.join(SUFFIXES)}", path)


def _write(
    array: npt.NDArray[Any],
    geometry: VolumeGeometry,
    path: Path,
    cancelled: Stop | None,
    mark: str = "",
) -> None:
    suffix = check_suffix(path)
    matrix = geometry.direction_matrix
    sheared = np.abs(matrix.T @ matrix - np.eye(3)).max() > ORTHOGONAL_TOLERANCE
    write_raw = write_sheared if suffix in NIFTI_SUFFIXES and sheared else _write_by_itk

    def write(temporary: Path) -> None:
        check_stop(cancelled)
        uncompressed = ".nii" if suffix in NIFTI_SUFFIXES else suffix
        raw = temporary.with_name(f"{temporary.name}-raw{uncompressed}")
        try:
            write_raw(array, geometry, raw, mark)
            pack(raw, temporary, voxel_bytes=array.nbytes, cancelled=cancelled)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise RadiogenError(f"cannot be written: {reason}", path) from error

    atomic_write(path, write)


def _write_by_itk(array: npt.NDArray[Any], geometry: VolumeGeometry, raw: Path, mark: str) -> None:
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(geometry.spacing_mm[::-1])
    image.SetOrigin(geometry.origin_mm)
    image.SetDirection(geometry.direction)
    if mark:
        image.SetMetaData(ITK_NOTES if raw.suffix == ".nii" else TEXT_DESCRIPTION, mark)
    sitk.WriteImage(image, str(raw), False)
