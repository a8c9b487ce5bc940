"""NIfTI, NRRD and MetaImage files to volumes, through SimpleITK."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.constants import SYNTHETIC, SYNTHETIC_MARK
from napari_radiogen.domain import CTVolume, VolumeGeometry
from napari_radiogen.errors import GeometryError, InputError
from napari_radiogen.io.nifti_header import (
    affine_warnings,
    check_length,
    is_nifti,
    read_nifti_header,
)
from napari_radiogen.io.text_headers import check_metaimage, check_nrrd

ImageKind = Literal["nifti", "nrrd", "metaimage"]

READERS: dict[ImageKind, str] = {
    "nifti": "NiftiImageIO",
    "nrrd": "NrrdImageIO",
    "metaimage": "MetaImageIO",
}
#: Header fields, as ITK calls them, that hold the mark of a synthetic volume.
NIFTI_DESCRIPTION, TEXT_DESCRIPTION = "descrip", "description"
#: Voxels of the largest volume accepted: 2 GiB as int16.
MAX_VOXELS = 2**30
#: A chest CT always holds air below this, HU.
HU_SURELY_AIR = -200
INT16 = np.iinfo(np.int16)


def sniff_image(path: Path) -> ImageKind | None:
    """Tell the kind of an image file by its content, None when it is none."""
    with path.open("rb") as stream:
        start = stream.read(512)
    if start.startswith(b"NRRD000"):
        return "nrrd"
    if b"NDims" in start and start.split(b"=")[0].strip() in (b"ObjectType", b"NDims", b"Comment"):
        return "metaimage"
    return "nifti" if is_nifti(path) else None


def read_image(path: Path) -> CTVolume:
    """Read a volume in HU; int16 when that holds every value, else float32.

    A header that begins with SYNTHETIC makes it a synthetic one.

    Raises
    ------
    InputError
        When it is not one finite, complete, scalar 3-D volume.
    """
    image, geometry, warnings = _load(path)
    voxels = _as_hu(sitk.GetArrayFromImage(image), path)
    if voxels.min() > HU_SURELY_AIR:
        warnings.append(f"nothing below {HU_SURELY_AIR}: are these Hounsfield units?")
    synthetic = _is_marked(image)
    return CTVolume(
        voxels=voxels,
        geometry=geometry,
        series_uid=_digest_id(path),
        description=SYNTHETIC_MARK if synthetic else "",
        warnings=tuple(warnings),
        synthetic=synthetic,
    )


def read_array(path: Path) -> tuple[npt.NDArray[Any], VolumeGeometry, list[str]]:
    """Return voxels (Z, Y, X) as stored, their grid, and warnings.

    Raises
    ------
    InputError
        When the file is damaged, not 3-D, not scalar or placed nowhere.
    """
    image, geometry, warnings = _load(path)
    return sitk.GetArrayFromImage(image), geometry, warnings


def _load(path: Path) -> tuple[sitk.Image, VolumeGeometry, list[str]]:
    kind = sniff_image(path)
    if kind is None:
        raise InputError("not a DICOM, NIfTI, NRRD or MetaImage file", path)
    if kind != "nifti":
        warnings = check_nrrd(path) if kind == "nrrd" else check_metaimage(path)
        image = _read_itk(path, kind)
        return image, _geometry(image, path), warnings
    header = read_nifti_header(path)
    _check_three_dimensions(header.shape, path)
    check_length(path, header)
    image = _read_itk(path, kind)
    geometry = _geometry(image, path)
    used = np.eye(4)
    used[:3, :3], used[:3, 3] = geometry.step_matrix, geometry.origin_mm
    return image, geometry, affine_warnings(header, used)


def _check_three_dimensions(shape: tuple[int, ...], path: Path) -> None:
    extra = [n for n in shape[3:] if n != 1]
    if len(shape) < 3 or extra:
        raise InputError(f"expected a 3-D volume, got sizes {shape}", path)
    if np.prod(shape, dtype=float) > MAX_VOXELS:
        raise InputError(f"{shape} voxels are more than this program accepts", path)


def _read_itk(path: Path, kind: ImageKind) -> sitk.Image:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(READERS[kind])
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    # It writes to standard error; what matters in it we check and say ourselves.
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        reader.ReadImageInformation()
        _check_three_dimensions(reader.GetSize(), path)
        if reader.GetNumberOfComponents() != 1:
            raise InputError("expected one number a voxel, got a colour or vector image", path)
        image = reader.Execute()
    except RuntimeError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise InputError(f"damaged or unsupported: {lines[-1].strip()}", path) from error
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)
    if image.GetDimension() == 3:
        return image
    index = (slice(None),) * 3 + (0,) * (image.GetDimension() - 3)
    return image[index]


def _is_marked(image: sitk.Image) -> bool:
    """Whether the header says synthetic; the cut of a 4-D image has no header."""
    fields = (key for key in (NIFTI_DESCRIPTION, TEXT_DESCRIPTION) if image.HasMetaDataKey(key))
    return any(image.GetMetaData(key).startswith(SYNTHETIC) for key in fields)


def _geometry(image: sitk.Image, path: Path) -> VolumeGeometry:
    try:
        return VolumeGeometry(
            shape=image.GetSize()[::-1],
            spacing_mm=image.GetSpacing()[::-1],
            origin_mm=image.GetOrigin(),
            direction=image.GetDirection(),
        )
    except GeometryError as error:
        raise InputError(error.reason, path) from error


def _as_hu(array: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    if array.dtype == np.int16:
        return array
    if array.dtype.kind not in "uif":
        raise InputError(f"expected real numbers, got {array.dtype}", path)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError("holds voxels that are not finite", path)
    if INT16.min <= array.min() and array.max() <= INT16.max:
        whole = array.astype(np.int16)
        if np.array_equal(whole, array):
            return whole
    return array.astype(np.float32)


def _digest_id(path: Path) -> str:
    """Return an id of ours for the file: the same content, the same id."""
    with path.open("rb") as stream:
        return f"file-{hashlib.file_digest(stream, 'sha256').hexdigest()[:16]}"
