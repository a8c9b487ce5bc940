"""Which CT of a folder? What a person needs to see to choose one of several series."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import WINDOWS_HU
from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_headers import DicomScan, DicomSeries, plain_text, scan_dicom
from napari_radiogen.io.dicom_pixels import read_voxels
from napari_radiogen.io.dicom_series import ordered_slices, series_geometry

#: Side of a thumbnail at most, pixels.
THUMBNAIL_PX = 96


@dataclass(frozen=True, eq=False)
class SeriesChoice:
    """One CT series among several.

    Parameters
    ----------
    uid
        Series instance UID: what to ask for.
    modality, description
        From the header, as plain text cut to 200 characters.
    slices
        Number of images.
    spacing_mm
        (z, y, x); None for a series that cannot be read.
    thumbnail
        (H, W) uint8 of the middle slice in the lung window, or None.
    problem
        Why it cannot be read; empty when it can.
    """

    uid: str
    modality: str
    description: str
    slices: int
    spacing_mm: tuple[float, float, float] | None = None
    thumbnail: npt.NDArray[np.uint8] | None = None
    problem: str = ""


def ct_choices(path: Path) -> tuple[SeriesChoice, ...]:
    """Describe every CT series of a DICOM folder, in the order of their UIDs.

    Raises
    ------
    InputError
        When the folder holds no DICOM, or a file of it cannot be read.
    """
    scan = scan_dicom(Path(path))
    return tuple(_describe(series, scan) for series in scan.series if series.is_ct)


def _describe(series: DicomSeries, scan: DicomScan) -> SeriesChoice:
    header = series.files[0].header
    described = SeriesChoice(
        series.uid,
        series.modality,
        plain_text(header.get("SeriesDescription")),
        sum(int(f.header.get("NumberOfFrames") or 1) for f in series.files),
    )
    try:
        ordered = ordered_slices(series, scan)
        geometry = series_geometry(series, scan)
        middle = read_voxels([ordered[len(ordered) // 2]], (1, *geometry.shape[1:]))[0]
    except InputError as error:
        return SeriesChoice(
            described.uid,
            described.modality,
            described.description,
            described.slices,
            problem=error.reason,
        )
    return SeriesChoice(
        described.uid,
        described.modality,
        described.description,
        len(ordered),
        geometry.spacing_mm,
        _thumbnail(middle),
    )


def _thumbnail(slice_hu: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Return every n-th pixel in the lung window."""
    step = max(1, -(-max(slice_hu.shape) // THUMBNAIL_PX))
    level, width = WINDOWS_HU["Lung"]
    share = (slice_hu[::step, ::step].astype(np.float32) - level) / width + 0.5
    return np.asarray(np.clip(share, 0, 1) * 255, dtype=np.uint8)
