"""Labels to DICOM SEG, tied to the slices of their CT."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from napari_radiogen import __version__
from napari_radiogen.domain import LabelVolume
from napari_radiogen.errors import RadiogenError, Stop, check_stop
from napari_radiogen.io.dicom_headers import own_patient_id, plain_text, scan_dicom
from napari_radiogen.io.dicom_series import choose_series, ordered_slices, series_geometry
from napari_radiogen.io.mask_model import Segment, segments_of
from napari_radiogen.io.save import atomic_write

#: Header fields of the CT that highdicom copies and that tell who it is.
IDENTITY = (
    "PatientBirthDate", "PatientSex", "AccessionNumber", "ReferringPhysicianName", "StudyDate",
    "StudyTime", "StudyID",
)  # fmt: skip
#: Longest text of VR LO.
LONG_STRING = 64


def write_seg(
    labels: LabelVolume | Sequence[LabelVolume],
    source_series_folder: Path,
    path: Path,
    *,
    patient_id: str | None = None,
    algorithm: str | None = None,
    description: str = "Nodules",
    series_uid: str | None = None,
    nodules: bool = True,
    cancelled: Stop | None = None,
) -> None:
    """Write labels as a binary DICOM SEG that refers to a CT series.

    Study and frame of reference are the CT's, since that is what places the
    segments; identity and dates are not taken over.

    Parameters
    ----------
    labels
        On the grid of the series; several volumes where segments overlap.
        Segments are numbered from 1 in the order of their labels.
    source_series_folder
        Folder with the single-frame CT slices.
    path
        New ``.dcm`` file.
    patient_id
        An id of ours; by default one derived from the CT's.
    algorithm
        Name of the model that made the labels; None when drawn or computed
        with the phantom.
    description
        Series description.
    series_uid
        Which series, where the folder holds several.
    nodules
        Whether every segment is a nodule; else they are coded as tissue.
    cancelled
        Asked between steps, and at each slice of the CT.

    Raises
    ------
    RadiogenError
        When there is no label, the grids differ, or the file cannot be
        written.
    Cancelled
        When `cancelled` says so; nothing is left behind.
    """
    check_stop(cancelled)
    scan = scan_dicom(Path(source_series_folder))
    series = choose_series(scan, series_uid)
    layers = [labels] if isinstance(labels, LabelVolume) else list(labels)
    grid = series_geometry(series, scan)
    if not all(layer.geometry.is_close(grid) for layer in layers):
        raise RadiogenError("labels and CT series lie on different grids", source_series_folder)
    segments = sorted((s for layer in layers for s in segments_of(layer)), key=lambda s: s.number)
    if not segments:
        raise RadiogenError("there is no label to write", path)
    images = []
    for frame in ordered_slices(series, scan):
        check_stop(cancelled)
        header = pydicom.dcmread(frame.path, stop_before_pixels=True)
        images.append(_without_identity(header, patient_id))
    pixels = _pixels(segments, overlapping=len(layers) > 1)
    names = [_name(segment, number, layers) for number, segment in enumerate(segments, start=1)]
    entropy = [series.uid, description, *names, hashlib.sha256(pixels.tobytes()).hexdigest()]
    try:
        segmentation = hd.seg.Segmentation(
            source_images=images,
            pixel_array=pixels,
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[
                _describe(number, name, algorithm, nodules)
                for number, name in enumerate(names, start=1)
            ],
            series_instance_uid=generate_uid(entropy_srcs=[*entropy, "series"]),
            series_number=100,
            sop_instance_uid=generate_uid(entropy_srcs=[*entropy, "instance"]),
            instance_number=1,
            manufacturer="napari-radiogen",
            manufacturer_model_name="napari-radiogen",
            software_versions=__version__,
            device_serial_number="0",
            series_description=description,
            content_label="NODULES" if nodules else "SEGMENTS",
            omit_empty_frames=True,
        )
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise RadiogenError(
            f"the headers of this CT cannot carry a DICOM SEG ({type(error).__name__})",
            source_series_folder,
        ) from error
    check_stop(cancelled)
    atomic_write(Path(path), lambda temporary: segmentation.save_as(temporary))


def _pixels(segments: Sequence[Segment], *, overlapping: bool) -> npt.NDArray[Any]:
    """(Z, Y, X) numbers from 1, or (Z, Y, X, segments) bool where they overlap."""
    if overlapping:
        return np.stack([segment.inside for segment in segments], axis=-1)
    compact = np.zeros(segments[0].inside.shape, np.min_scalar_type(len(segments)))
    for number, segment in enumerate(segments, start=1):
        compact[segment.inside] = number
    return compact


def _name(segment: Segment, number: int, layers: Sequence[LabelVolume]) -> str:
    """Return what the segment is called, as DICOM can hold it."""
    known = next((x.names[segment.number] for x in layers if segment.number in x.names), "")
    text = plain_text(known).replace("\\", "/").strip()
    # Characters by the standard, bytes for programs that check: the shorter suits both.
    name = text.encode()[:LONG_STRING].decode(errors="ignore").rstrip()
    return name or f"Segment {number}"


def _without_identity(header: Dataset, patient_id: str | None) -> Dataset:
    header.PatientID = patient_id or own_patient_id(header)
    header.PatientName = f"{header.PatientID}^"
    for keyword in IDENTITY:
        setattr(header, keyword, None)
    # Some CTs name none, or an empty one; what highdicom copies is ASCII by now.
    header.SpecificCharacterSet = "ISO_IR 192"
    return header


def _describe(
    number: int, name: str, algorithm: str | None, nodule: bool
) -> hd.seg.SegmentDescription:
    identification = None
    if algorithm is not None:
        identification = hd.AlgorithmIdentificationSequence(
            name=algorithm, version=__version__, family=codes.DCM.ArtificialIntelligence
        )
    kinds = hd.seg.SegmentAlgorithmTypeValues
    category = codes.SCT.MorphologicallyAbnormalStructure if nodule else codes.SCT.Tissue
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=category,
        segmented_property_type=codes.SCT.Nodule if nodule else codes.SCT.Tissue,
        algorithm_type=kinds.MANUAL if identification is None else kinds.AUTOMATIC,
        algorithm_identification=identification,
    )
