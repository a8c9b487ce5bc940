"""A DICOM CT series to a volume, or a refusal that names the fault.

Slices are sorted by position along the normal and each must lie on the line
from the first to the last; slice thickness, instance numbers, file names and
file order decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pydicom.uid import UID_dictionary

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.domain import CTVolume, VolumeGeometry
from napari_radiogen.errors import GeometryError, InputError, SeveralSeriesError
from napari_radiogen.io.dicom_frames import Frame, frames_of, whole_number
from napari_radiogen.io.dicom_headers import (
    DicomFile,
    DicomScan,
    DicomSeries,
    known_modality,
    own_patient_id,
    plain_text,
    shown_uid,
)
from napari_radiogen.io.dicom_pixels import read_voxels
from napari_radiogen.io.dicom_stack import (
    check_acquisitions,
    check_line,
    check_steps,
    sorted_along_normal,
    step_mm,
)

#: Direction cosines and spacings of one series agree within this.
SAME_PLANE_TOLERANCE = 1e-4
#: Voxels of the largest volume accepted: 2 GiB as int16.
MAX_VOXELS = 2**30
#: Rows or columns of the largest slice; a stream may claim any size.
MAX_MATRIX = 8192
#: Series named in a message at most.
MAX_LISTED = 6


def choose_series(scan: DicomScan, uid: str | None = None) -> DicomSeries:
    """Return the asked series, or the only CT series there is.

    Raises
    ------
    InputError
        When there are several CT series and none was asked for, or no CT.
    """
    if uid is not None:
        for series in scan.series:
            if series.uid == uid:
                return series
        raise InputError(f"no series {plain_text(uid)} here: {_listing(scan.series)}", scan.path)
    ct = [series for series in scan.series if series.is_ct]
    if len(ct) > 1:
        raise SeveralSeriesError(
            f"{len(ct)} CT series; choose one by --series or its folder: {_listing(ct)}", scan.path
        )
    return ct[0] if ct else scan.series[0]


def read_series(series: DicomSeries, scan: DicomScan) -> CTVolume:
    """Read a CT series into HU.

    Raises
    ------
    InputError
        When it is not a CT, mixed, a scout, incomplete or unreadable.
    """
    ordered = ordered_slices(series, scan)
    warnings = check_line(ordered, scan.path) + check_acquisitions(ordered, scan.path)
    geometry = _geometry(ordered, series.files[0], scan.path)
    first = series.files[0].header
    description = plain_text(first.get("SeriesDescription"))
    return CTVolume(
        voxels=read_voxels(ordered, geometry.shape),
        geometry=geometry,
        series_uid=series.uid,
        patient_id=own_patient_id(first),
        modality="CT",
        description=description,
        warnings=(*warnings, *_header_warnings(series, ordered), *_left_aside(series, scan)),
        synthetic=description.startswith(SYNTHETIC),
    )


def ordered_slices(series: DicomSeries, scan: DicomScan) -> list[Frame]:
    """Return the slices of a complete CT series by rising place on the normal.

    Raises
    ------
    InputError
        When it is not a CT, mixed, a scout or has gaps or duplicates.
    """
    _check_is_ct(series, scan.path)
    _check_one_source(series, scan.path)
    frames = [frame for file in series.files for frame in frames_of(file)]
    _check_same_planes(frames)
    ordered, positions = sorted_along_normal(frames)
    check_steps(ordered, positions, scan.path)
    return ordered


def series_geometry(series: DicomSeries, scan: DicomScan) -> VolumeGeometry:
    """Return the grid of a CT series without reading its pixels.

    Raises
    ------
    InputError
        As for `read_series`.
    """
    ordered = ordered_slices(series, scan)
    check_line(ordered, scan.path)
    check_acquisitions(ordered, scan.path)
    return _geometry(ordered, series.files[0], scan.path)


def _listing(series: Sequence[DicomSeries]) -> str:
    several = len({own_patient_id(s.files[0].header) for s in series}) > 1
    parts = []
    for one in series[:MAX_LISTED]:
        patient = f", {own_patient_id(one.files[0].header) or 'no patient'}" if several else ""
        parts.append(f"{shown_uid(one.uid)} ({one.modality}, {len(one.files)} files{patient})")
    more = len(series) - MAX_LISTED
    return ", ".join([*parts, f"and {more} more"] if more > 0 else parts)


def _check_is_ct(series: DicomSeries, folder: Path) -> None:
    localizers = [f for f in series.files if f.is_localizer]
    if localizers and len(localizers) < len(series.files):
        raise InputError("a localizer lies among the slices: take it out", localizers[0].path)
    if localizers:
        raise InputError("a localizer (scout), not a volume", folder)
    for file in series.files:
        modality = file.header.get("Modality")
        if modality != "CT" or not file.is_ct_image:
            # A damaged header may hold several where one belongs.
            uid = str(file.header.get("SOPClassUID"))
            what = UID_dictionary[uid][0] if uid in UID_dictionary else "unknown class"
            raise InputError(f"not a CT image: {known_modality(file.header)}, {what}", file.path)


def _check_one_source(series: DicomSeries, folder: Path) -> None:
    """Refuse files of one series that differ in whose and where they are."""
    if not series.uid:
        raise InputError(
            "files have no series UID, so nothing says that they belong together", folder
        )
    readings: dict[str, Callable[[DicomFile], object]] = {
        "patient": lambda f: f.header.get("PatientID"),
        "study": lambda f: f.header.get("StudyInstanceUID"),
        "frame of reference": lambda f: f.header.get("FrameOfReferenceUID"),
        "image class": lambda f: f.header.get("SOPClassUID"),
        "matrix": lambda f: (f.header.get("Rows"), f.header.get("Columns")),
    }
    first = series.files[0]
    for what, reading in readings.items():
        for other in series.files[1:]:
            if reading(other) != reading(first):
                raise InputError(f"another {what} than {first.path.name}: mixed series", other.path)


def _check_same_planes(frames: Sequence[Frame]) -> None:
    first = frames[0]
    for other in frames[1:]:
        if np.abs(other.orientation - first.orientation).max() > SAME_PLANE_TOLERANCE:
            raise InputError(
                f"another orientation than {first.path.name}: mixed series", other.path
            )
        if np.abs(other.spacing_mm / first.spacing_mm - 1).max() > SAME_PLANE_TOLERANCE:
            raise InputError(
                f"another pixel spacing than {first.path.name}: mixed series", other.path
            )


def _geometry(frames: Sequence[Frame], file: DicomFile, folder: Path) -> VolumeGeometry:
    first = frames[0]
    rows, columns = (whole_number(file.header, name) or 0 for name in ("Rows", "Columns"))
    shape = (len(frames), rows, columns)
    if np.prod(shape, dtype=float) > MAX_VOXELS or max(shape[1:]) > MAX_MATRIX:
        raise InputError(f"{shape} voxels are more than this program accepts", folder)
    step = step_mm(frames)
    length = float(np.linalg.norm(step))
    direction = np.column_stack([first.orientation[:3], first.orientation[3:], step / length])
    frame_of_reference = file.header.get("FrameOfReferenceUID")
    try:
        return VolumeGeometry(
            shape=shape,
            spacing_mm=(length, float(first.spacing_mm[0]), float(first.spacing_mm[1])),
            origin_mm=(
                float(first.position_mm[0]),
                float(first.position_mm[1]),
                float(first.position_mm[2]),
            ),
            direction=tuple(direction.ravel()),
            frame_of_reference_uid=str(frame_of_reference) if frame_of_reference else None,
        )
    except GeometryError as error:
        raise InputError(error.reason, folder) from error


def _header_warnings(series: DicomSeries, frames: Sequence[Frame]) -> list[str]:
    headers = [file.header for file in series.files]
    warnings = []
    if any(frame.rescale_type != "HU" for frame in frames):
        warnings.append("the rescale does not say HU")
    if any(header.get("LossyImageCompression") == "01" for header in headers):
        warnings.append("pixels were compressed with loss")
    return warnings


def _left_aside(series: DicomSeries, scan: DicomScan) -> list[str]:
    warnings = []
    others = [s for s in scan.series if s is not series]
    if others:
        kinds = ", ".join(sorted({s.modality or "unknown" for s in others}))
        warnings.append(f"{len(others)} other series in the folder left aside ({kinds})")
    if scan.other_files:
        names = ", ".join(plain_text(f.name) for f in scan.other_files[:3])
        warnings.append(f"{len(scan.other_files)} files that are not DICOM left aside: {names}")
    return warnings
