"""Small CT series written with pydicom alone, and faults to plant in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

ROWS, COLUMNS, SLICES = 34, 40, 5
STEP_MM = 2.5
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
ORIGIN = (-20.0, 30.0, -100.0)


def stored_pixels(z: int) -> np.ndarray:
    """(Y, X) values that tell slices, rows and columns apart."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    return (1000 + 100 * z + 10 * y + x).astype(np.uint16)


def ct_slice(z: int, *, series: str = "a", orientation: tuple[float, ...] = AXIAL) -> Dataset:
    """One slice, the z-th along the normal."""
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = CTImageStorage
    header.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(z)])
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    header.StudyInstanceUID = generate_uid(entropy_srcs=["study"])
    header.SeriesInstanceUID = generate_uid(entropy_srcs=["series", series])
    header.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame"])
    header.PatientID = "Doe"
    header.PatientName = "Doe^John"
    header.Modality = "CT"
    header.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    header.InstanceNumber = SLICES - z
    header.SliceThickness = 9.0
    normal = np.cross(orientation[:3], orientation[3:])
    header.ImagePositionPatient = [float(v) for v in ORIGIN + z * STEP_MM * normal]
    header.ImageOrientationPatient = list(orientation)
    header.PixelSpacing = [0.7, 0.9]
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsAllocated = 16
    header.BitsStored = 12
    header.HighBit = 11
    header.PixelRepresentation = 0
    header.RescaleSlope = 1
    header.RescaleIntercept = -1024
    header.RescaleType = "HU"
    set_pixels(header, stored_pixels(z))
    return header


def set_pixels(header: Dataset, pixels: np.ndarray) -> None:
    """Put stored values (Y, X) into a slice."""
    header.Rows, header.Columns = pixels.shape
    header.PixelData = pixels.tobytes()
    header["PixelData"].VR = "OW"


def save(header: Dataset, path: Path) -> Path:
    """Write a slice as a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, header, enforce_file_format=True)
    return path


def write_series(
    folder: Path,
    change: Callable[[int, Dataset], Any] | None = None,
    *,
    count: int = SLICES,
    skip: tuple[int, ...] = (),
    **options: Any,
) -> Path:
    """Write a series whose file names run against the slice order."""
    series = options.get("series", "a")
    for z in range(count):
        if z not in skip:
            header = ct_slice(z, **options)
            if change is not None:
                change(z, header)
            save(header, folder / f"{series}{count - z:02d}")
    return folder
