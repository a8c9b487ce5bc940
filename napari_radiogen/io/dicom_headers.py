"""Headers of DICOM files, found by content and sorted into series."""

from __future__ import annotations

import hashlib
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    MediaStorageDirectoryStorage,
)

from napari_radiogen.errors import InputError

PREAMBLE_BYTES = 128
MAGIC = b"DICM"
#: First tag of a file without preamble: group 0002 or 0008, little endian.
BARE_STARTS = (b"\x02\x00\x00\x00", b"\x08\x00")
DICOM_SUFFIXES = (".dcm", ".ima", ".dicom")
SYSTEM_FILES = ("thumbs.db", "desktop.ini")
#: More files than any study has: someone pointed at a disk.
MAX_FILES = 50_000
#: A deflated file that unpacks to more than this is a bomb, bytes.
MAX_INFLATED = 1 << 30
INFLATED_CHUNK = 1 << 22
#: Where the file meta information starts, and the length of its first element.
META_START, META_LENGTH_BYTES = PREAMBLE_BYTES + len(MAGIC), 12
#: The only modalities that a message repeats; anything else could be a name.
MODALITIES = (
    "CT", "MR", "PT", "NM", "CR", "DX", "MG", "US", "XA", "RF", "OT", "SC", "SEG", "SR", "PR",
    "KO", "REG", "DOC", "SM", "RTSTRUCT", "RTDOSE", "RTPLAN", "RTIMAGE",
)  # fmt: skip
#: Header text longer than this is cut before a person sees it.
MAX_TEXT = 200
SINGLE_FRAME_CT = (CTImageStorage,)
MULTI_FRAME_CT = (EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
HEADER_TAGS = [
    "SOPClassUID", "SOPInstanceUID", "ImageType", "Modality", "SeriesDescription", "PatientID",
    "StudyInstanceUID", "SeriesInstanceUID", "AcquisitionNumber", "InstanceNumber",
    "FrameOfReferenceUID",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns",
    "NumberOfFrames", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "RescaleSlope", "RescaleIntercept", "RescaleType",
    "ModalityLUTSequence", "LossyImageCompression", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]  # fmt: skip
#: Read where they are used, since nothing is lost when they make no sense.
DOUBTFUL_TAGS = ("AcquisitionNumber", "InstanceNumber")


@dataclass(frozen=True, eq=False)
class DicomFile:
    """One file and its header, pixels left on the disk."""

    path: Path
    header: Dataset

    @property
    def is_ct_image(self) -> bool:
        """Whether the SOP class is one of the CT images."""
        return self.header.get("SOPClassUID") in SINGLE_FRAME_CT + MULTI_FRAME_CT

    @property
    def is_localizer(self) -> bool:
        """Whether the image type calls it a scout."""
        return "LOCALIZER" in (self.header.get("ImageType") or ())


@dataclass(frozen=True, eq=False)
class DicomSeries:
    """Files that share a series UID."""

    uid: str
    files: tuple[DicomFile, ...]

    @property
    def modality(self) -> str:
        """Modality of the first file, ``other`` when it is none of the usual."""
        return known_modality(self.files[0].header)

    @property
    def is_ct(self) -> bool:
        """Whether it holds CT images other than a scout alone."""
        return any(f.is_ct_image and not f.is_localizer for f in self.files)


@dataclass(frozen=True, eq=False)
class DicomScan:
    """What lies in a folder."""

    path: Path
    series: tuple[DicomSeries, ...]
    other_files: tuple[Path, ...]


def is_dicom(path: Path) -> bool:
    """Whether the content says DICOM, whatever the name says."""
    with path.open("rb") as stream:
        start = stream.read(PREAMBLE_BYTES + len(MAGIC))
    if start[PREAMBLE_BYTES:] == MAGIC:
        return True
    return start.startswith(BARE_STARTS) and len(start) > PREAMBLE_BYTES


def scan_dicom(path: Path) -> DicomScan:
    """Read the headers of a DICOM file or of all DICOM files below a folder.

    Raises
    ------
    InputError
        When a file that should be DICOM cannot be read, since a skipped file
        is a missing slice, or when there is no DICOM at all.
    """
    groups: dict[str, list[DicomFile]] = {}
    others: list[Path] = []
    for file in _files(path):
        if not _is_dicom_or_foreign(file):
            others.append(file)
            continue
        found = _read_header(file)
        if found.header.get("SOPClassUID") != MediaStorageDirectoryStorage:
            groups.setdefault(str(found.header.get("SeriesInstanceUID", "")), []).append(found)
    if not groups:
        raise InputError("no DICOM image here; give a DICOM folder or an image file", path)
    series = tuple(DicomSeries(uid, tuple(files)) for uid, files in sorted(groups.items()))
    return DicomScan(path, series, tuple(f for f in others if not _is_system_file(f)))


def plain_text(value: object) -> str:
    """Return header text without control characters, cut to a sane length."""
    text = "" if value is None else str(value)
    return "".join(c for c in text if c.isprintable())[:MAX_TEXT]


def known_modality(header: Dataset) -> str:
    """Return the modality when it is one of the usual, else ``other``."""
    modality = str(header.get("Modality") or "")
    return modality if modality in MODALITIES else "other"


def shown_uid(uid: str) -> str:
    """Return a series UID as a message may show it: digits and dots alone."""
    return uid if re.fullmatch(r"[0-9.]{1,64}", uid) else "(no valid UID)"


def own_patient_id(header: Dataset) -> str:
    """Return an id of ours for the patient, stable and without header text."""
    identity = str(header.get("PatientID", ""))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
    return f"patient-{digest[:8]}" if identity else ""


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for count, file in enumerate(p for p in sorted(path.rglob("*")) if p.is_file()):
        if count >= MAX_FILES:
            raise InputError(
                f"holds more than {MAX_FILES} files; give the folder of one study", path
            )
        yield file


def _is_dicom_or_foreign(file: Path) -> bool:
    """Tell DICOM from foreign files; refuse what should be DICOM but is not."""
    try:
        if is_dicom(file):
            return True
        empty = file.stat().st_size == 0
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file) from error
    if _is_system_file(file) or file.name == "DICOMDIR":
        return False
    if empty or file.suffix.lower() in DICOM_SUFFIXES:
        kind = "empty" if empty else "not DICOM though named so"
        raise InputError(f"{kind}; a slice may be missing: restore or remove it", file)
    return False


def _convert(_dataset: Dataset, element: DataElement) -> None:
    """Have pydicom convert an element's value now, where failures are caught."""
    if element.keyword not in DOUBTFUL_TAGS:
        _ = element.value


def _is_system_file(file: Path) -> bool:
    return file.name.startswith(".") or file.name.lower() in SYSTEM_FILES


def _read_header(file: Path) -> DicomFile:
    try:
        with warnings.catch_warnings(), file.open("rb") as stream:
            # They are about the form of values; the values we use are checked.
            warnings.filterwarnings("ignore", module="pydicom")
            check_inflates(stream)
            header = pydicom.dcmread(
                stream, stop_before_pixels=True, force=True, specific_tags=HEADER_TAGS
            )
            header.walk(_convert)
    except InputError as error:
        raise InputError(error.reason, file) from error
    except Exception as error:
        # The text of a foreign error may quote the header.
        kind = "cut short" if isinstance(error, EOFError) else "damaged"
        raise InputError(f"DICOM header is {kind} ({type(error).__name__})", file) from error
    if "SOPClassUID" not in header and "SeriesInstanceUID" not in header:
        raise InputError("DICOM header is cut short or empty; a slice may be missing", file)
    return DicomFile(file, header)


def check_inflates(stream: BinaryIO) -> None:
    """Refuse a deflated file that is damaged or unpacks to more than a scan."""
    start = stream.read(1 << 12)
    if f"{DeflatedExplicitVRLittleEndian}".encode() in start:
        stream.seek(META_START + META_LENGTH_BYTES + struct.unpack_from("<I", start, 140)[0])
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        length = 0
        packed = stream.read()
        while packed and not unpacker.eof:
            length += len(unpacker.decompress(packed, INFLATED_CHUNK))
            packed = unpacker.unconsumed_tail
            if length > MAX_INFLATED:
                raise InputError(f"unpacks to more than {MAX_INFLATED >> 20} MiB: no CT does")
        if not unpacker.eof:
            raise InputError("truncated: the deflated data have no end")
    stream.seek(0)
