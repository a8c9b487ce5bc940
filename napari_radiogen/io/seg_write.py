"""Labels to DICOM SEG, tied to the slices of their CT."""

from __future__ import annotations

import hashlib
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from napari_radiogen import __version__
from napari_radiogen.domain import LabelVolume
from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.dicom_headers import own_patient_id, scan_dicom
from napari_radiogen.io.dicom_series import choose_series, ordered_slices, series_geometry
from napari_radiogen.io.save import atomic_write

#: Header fields of the CT that highdicom copies and that tell who it is.
IDENTITY = (
    "PatientBirthDate", "PatientSex", "AccessionNumber", "ReferringPhysicianName", "StudyDate",
    "StudyTime", "StudyID",
)  # fmt: skip


def write_seg(
    labels: LabelVolume,
    source_series_folder: Path,
    path: Path,
    *,
    patient_id: str | None = None,
    algorithm: str | None = None,
    description: str = "Nodules",
    series_uid: str | None = None,
) -> None:
    """Write labels as a binary DICOM SEG that refers to a CT series.

    Study and frame of reference are the CT's, since that is what places the
    segments; identity and dates are not taken over.

    Parameters
    ----------
    labels
        On the grid of the series.
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

    Raises
    ------
    RadiogenError
        When there is no label, the grids differ, or the file cannot be
        written.
    """
    scan = scan_dicom(Path(source_series_folder))
    series = choose_series(scan, series_uid)
    if not labels.geometry.is_close(series_geometry(series, scan)):
        raise RadiogenError("labels and CT series lie on different grids", source_series_folder)
    values = np.unique(labels.labels)
    values = values[values > 0]
    if not len(values):
        raise RadiogenError("there is no label to write", path)
    images = [
        _without_identity(pydicom.dcmread(frame.path, stop_before_pixels=True), patient_id)
        for frame in ordered_slices(series, scan)
    ]
    compact = np.zeros(labels.labels.shape, dtype=np.uint8)
    for number, value in enumerate(values, start=1):
        compact[labels.labels == value] = number
    entropy = [series.uid, description, hashlib.sha256(compact.tobytes()).hexdigest()]
    segmentation = hd.seg.Segmentation(
        source_images=images,
        pixel_array=compact,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _segment(number, labels.names.get(int(value), f"Nodule {number}"), algorithm)
            for number, value in enumerate(values, start=1)
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
        content_label="NODULES",
        omit_empty_frames=True,
    )
    atomic_write(Path(path), lambda temporary: segmentation.save_as(temporary))


def _without_identity(header: Dataset, patient_id: str | None) -> Dataset:
    header.PatientID = patient_id or own_patient_id(header)
    header.PatientName = f"{header.PatientID}^"
    for keyword in IDENTITY:
        setattr(header, keyword, None)
    return header


def _segment(number: int, name: str, algorithm: str | None) -> hd.seg.SegmentDescription:
    identification = None
    if algorithm is not None:
        identification = hd.AlgorithmIdentificationSequence(
            name=algorithm, version=__version__, family=codes.DCM.ArtificialIntelligence
        )
    kinds = hd.seg.SegmentAlgorithmTypeValues
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Nodule,
        algorithm_type=kinds.MANUAL if identification is None else kinds.AUTOMATIC,
        algorithm_identification=identification,
    )
