"""The same cases through SimpleITK and highdicom, with the defaults of their documentation."""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
import pydicom
import SimpleITK as sitk  # noqa: N813
from pydicom.errors import InvalidDicomError

from tests.battery.case import Truth

Reading = tuple[np.ndarray, np.ndarray]
IMAGE_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")


def read_simpleitk(path: Path, series: str | None) -> Reading:
    """Read a folder's series, the first if none is asked, or a file."""
    if path.is_dir():
        reader = sitk.ImageSeriesReader()
        uids = reader.GetGDCMSeriesIDs(str(path))
        if not uids:
            raise ValueError("no series")
        reader.SetFileNames(
            reader.GetGDCMSeriesFileNames(str(path), series or uids[0], False, True)
        )
        image = reader.Execute()
    else:
        image = sitk.ReadImage(str(path))
    if image.GetDimension() > 3:
        image = image[(slice(None),) * 3 + (0,) * (image.GetDimension() - 3)]
    affine = np.eye(4)
    steps = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, :3], affine[:3, 3] = steps[:, ::-1], image.GetOrigin()
    return sitk.GetArrayFromImage(image), affine


def read_highdicom(path: Path, series: str | None) -> Reading | None:
    """Read a series or a multi-frame image; None for what is not its business."""
    if path.is_file() and path.name.lower().endswith(IMAGE_SUFFIXES):
        return None
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    datasets = []
    for file in files:
        try:
            datasets.append(pydicom.dcmread(file))
        except InvalidDicomError:
            continue
    if series is not None:
        datasets = [ds for ds in datasets if ds.SeriesInstanceUID == series]
    if len(datasets) == 1 and "PerFrameFunctionalGroupsSequence" in datasets[0]:
        volume = highdicom.Image.from_dataset(datasets[0]).get_volume()
    else:
        volume = highdicom.get_volume_from_series(datasets)
    return volume.array, volume.affine


def read_highdicom_seg(path: Path, ct: Path, options: tuple[str, ...]) -> Reading:
    """Read a SEG as one label volume, on the grid of the CT where one is asked for."""
    seg = highdicom.seg.segread(path)
    volume = seg.get_volume(combine_segments=True)
    if options:
        on = highdicom.get_volume_from_series([pydicom.dcmread(p) for p in sorted(ct.iterdir())])
        volume = volume.match_geometry(on.get_geometry())
    return volume.array, volume.affine


def came(reading: Reading | None, truth: Truth | None) -> str:
    """Judge what a peer returned."""
    if reading is None:
        return "not its business"
    return "right" if truth is not None and truth.matches(*reading) else "wrong"
