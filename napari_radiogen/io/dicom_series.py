"""A DICOM CT series to a volume, or a refusal that names the fault.

Slices are sorted by position along the normal and each must lie on the line
from the first to the last; slice thickness, instance numbers, file names and
file order decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.domain import CTVolume, VolumeGeometry
from napari_radiogen.errors import GeometryError, InputError
from napari_radiogen.io.dicom_frames import Frame, frames_of
from napari_radiogen.io.dicom_headers import (
    DicomFile,
    DicomScan,
    DicomSeries,
    own_patient_id,
    plain_text,
)
from napari_radiogen.io.dicom_pixels import read_voxels

FloatArray = npt.NDArray[np.float64]

#: Slices nearer than this share of the usual step lie at the same place.
DUPLICATE_SHARE = 0.01
#: A step beyond this multiple of the usual one is a gap.
GAP_FACTOR = 1.5
#: Straying from an even line: refused above, share of the step. Positions
#: rounded to 0.1 mm at 0.625 mm stray by 8 %.
STRAY_REFUSED = 0.10
#: Straying worth a warning, share of the step.
STRAY_WARNED = 0.01
#: Angle between the stack and the slice normal that deserves a warning, degrees.
TILT_WARNED_DEG = 0.05
#: Direction cosines and spacings of one series agree within this.
SAME_PLANE_TOLERANCE = 1e-4
#: Voxels of the largest volume accepted: 2 GiB as int16.
MAX_VOXELS = 2**30
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
        raise InputError(
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
    warnings = _check_line(ordered, scan.path)
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
    ordered, positions = _sorted_along_normal(frames)
    _check_steps(ordered, positions, scan.path)
    return ordered


def series_geometry(series: DicomSeries, scan: DicomScan) -> VolumeGeometry:
    """Return the grid of a CT series without reading its pixels.

    Raises
    ------
    InputError
        As for `read_series`.
    """
    ordered = ordered_slices(series, scan)
    _check_line(ordered, scan.path)
    return _geometry(ordered, series.files[0], scan.path)


def _listing(series: Sequence[DicomSeries]) -> str:
    parts = [f"{s.uid} ({s.modality}, {len(s.files)} files)" for s in series[:MAX_LISTED]]
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
            what = plain_text(file.header.get("SOPClassUID", "") and file.header.SOPClassUID.name)
            raise InputError(
                f"not a CT image: {plain_text(modality)}, {what or 'no class'}", file.path
            )


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


def _sorted_along_normal(frames: Sequence[Frame]) -> tuple[list[Frame], FloatArray]:
    """Return the frames by rising position along row x column, and (N,) mm."""
    normal = _normal(frames[0])
    along = np.array([frame.position_mm @ normal for frame in frames])
    order = np.argsort(along, kind="stable")
    return [frames[i] for i in order], along[order]


def _normal(frame: Frame) -> FloatArray:
    normal = np.cross(frame.orientation[:3], frame.orientation[3:])
    return np.asarray(normal / np.linalg.norm(normal))


def _check_steps(frames: Sequence[Frame], along_mm: FloatArray, folder: Path) -> None:
    """Refuse duplicates and gaps."""
    if len(frames) < 2:
        raise InputError(
            "one slice alone has no slice spacing; open the folder of the whole series",
            frames[0].path,
        )
    steps = np.diff(along_mm)
    usual = float(np.median(steps))
    narrow = int(np.argmin(steps))
    if steps[narrow] <= DUPLICATE_SHARE * usual:
        pair = frames[narrow], frames[narrow + 1]
        raise InputError(
            f"duplicate slices: {_name(pair[0])} and {_name(pair[1])} lie at the same position "
            f"({along_mm[narrow]:.2f} mm along the normal)",
            folder,
        )
    wide = int(np.argmax(steps))
    if steps[wide] > GAP_FACTOR * usual:
        missing = max(1, round(float(steps[wide]) / usual) - 1)
        raise InputError(
            f"gap: about {missing} missing slice(s) between {_name(frames[wide])} and "
            f"{_name(frames[wide + 1])}, {steps[wide]:.2f} mm apart, usually {usual:.2f} mm",
            folder,
        )


def _check_line(frames: Sequence[Frame], folder: Path) -> list[str]:
    """Refuse uneven steps; return what is worth a warning."""
    positions = np.array([frame.position_mm for frame in frames])
    step = _step(frames)
    length = float(np.linalg.norm(step))
    line = positions[0] + np.arange(len(frames))[:, None] * step
    stray = np.linalg.norm(positions - line, axis=1)
    worst = int(np.argmax(stray))
    if stray[worst] > STRAY_REFUSED * length:
        raise InputError(
            f"uneven slices: {_name(frames[worst])} lies {stray[worst]:.2f} mm off the even line "
            f"from first to last slice (step {length:.2f} mm)",
            folder,
        )
    warnings = []
    if stray[worst] > STRAY_WARNED * length:
        warnings.append(f"slice positions stray by up to {stray[worst]:.3f} mm from even steps")
    cosine = float(step @ _normal(frames[0])) / length
    tilt = float(np.degrees(np.arccos(min(1.0, abs(cosine)))))
    if tilt > TILT_WARNED_DEG:
        warnings.append(f"slices are stacked at a tilt of {tilt:.1f} degrees, kept as shear")
    return warnings


def _step(frames: Sequence[Frame]) -> FloatArray:
    """(3,) mm from a slice to the next, by the first and the last."""
    return np.asarray((frames[-1].position_mm - frames[0].position_mm) / (len(frames) - 1))


def _geometry(frames: Sequence[Frame], file: DicomFile, folder: Path) -> VolumeGeometry:
    first = frames[0]
    shape = (len(frames), int(file.header.get("Rows") or 0), int(file.header.get("Columns") or 0))
    if np.prod(shape, dtype=float) > MAX_VOXELS:
        raise InputError(f"{shape} voxels are more than this program accepts", folder)
    step = _step(frames)
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
    acquisitions = {str(header.get("AcquisitionNumber", "")) for header in headers}
    if len(acquisitions) > 1:
        warnings.append(f"slices come from {len(acquisitions)} acquisitions")
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


def _name(frame: Frame) -> str:
    return f"{frame.path.name}#{frame.index + 1}" if frame.index else frame.path.name
