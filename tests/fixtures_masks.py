"""Masks written with highdicom, pydicom and plain text, and faults to plant in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from napari_radiogen.domain import CTVolume, VolumeGeometry

FRAME_UID = generate_uid(entropy_srcs=["frame of masks"])
SERIES_UID = generate_uid(entropy_srcs=["series of masks"])
AXIAL_GRID = VolumeGeometry(
    (5, 60, 70), (2.5, 0.7, 0.9), (-20.0, 30.0, -100.0), frame_of_reference_uid=FRAME_UID
)


def ct_on(grid: VolumeGeometry = AXIAL_GRID) -> CTVolume:
    """A CT of air."""
    return CTVolume(np.full(grid.shape, -1000, np.int16), grid, series_uid=SERIES_UID)


def write_foreign_seg(
    folder: Path,
    path: Path,
    pixels: np.ndarray,
    *,
    kind: str = "BINARY",
    change: Callable[[Dataset], None] | None = None,
    keep_empty: bool = False,
) -> Path:
    """Write a SEG of another maker on the slices of a folder, by rising z."""
    headers = [pydicom.dcmread(p) for p in folder.iterdir()]
    headers.sort(key=lambda h: float(h.ImagePositionPatient[2]))
    for header in headers:
        for keyword in (
            "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID",
            "PatientBirthDate", "PatientSex",
        ):  # fmt: skip
            setattr(header, keyword, None)
    count = pixels.shape[3] if pixels.ndim == 4 else max(1, int(pixels.max()))
    segmentation = hd.seg.Segmentation(
        source_images=headers,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[
            hd.seg.SegmentDescription(
                segment_number=number,
                segment_label=f"Part {number}",
                segmented_property_category=codes.SCT.Tissue,
                segmented_property_type=codes.SCT.Tissue,
                algorithm_type="MANUAL",
            )
            for number in range(1, count + 1)
        ],
        series_instance_uid=generate_uid(),
        series_number=1,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="maker",
        manufacturer_model_name="model",
        software_versions="1",
        device_serial_number="1",
        omit_empty_frames=not keep_empty,
    )
    if change is not None:
        change(segmentation)
    segmentation.save_as(path)
    return path


def write_rtstruct(
    path: Path,
    structures: Sequence[tuple[str, Sequence[np.ndarray]]],
    *,
    frame_uid: str = FRAME_UID,
    kind: str = "CLOSED_PLANAR",
    change: Callable[[Dataset], None] | None = None,
) -> Path:
    """Write structures, each a name and outlines (N, 3) LPS mm."""
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = RTStructureSetStorage
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    header.Modality = "RTSTRUCT"
    header.PatientName = "Doe^John"
    header.StructureSetROISequence = Items()
    header.ROIContourSequence = Items()
    for number, (name, outlines) in enumerate(structures, start=11):
        roi, contours = Dataset(), Dataset()
        roi.ROINumber = contours.ReferencedROINumber = number
        roi.ROIName = name
        if frame_uid:
            roi.ReferencedFrameOfReferenceUID = frame_uid
        contours.ContourSequence = Items()
        for outline in outlines:
            item = Dataset()
            item.ContourGeometricType = kind
            item.NumberOfContourPoints = len(outline)
            item.ContourData = [f"{v:.6g}" for v in np.asarray(outline).ravel()]
            contours.ContourSequence.append(item)
        header.StructureSetROISequence.append(roi)
        header.ROIContourSequence.append(contours)
    if change is not None:
        change(header)
    pydicom.dcmwrite(path, header, enforce_file_format=True)
    return path


def ring(
    centre: tuple[float, float], radius_mm: float, z_mm: float, points: int = 90
) -> np.ndarray:
    """A circle with a lobe in an axial slice, (N, 3) LPS mm."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    radius = radius_mm * (1 + 0.2 * np.cos(3 * angle))
    x, y = centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)
    return np.column_stack([x, y, np.full(len(x), z_mm)])


Roi = tuple[float, str, Sequence[tuple[int, int]]]


def lidc_xml(sessions: Sequence[Sequence[Sequence[Roi]]], series: str = SERIES_UID) -> str:
    """Sessions of nodules of outlines (z, TRUE or FALSE, pixels (x, y))."""
    parts = ['<?xml version="1.0"?><LidcReadMessage xmlns="http://www.nih.gov">']
    parts.append(
        f"<ResponseHeader><SeriesInstanceUid>{series}</SeriesInstanceUid></ResponseHeader>"
    )
    for nodules in sessions:
        parts.append("<readingSession>")
        for rois in nodules:
            parts.append("<unblindedReadNodule><noduleID>Doe</noduleID>")
            for z, inclusion, pixels in rois:
                edges = "".join(
                    f"<edgeMap><xCoord>{x}</xCoord><yCoord>{y}</yCoord></edgeMap>"
                    for x, y in pixels
                )
                parts.append(
                    f"<roi><imageZposition>{z} </imageZposition>"
                    f"<inclusion>{inclusion}</inclusion>{edges}</roi>"
                )
            parts.append("</unblindedReadNodule>")
        parts.append("</readingSession>")
    return "".join([*parts, "</LidcReadMessage>"])


def box_outline(low: tuple[int, int], high: tuple[int, int]) -> list[tuple[int, int]]:
    """Pixels (x, y) of a rectangle's outline, in order round it."""
    (x0, y0), (x1, y1) = low, high
    top = [(x, y0) for x in range(x0, x1)]
    right = [(x1, y) for y in range(y0, y1)]
    bottom = [(x, y1) for x in range(x1, x0, -1)]
    left = [(x0, y) for y in range(y1, y0, -1)]
    return top + right + bottom + left
