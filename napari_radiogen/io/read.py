"""The one entry for scans: whatever the format, a checked CT or a refusal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from napari_radiogen.domain import CTVolume
from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_headers import (
    DicomScan,
    DicomSeries,
    is_dicom,
    scan_dicom,
    shown_uid,
)
from napari_radiogen.io.dicom_series import choose_series, read_series
from napari_radiogen.io.images import read_image, sniff_image
from napari_radiogen.io.sources import check_no_archive, check_openable

VOLUME_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
OBLIQUE_WARNING = "axes are oblique: the voxels keep their own grid, a display resamples them"
#: Patient, study and series below the folder that a person gives.
LEVELS_SEARCHED = 4
#: Looked at before a folder is said to hold no DICOM: entries of one folder, and folders.
ENTRIES_SEARCHED, FOLDERS_SEARCHED = 100, 100


@dataclass(frozen=True)
class SeriesReport:
    """What one series is; the geometry is None when it cannot be read."""

    uid: str
    modality: str
    shape: list[int] | None = None
    spacing_mm: list[float] | None = None
    origin_mm: list[float] | None = None
    direction: list[float] | None = None
    hu_min: float | None = None
    hu_max: float | None = None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {**vars(self), "warnings": list(self.warnings)}


@dataclass(frozen=True)
class Inspection:
    """What lies at a path and what hinders reading it."""

    kind: str
    series: tuple[SeriesReport, ...]
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the form that ``radiogen inspect --json`` prints."""
        return {
            "kind": self.kind,
            "series": [report.to_json() for report in self.series],
            "problems": list(self.problems),
        }


def read_ct(path: Path, series_uid: str | None = None) -> CTVolume:
    """Read a CT from a DICOM folder or file, NIfTI, NRRD or MetaImage.

    Parameters
    ----------
    path
        Folder (searched below as well) or file.
    series_uid
        Which DICOM series, where there are several.

    Returns
    -------
    CTVolume
        HU (Z, Y, X), int16 when that holds every value, with the warnings
        that a person should see.

    Raises
    ------
    InputError
        When nothing there is a complete, unambiguous CT; the message is one
        line, ``FILE: reason``.
    """
    path = _existing(path)
    if not _holds_dicom(path):
        return _warned(read_image(path))
    scan = scan_dicom(path)
    return _warned(read_series(choose_series(scan, series_uid), scan))


def inspect_path(path: Path, series_uid: str | None = None) -> Inspection:
    """Tell what a path holds, every series of it, and what is wrong.

    Raises
    ------
    InputError
        When there is no image at all.
    """
    path = _existing(path)
    if not _holds_dicom(path):
        return Inspection(sniff_image(path) or "", (_report(_warned(read_image(path))),), ())
    scan = scan_dicom(path)
    problems: list[str] = []
    try:
        chosen = choose_series(scan, series_uid)
    except InputError as error:
        problems.append(str(error))
        chosen = None
    shown = scan.series if series_uid is None else [s for s in scan.series if s is chosen]
    reports = tuple(_series_report(series, scan, problems, chosen) for series in shown)
    return Inspection("dicom-series", reports, tuple(problems))


def looks_like_scan(path: Path) -> bool:
    """Whether a path seems to hold a scan, from a bounded number of looks.

    A folder does when DICOM lies in it or a few levels below; a file does by
    its content or its name. True promises nothing: ``read_ct`` checks.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return any(_is_dicom(file) for file in _first_files(path))
        named = path.name.lower().endswith(VOLUME_SUFFIXES)
        return path.is_file() and (named or is_dicom(path) or sniff_image(path) is not None)
    except OSError:
        return False


def _is_dicom(file: Path) -> bool:
    try:
        return is_dicom(file)
    except OSError:
        return False


def _first_files(folder: Path) -> Iterator[Path]:
    """Yield files of a folder and those below, level by level, up to the bounds."""
    level = [folder]
    left = FOLDERS_SEARCHED
    for _ in range(LEVELS_SEARCHED + 1):
        below: list[Path] = []
        for current in level[:left]:
            for entry in _first_entries(current):
                if entry.is_dir(follow_symlinks=False):
                    below.append(Path(entry.path))
                elif entry.is_file():
                    yield Path(entry.path)
        left -= len(level[:left])
        level = below


def _first_entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            visible = (entry for entry in entries if not entry.name.startswith("."))
            return list(islice(visible, ENTRIES_SEARCHED))
    except OSError:
        return []


def _existing(path: Path) -> Path:
    path = Path(path)
    if not path.exists():
        raise InputError("no such file or folder", path)
    check_openable(path)
    if path.is_file():
        check_no_archive(path)
    return path


def _warned(volume: CTVolume) -> CTVolume:
    """Add the notice that oblique axes deserve."""
    if volume.geometry.is_axis_aligned:
        return volume
    return replace(volume, warnings=(*volume.warnings, OBLIQUE_WARNING))


def _holds_dicom(path: Path) -> bool:
    try:
        return path.is_dir() or is_dicom(path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path) from error


def _series_report(
    series: DicomSeries, scan: DicomScan, problems: list[str], chosen: DicomSeries | None
) -> SeriesReport:
    """Report a series; only CT, or what was asked for, can be a problem."""
    try:
        return _report(_warned(read_series(series, scan)))
    except InputError as error:
        if series.is_ct or series is chosen:
            problems.append(str(error))
        return SeriesReport(shown_uid(series.uid), series.modality, warnings=(error.reason,))


def _report(volume: CTVolume) -> SeriesReport:
    return SeriesReport(
        uid=volume.series_uid,
        modality=volume.modality,
        hu_min=volume.voxels.min().item(),
        hu_max=volume.voxels.max().item(),
        warnings=volume.warnings,
        **volume.geometry.to_json(),
    )
