"""A plain CSV that names each patient's CT and mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_radiogen.cohorts.collection import people
from napari_radiogen.cohorts.patient import PatientFiles
from napari_radiogen.errors import InputError
from napari_radiogen.io.clinical import ClinicalTable, read_clinical
from napari_radiogen.io.dicom_headers import is_dicom
from napari_radiogen.io.dicom_index import FileFacts, collection_files, file_facts

#: Columns that a manifest must have; further ones are clinical.
COLUMNS = ("patient_id", "ct", "mask")
#: Which series of a DICOM folder, where it holds several.
SERIES_COLUMN = "series"


@dataclass(frozen=True, eq=False)
class Manifest:
    """Patients whose files are there, reasons for the others, and the clinical columns."""

    files: dict[str, PatientFiles]
    reasons: dict[str, str]
    clinical: ClinicalTable


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; every path in it must lie inside its folder.

    Parameters
    ----------
    path
        CSV with the columns patient_id, ct (DICOM folder or image file), mask
        (DICOM SEG, RTSTRUCT or label image), perhaps series, and clinical ones.

    Raises
    ------
    InputError
        When a column is missing, a patient named twice, or a path leads outside.
    """
    table = read_clinical(path, id_column="patient_id")
    missing = [c for c in COLUMNS[1:] if c not in table.columns]
    if missing:
        raise InputError(f"lacks the columns {', '.join(missing)}", path)
    folder = path.parent.resolve()
    files: dict[str, PatientFiles] = {}
    reasons: dict[str, str] = {}
    # All paths are judged before any file is opened.
    places = {
        patient: tuple(_inside(folder, row[column], path) for column in ("ct", "mask"))
        for patient, row in table.rows.items()
    }
    for patient, (ct, mask) in places.items():
        found = _files_of(patient, ct, mask, table.rows[patient].get(SERIES_COLUMN, ""))
        if isinstance(found, str):
            reasons[patient] = found
        else:
            files[patient] = found
    hidden = {*COLUMNS, SERIES_COLUMN}
    rows = {p: {k: v for k, v in r.items() if k not in hidden} for p, r in table.rows.items()}
    columns = tuple(c for c in table.columns if c not in hidden)
    return Manifest(files, reasons, ClinicalTable(table.path, columns, rows))


def _inside(folder: Path, name: str, manifest: Path) -> Path | None:
    """Return the path that a cell names; None for an empty cell.

    Raises
    ------
    InputError
        When it leads out of the folder.
    """
    if not name.strip():
        return None
    try:
        place = (folder / name).resolve()
    except (OSError, ValueError) as error:
        raise InputError("names a path that cannot exist", manifest) from error
    if not place.is_relative_to(folder) or place == folder:
        raise InputError("names a path outside of its folder; move the files or it", manifest)
    return place


def _files_of(patient: str, ct: Path | None, mask: Path | None, series: str) -> PatientFiles | str:
    if ct is None or not ct.exists():
        return "no CT"
    if mask is None or not mask.is_file():
        return "no mask"
    slices = _slices(ct, series.strip())
    return slices if isinstance(slices, str) else PatientFiles(patient, slices, str(mask))


def _slices(ct: Path, series: str) -> tuple[str, ...] | str:
    """Return the files of the CT, or why there is no single one."""
    if ct.is_file() and not is_dicom(ct):
        return (str(ct),)
    facts = file_facts(collection_files(ct) if ct.is_dir() else [str(ct)])
    if any(fact.kind == "unreadable" for fact in facts):
        return "a file beside its slices cannot be read: one may be missing"
    found = _series_files(facts)
    if series:
        return found.get(series, "the series that the manifest names is not in its folder")
    if not found:
        return "no CT"
    if len(found) > 1:
        return f"{len(found)} CT series in its folder: name one in the column {SERIES_COLUMN}"
    return next(iter(found.values()))


def _series_files(facts: Sequence[FileFacts]) -> dict[str, tuple[str, ...]]:
    return {
        uid: tuple(sorted(file.path for file in series.files))
        for person in people(facts).values()
        for uid, series in person.ct.items()
    }
