"""Tilted grids to NIfTI, whose sform holds the shear that ITK will not write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.io.nifti_header import to_ras

#: The sform gives scanner coordinates (NIFTI_XFORM_SCANNER_ANAT), in mm.
SCANNER, MILLIMETRES = 1, "mm"


def write_sheared(
    array: npt.NDArray[Any], geometry: VolumeGeometry, path: Path, mark: str = ""
) -> None:
    """Write voxels (Z, Y, X) with an sform alone.

    Parameters
    ----------
    path
        The temporary file of ``atomic_write``.
    mark
        Description to put into the header.
    """
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = geometry.step_matrix, geometry.origin_mm
    image = nibabel.Nifti1Image(array.T, to_ras(affine), dtype=array.dtype)
    image.set_sform(to_ras(affine), code=SCANNER)
    image.set_qform(None, code=0)
    image.header.set_xyzt_units(MILLIMETRES)
    image.header["descrip"] = mark.encode()
    image.to_filename(path)
