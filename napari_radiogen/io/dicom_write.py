"""Phantoms and synthetic CT as a DICOM series, marked and without identity."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from napari_radiogen import __version__
from napari_radiogen.constants import RESEARCH_USE, SYNTHETIC
from napari_radiogen.domain import CTVolume, VolumeGeometry
from napari_radiogen.errors import RadiogenError, Stop, check_stop
from napari_radiogen.io.save import complete_folder

#: HU = stored + this; CT scanners use it so that air is stored near 0.
RESCALE_INTERCEPT = -1024
#: Longest text of VR LO.
LONG_STRING = 64
HEADER_TEXT = {
    "Manufacturer": "napari-radiogen",
    "ManufacturerModelName": "synthetic CT",
    "SoftwareVersions": __version__,
    "BurnedInAnnotation": "NO",
    "BodyPartExamined": "CHEST",
    "PatientIdentityRemoved": "YES",
    "DeidentificationMethod": "synthetic image, identity never present",
    "DerivationDescription": "computed pixels, not an acquisition",
    "ImageComments": RESEARCH_USE,
}
EMPTY_BUT_REQUIRED = (
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientBirthDate",
    "PatientSex", "StudyID", "PositionReferenceIndicator", "KVP", "AcquisitionNumber",
)  # fmt: skip


def write_ct_series(
    volume: CTVolume,
    folder: Path,
    *,
    patient_id: str,
    series_description: str = "CT",
    seed: str | None = None,
    overwrite: bool = False,
    cancelled: Stop | None = None,
) -> str:
    """Write a computed CT as one CT Image Storage file a slice.

    The series is always marked: derived image type, SYNTHETIC in front of the
    description, new UIDs. Nothing of the volume's own header is inherited.

    Parameters
    ----------
    volume
        HU; float voxels are rounded to whole HU.
    folder
        New folder; it appears complete or not at all.
    patient_id
        An id of ours, which becomes PatientID and PatientName.
    series_description
        What follows SYNTHETIC in the description.
    seed
        Decides the UIDs: the same seed and patient give the same. By default
        a digest of the voxels.
    overwrite
        Replace an older folder.
    cancelled
        Asked at each slice.

    Returns
    -------
    str
        UID of the new series.

    Raises
    ------
    RadiogenError
        When the voxels do not fit 16 bits or the folder cannot be written.
    Cancelled
        When `cancelled` says so; nothing is left behind.
    """
    stored = _stored_values(volume.voxels, Path(folder))
    source = seed if seed is not None else hashlib.sha256(stored.tobytes()).hexdigest()
    template = _template(volume.geometry, stored, patient_id, series_description, source)
    with complete_folder(Path(folder), overwrite=overwrite, cancelled=cancelled) as building:
        for z, plane in enumerate(stored):
            check_stop(cancelled)
            _write_slice(template, volume.geometry, z, plane, building / f"{z + 1:04d}.dcm")
    return str(template.SeriesInstanceUID)


def _stored_values(voxels: npt.NDArray[np.generic], folder: Path) -> npt.NDArray[np.generic]:
    """Return HU minus the intercept, unsigned where that is enough."""
    if not np.isfinite(voxels).all():
        raise RadiogenError("voxels must be finite to become DICOM", folder)
    values = np.rint(voxels.astype(np.float32)).astype(np.int32) - RESCALE_INTERCEPT
    for dtype in (np.uint16, np.int16):
        limits = np.iinfo(dtype)
        if limits.min <= values.min() and values.max() <= limits.max:
            return values.astype(dtype)
    raise RadiogenError("HU do not fit 16 bits", folder)


def _template(
    geometry: VolumeGeometry,
    stored: npt.NDArray[np.generic],
    patient_id: str,
    series_description: str,
    source: str,
) -> FileDataset:
    """Return the header that all slices share."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for keyword in EMPTY_BUT_REQUIRED:
        setattr(header, keyword, None)
    for keyword, text in HEADER_TEXT.items():
        setattr(header, keyword, text)
    header.SpecificCharacterSet = "ISO_IR 192"
    header.SOPClassUID = CTImageStorage
    header.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    header.Modality = "CT"
    header.SeriesDescription = f"{SYNTHETIC} {series_description}"[:LONG_STRING]
    header.PatientID = patient_id
    header.PatientName = f"{patient_id}^"
    header.PatientPosition = "HFS"
    header.SeriesNumber = 1
    for keyword, role in (
        ("StudyInstanceUID", "study"),
        ("SeriesInstanceUID", f"series {series_description}"),
        ("FrameOfReferenceUID", "frame of reference"),
    ):
        setattr(header, keyword, generate_uid(entropy_srcs=[source, patient_id, role]))
    direction = geometry.direction_matrix
    header.ImageOrientationPatient = _decimals([*direction[:, 0], *direction[:, 1]])
    header.PixelSpacing = _decimals(geometry.spacing_mm[1:])
    header.SliceThickness = _decimals([geometry.spacing_mm[0]])[0]
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.Rows, header.Columns = geometry.shape[1:]
    header.BitsAllocated = header.BitsStored = 16
    header.HighBit = 15
    header.PixelRepresentation = int(stored.dtype.kind == "i")
    header.RescaleSlope = "1"
    header.RescaleIntercept = str(RESCALE_INTERCEPT)
    header.RescaleType = "HU"
    return header


def _write_slice(
    header: FileDataset,
    geometry: VolumeGeometry,
    z: int,
    plane: npt.NDArray[np.generic],
    path: Path,
) -> None:
    uid = generate_uid(entropy_srcs=[str(header.SeriesInstanceUID), str(z)])
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = uid
    header.InstanceNumber = z + 1
    header.ImagePositionPatient = _decimals(geometry.index_to_lps((z, 0, 0)))
    header.PixelData = plane.astype(plane.dtype.newbyteorder("<")).tobytes()
    pydicom.dcmwrite(path, header, enforce_file_format=True)


def _decimals(numbers: npt.ArrayLike) -> list[str]:
    """Return numbers as DS: at most 16 characters, as exact as these allow."""
    return [
        pydicom.valuerep.format_number_as_ds(float(number) + 0.0) for number in np.asarray(numbers)
    ]
