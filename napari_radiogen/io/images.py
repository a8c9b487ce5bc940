"""NIfTI (through nibabel), NRRD and MetaImage (through SimpleITK) to volumes."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import nibabel
import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.constants import SYNTHETIC, SYNTHETIC_MARK
from napari_radiogen.domain import CTVolume, VolumeGeometry
from napari_radiogen.errors import GeometryError, InputError
from napari_radiogen.io.hounsfield import as_hu
from napari_radiogen.io.nifti_header import (
    NiftiHeader,
    affine_warnings,
    check_length,
    is_nifti,
    open_nifti,
    read_nifti_header,
)
from napari_radiogen.io.text_headers import check_metaimage, check_nrrd

ImageKind = Literal["nifti", "nrrd", "metaimage"]

READERS: dict[ImageKind, str] = {"nrrd": "NrrdImageIO", "metaimage": "MetaImageIO"}
#: Header field, as ITK calls it, that holds the mark of a synthetic volume.
TEXT_DESCRIPTION = "description"
#: Voxels of the largest volume accepted: 2 GiB as int16.
MAX_VOXELS = 2**30
#: Bytes of the largest volume as stored.
MAX_BYTES = 2**32
STANDARD_ERROR = 2
#: Standard error belongs to the whole process: one reading at a time.
QUIET_LOCK = threading.Lock()
#: A chest CT always holds air below this, HU.
HU_SURELY_AIR = -200


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
    array, geometry, warnings, synthetic = _load(path)
    voxels = as_hu(array, path)
    if voxels.min() > HU_SURELY_AIR:
        warnings.append(f"nothing below {HU_SURELY_AIR}: are these Hounsfield units?")
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
    return _load(path)[:3]


def _load(path: Path) -> tuple[npt.NDArray[Any], VolumeGeometry, list[str], bool]:
    """Return voxels, their grid, warnings, and whether the header says synthetic."""
    kind = sniff_image(path)
    if kind is None:
        raise InputError("not a DICOM, NIfTI, NRRD or MetaImage file", path)
    if kind == "nifti":
        header = read_nifti_header(path)
        _check_size(header.shape, header.bits // 8, path)
        check_length(path, header)
        marked = header.description.startswith(SYNTHETIC)
        grid = _nifti_geometry(header, path)
        return _nifti_voxels(path), grid, affine_warnings(header), marked
    warnings = check_nrrd(path) if kind == "nrrd" else check_metaimage(path)
    image = _read_itk(path, kind)
    return sitk.GetArrayFromImage(image), _geometry(image, path), warnings, _is_marked(image)


def _check_size(shape: tuple[int, ...], voxel_bytes: int, path: Path) -> None:
    extra = [n for n in shape[3:] if n != 1]
    if len(shape) < 3 or extra:
        raise InputError(f"expected a 3-D volume, got sizes {shape}", path)
    voxels = np.prod(shape, dtype=float)
    if voxels > MAX_VOXELS or voxels * voxel_bytes > MAX_BYTES:
        raise InputError(f"{shape} voxels are more than this program accepts", path)


def _nifti_voxels(path: Path) -> npt.NDArray[Any]:
    """Return scaled voxels (Z, Y, X), in float only where the header scales."""
    # It logs what it finds odd in a header; what matters we check ourselves.
    logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)
    try:
        with open_nifti(path) as stream:
            second = stream.read(8)[4:] == b"n+2\0"
            stream.seek(0)
            kind = nibabel.Nifti2Image if second else nibabel.Nifti1Image
            array = np.asarray(kind.from_stream(stream).dataobj)
    except Exception as error:
        # The text of a foreign error may quote the header.
        raise InputError(f"damaged or unsupported NIfTI ({type(error).__name__})", path) from error
    if array.dtype.names or array.dtype.kind not in "uif":
        raise InputError("expected one real number a voxel, got colours or other values", path)
    array = array.reshape(array.shape[:3], order="A").T
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _nifti_geometry(header: NiftiHeader, path: Path) -> VolumeGeometry:
    steps = header.affine[:3, :3]
    spacing = np.linalg.norm(steps, axis=0)
    if spacing.min() <= 0:
        raise InputError("an axis of the header's affine has no length", path)
    return _checked_geometry(header.shape[2::-1], spacing, header.affine[:3, 3], steps, path)


def _read_itk(path: Path, kind: ImageKind) -> sitk.Image:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(READERS[kind])
    try:
        with _quiet():
            reader.ReadImageInformation()
        _check_size(reader.GetSize(), 1, path)
        if reader.GetNumberOfComponents() != 1:
            raise InputError("expected one number a voxel, got a colour or vector image", path)
        with _quiet():
            image = reader.Execute()
    except RuntimeError as error:
        # ITK's text may quote the header.
        raise InputError(f"damaged or unsupported {kind} file", path) from error
    if image.GetDimension() == 3:
        return image
    index = (slice(None),) * 3 + (0,) * (image.GetDimension() - 3)
    return image[index]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep ITK and the libraries below it from writing to standard error.

    What matters in it we check and say ourselves, in one line.
    """
    with QUIET_LOCK:
        shown = sitk.ProcessObject.GetGlobalWarningDisplay()
        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        kept, nowhere = os.dup(STANDARD_ERROR), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, STANDARD_ERROR)
        try:
            yield
        finally:
            os.dup2(kept, STANDARD_ERROR)
            os.close(kept)
            os.close(nowhere)
            sitk.ProcessObject.SetGlobalWarningDisplay(shown)


def _is_marked(image: sitk.Image) -> bool:
    """Whether the header says synthetic; the cut of a 4-D image has no header."""
    there = image.HasMetaDataKey(TEXT_DESCRIPTION)
    return bool(there and image.GetMetaData(TEXT_DESCRIPTION).startswith(SYNTHETIC))


def _geometry(image: sitk.Image, path: Path) -> VolumeGeometry:
    spacing = np.array(image.GetSpacing())
    steps = np.array(image.GetDirection()).reshape(3, 3) * spacing
    return _checked_geometry(image.GetSize()[::-1], spacing, image.GetOrigin(), steps, path)


def _checked_geometry(
    shape: Sequence[int],
    spacing: npt.NDArray[Any],
    origin: Sequence[float] | npt.NDArray[Any],
    steps: npt.NDArray[Any],
    path: Path,
) -> VolumeGeometry:
    """Build a grid from spacing and origin (x, y, z) and 3x3 steps in mm."""
    try:
        return VolumeGeometry(
            shape=(shape[0], shape[1], shape[2]),
            spacing_mm=(spacing[2], spacing[1], spacing[0]),
            origin_mm=(origin[0], origin[1], origin[2]),
            direction=tuple((steps / spacing).ravel()),
        )
    except GeometryError as error:
        raise InputError(error.reason, path) from error


def _digest_id(path: Path) -> str:
    """Return an id of ours for the file: the same content, the same id."""
    with path.open("rb") as stream:
        return f"file-{hashlib.file_digest(stream, 'sha256').hexdigest()[:16]}"
