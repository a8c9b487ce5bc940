"""A folder of nodule patches with an index: the real nodules of planted and surrogate cohorts."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.cohorts.nodule_slices import (
    NoduleBox,
    SliceRow,
    axial_rows,
    backgrounds,
    cut_box,
    other_plane_rows,
    segmentation_rows,
    touches_border,
)
from napari_radiogen.constants import PIXEL_MM
from napari_radiogen.domain import Split
from napari_radiogen.errors import InputError
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.io.labels import read_labels
from napari_radiogen.io.read import read_ct

#: Radiologists' mean scores that travel along as clinical columns.
READER_SCORES = ("malignancy", "texture", "spiculation", "lobulation", "margin", "subtlety")


@dataclass(frozen=True)
class Candidate:
    """A nodule, cut; a subject when it has backgrounds and lies off the border."""

    patient_id: str
    clinical: dict[str, str]
    attributes: dict[str, float]
    rows: list[SliceRow]
    is_subject: bool


def read_index(nodules: Path) -> list[dict[str, str]]:
    """Read ``index.csv``, sorted by patient and image.

    Raises
    ------
    InputError
        When it is missing, no table, or lacks a column or a cell.
    """
    file = nodules / "index.csv"
    if not file.is_file():
        raise InputError("index.csv is missing; expected a folder of nodule patches", nodules)
    try:
        with file.open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle, restkey="", restval=None))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read ({type(error).__name__})", file) from error
    missing = {"image", "mask", "pid"} - set(rows[0] if rows else {})
    if missing:
        raise InputError(f"lacks the columns {', '.join(sorted(missing))}", subject=file)
    for line, row in enumerate(rows, start=2):
        if "" in row or None in row.values():
            raise InputError(f"row {line} has not as many cells as the header", file)
    return sorted(rows, key=lambda r: (r["pid"], r["image"]))


def series_of(row: dict[str, str]) -> str:
    """Return what nodules of one scan share; masks of others lie elsewhere."""
    return row.get("uid") or row["image"]


def cut_nodule(nodules: Path, row: dict[str, str], index: list[dict[str, str]]) -> Candidate:
    """Cut one nodule of the index.

    Raises
    ------
    InputError
        When a file cannot be read or lies outside of the folder.
    """
    siblings = [r for r in index if series_of(r) == series_of(row) and r is not row]
    ct = read_ct(_inside(nodules / "patches", row["image"]))
    mask = read_labels(_inside(nodules / "patches", row["mask"]))
    outlines = [read_labels(_inside(nodules / "patches", r["mask"])) for r in siblings]
    box = cut_box(ct, mask, outlines)
    free = [] if touches_border(mask.labels) else backgrounds(box)
    others = other_plane_rows(ct, mask)
    clinical = {f"reader_{key}": row.get(key, "") for key in READER_SCORES}
    rows = (axial_rows(box, free) if free else segmentation_rows(box)) + others
    return Candidate(row["pid"], clinical, _measure(box), rows, bool(free))


def stack_rows(
    owned: list[tuple[str, str, Split, Candidate]],
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, npt.NDArray[Any]]]:
    """Return slices.csv by column, and the arrays.

    Parameters
    ----------
    owned
        Subject (empty when it is none), patient, split and nodule, in order.
    """
    pairs = [(subject, patient, split, r) for subject, patient, split, c in owned for r in c.rows]
    rows = [r for *_, r in pairs]
    columns = {
        "subject_id": np.array([subject for subject, *_ in pairs]),
        "patient_id": np.array([patient for _, patient, *_ in pairs]),
        "split": np.array([split for *_, split, _ in pairs]),
        "role": np.array([r.role for r in rows]),
        "plane": np.array([r.plane for r in rows]),
        "dz_mm": np.array([f"{r.dz_mm:.3f}" for r in rows]),
        "area_mm2": np.array([f"{r.mask.sum() * PIXEL_MM**2:.3f}" for r in rows]),
        "central": np.array([int(r.central) for r in rows]),
    }
    arrays = {key: np.stack([getattr(r, key) for r in rows]) for key in ("image", "mask", "paired")}
    return columns, arrays


def _inside(folder: Path, name: str) -> Path:
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise InputError("points outside of its folder", subject=name)
    return file


def _measure(box: NoduleBox) -> dict[str, float]:
    return slice_attributes(box.image[box.centre], box.mask[box.centre], PIXEL_MM)
