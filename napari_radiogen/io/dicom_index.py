"""Every DICOM file of a collection by its content: whose, which series, what a mask refers to.

Folder and file names decide nothing, so that the layouts of TCIA, IDC and of
a plain copy read alike.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import RTStructureSetStorage, SegmentationStorage

from napari_radiogen.domain import CTVolume
from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_headers import (
    MULTI_FRAME_CT,
    SINGLE_FRAME_CT,
    DicomScan,
    DicomSeries,
    check_inflates,
    is_dicom,
    scan_dicom,
)
from napari_radiogen.io.dicom_series import read_series

#: Label map storage, which pydicom may not name yet.
LABEL_MAP_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.7"
#: More files than any collection of chest CT has: someone pointed at a disk.
MAX_COLLECTION_FILES = 2_000_000
DICOM_SUFFIXES = (".dcm", ".ima", ".dicom")
INDEX_TAGS = [
    "SOPClassUID", "ImageType", "PatientID", "SeriesInstanceUID",
    "FrameOfReferenceUID", "ReferencedSeriesSequence", "ReferencedFrameOfReferenceSequence",
    "SegmentSequence", "StructureSetROISequence", "RTROIObservationsSequence",
]  # fmt: skip


@dataclass(frozen=True)
class Region:
    """A segment or contoured region: its number, what it is called, and by whom made."""

    number: int
    label: str
    automatic: bool = False


@dataclass(frozen=True)
class FileFacts:
    """What the header of one file says; ``kind`` is ct, mask, other, unreadable or none.

    The texts are the header's own: they are compared, never printed.
    """

    path: str
    kind: str
    patient: str = ""
    series_uid: str = ""
    frames: tuple[str, ...] = ()
    refers_to: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()


def collection_files(folder: Path) -> list[str]:
    """Return every visible file below a folder, in order.

    Raises
    ------
    InputError
        When it is no folder or holds too many files.
    """
    if not folder.is_dir():
        raise InputError("no such folder", folder)
    found: list[str] = []
    for name in _walk(folder):
        found.append(name)
        if len(found) > MAX_COLLECTION_FILES:
            raise InputError(f"holds more than {MAX_COLLECTION_FILES} files", folder)
    return sorted(found)


def file_facts(paths: Sequence[str]) -> list[FileFacts]:
    """Read the headers of some files."""
    return [_facts(Path(path)) for path in paths]


def read_ct_files(paths: Sequence[str]) -> CTVolume:
    """Read a CT from exactly these DICOM files of one series.

    Raises
    ------
    InputError
        As `read_series`.
    """
    scans = [scan_dicom(Path(path)) for path in paths]
    files = tuple(file for scan in scans for series in scan.series for file in series.files)
    folder = Path(os.path.commonpath([Path(path).parent for path in paths]))
    series = DicomSeries(scans[0].series[0].uid, files)
    return read_series(series, DicomScan(folder, (series,), ()))


def content_of(paths: Iterable[str]) -> str:
    """Return a sha256 of the content of files, whatever their names and order.

    Raises
    ------
    InputError
        When a file cannot be read.
    """
    digests = []
    for path in paths:
        try:
            with Path(path).open("rb") as stream:
                digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", path) from error
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _walk(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent) / name
            if not name.startswith(".") and path.is_file():
                yield str(path)


def _facts(path: Path) -> FileFacts:
    try:
        if not is_dicom(path):
            suspect = path.suffix.lower() in DICOM_SUFFIXES
            return FileFacts(str(path), "unreadable" if suspect else "none")
        with warnings.catch_warnings(), path.open("rb") as stream:
            # They are about the form of values; the values used are checked.
            warnings.filterwarnings("ignore", module="pydicom")
            check_inflates(stream)
            header = pydicom.dcmread(
                stream, stop_before_pixels=True, force=True, specific_tags=list(INDEX_TAGS)
            )
            return _of_header(path, header)
    except Exception:
        return FileFacts(str(path), "unreadable")


def _of_header(path: Path, header: Dataset) -> FileFacts:
    sop_class = str(header.get("SOPClassUID", ""))
    kind = "other"
    regions: tuple[Region, ...] = ()
    if sop_class in SINGLE_FRAME_CT + MULTI_FRAME_CT:
        kind = "other" if "LOCALIZER" in (header.get("ImageType") or ()) else "ct"
    elif sop_class in (SegmentationStorage, LABEL_MAP_SEGMENTATION):
        kind, regions = "mask", _segments(header)
    elif sop_class == RTStructureSetStorage:
        kind, regions = "mask", _contoured(header)
    return FileFacts(
        path=str(path),
        kind=kind,
        patient=str(header.get("PatientID", "")).strip(),
        series_uid=str(header.get("SeriesInstanceUID", "")),
        frames=_frames(header),
        refers_to=_references(header),
        regions=regions,
    )


def _segments(header: Dataset) -> tuple[Region, ...]:
    found = []
    for segment in header.get("SegmentSequence") or []:
        kinds = segment.get("SegmentedPropertyTypeCodeSequence") or []
        words = [str(segment.get("SegmentLabel", "")), *(str(k.get("CodeMeaning")) for k in kinds)]
        automatic = segment.get("SegmentAlgorithmType") == "AUTOMATIC"
        found.append(Region(int(segment.SegmentNumber), " ".join(words), automatic))
    return tuple(found)


def _contoured(header: Dataset) -> tuple[Region, ...]:
    kinds = {
        int(o.ReferencedROINumber): str(o.get("RTROIInterpretedType", ""))
        for o in header.get("RTROIObservationsSequence") or []
    }
    return tuple(
        Region(
            int(roi.ROINumber),
            f"{roi.get('ROIName', '')} {kinds.get(int(roi.ROINumber), '')}",
            roi.get("ROIGenerationAlgorithm") == "AUTOMATIC",
        )
        for roi in header.get("StructureSetROISequence") or []
    )


def _frames(header: Dataset) -> tuple[str, ...]:
    own = [header.get("FrameOfReferenceUID")]
    own += [
        r.get("FrameOfReferenceUID") for r in header.get("ReferencedFrameOfReferenceSequence", [])
    ]
    own += [
        r.get("ReferencedFrameOfReferenceUID") for r in header.get("StructureSetROISequence", [])
    ]
    return tuple(sorted({str(uid) for uid in own if uid}))


def _references(header: Dataset) -> tuple[str, ...]:
    named = {s.get("SeriesInstanceUID") for s in header.get("ReferencedSeriesSequence") or []}
    for frame in header.get("ReferencedFrameOfReferenceSequence") or []:
        for study in frame.get("RTReferencedStudySequence") or []:
            series = study.get("RTReferencedSeriesSequence") or []
            named |= {s.get("SeriesInstanceUID") for s in series}
    return tuple(sorted(str(uid) for uid in named if uid))
