"""What a DICOM header tells about a scan; who it is only when asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import InvalidDicomError

from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_headers import plain_text, scan_dicom
from napari_radiogen.io.dicom_series import choose_series

Facts = tuple[tuple[str, str], ...]

#: Header field, what a person reads, unit.
TECHNICAL = (
    ("Modality", "modality", ""),
    ("BodyPartExamined", "body part", ""),
    ("PatientPosition", "position", ""),
    ("SliceThickness", "slice thickness", "mm"),
    ("ConvolutionKernel", "kernel", ""),
    ("KVP", "tube voltage", "kV"),
    ("XRayTubeCurrent", "tube current", "mA"),
    ("SpiralPitchFactor", "pitch", ""),
    ("Manufacturer", "scanner", ""),
    ("ManufacturerModelName", "model", ""),
)
#: Free text belongs here: people write names into it.
IDENTITY = (
    ("PatientName", "patient"),
    ("PatientID", "patient id"),
    ("PatientBirthDate", "born"),
    ("PatientSex", "sex"),
    ("PatientAge", "age"),
    ("StudyDate", "study date"),
    ("AccessionNumber", "accession"),
    ("InstitutionName", "institution"),
    ("ReferringPhysicianName", "referred by"),
    ("StudyDescription", "study"),
    ("SeriesDescription", "series"),
    ("ProtocolName", "protocol"),
)


def header_facts(path: Path, series_uid: str | None = None, *, identity: bool = False) -> Facts:
    """Read how a scan was made, and on request whose it is.

    Parameters
    ----------
    path
        As it was opened; for anything but DICOM the answer is empty.
    series_uid
        Which DICOM series, where there are several.
    identity
        Whether to read names, ids, dates and free text as well.

    Returns
    -------
    tuple
        (label, text) of the fields that hold something, plain text cut to 200
        characters. Nothing of it is kept anywhere.

    Raises
    ------
    InputError
        When the header cannot be read any more.
    """
    path = Path(path)
    if not path.is_dir() and path.suffix.lower() not in ("", ".dcm", ".ima"):
        return ()
    series = choose_series(scan_dicom(path), series_uid)
    tags = [name for name, *_ in (*TECHNICAL, *(IDENTITY if identity else ()))]
    file = series.files[0].path
    try:
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(tags))
        technical = [(label, _words(header.get(name), unit)) for name, label, unit in TECHNICAL]
        personal = [(label, _words(header.get(name))) for name, label in IDENTITY if identity]
    except (OSError, InvalidDicomError, ValueError, AttributeError) as error:
        raise InputError(f"its header cannot be read ({type(error).__name__})", file) from None
    return tuple((label, text) for label, text in (*technical, *personal) if text)


def _words(value: Any, unit: str = "") -> str:
    text = plain_text(value).strip()
    return f"{text} {unit}".strip() if text else ""
