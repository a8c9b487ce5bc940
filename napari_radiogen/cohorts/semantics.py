"""Radiologists' words for a tumour as the scores of LIDC, so that both can be compared.

LIDC scores go from 1 to 5: texture 1 ground glass .. 5 solid, spiculation and
lobulation 1 none .. 5 marked, margin 1 poorly defined .. 5 sharp. The words are
those of the AIM files of NSCLC Radiogenomics. Each target is our reading of a
word on that scale; an unknown word gives none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_radiogen.errors import InputError
from napari_radiogen.io.clinical import read_clinical

ATTENUATION = "Nodule Attenuation"
MARGIN_FIRST = "Nodule Margins-Primary Pattern"
MARGIN_SECOND = "Nodule Margins-Secondary Pattern"
#: Columns that may hold a size: diameter in mm, or a volume in mm3 (pyradiomics).
DIAMETER_COLUMN = "diameter_mm"
VOLUME_COLUMNS = ("original_shape_MeshVolume", "original_shape_VoxelVolume")

#: Attenuation to texture. "Greater than 5 mm" is of the solid part of a part-solid nodule.
TEXTURE = {
    "solid": 5.0,
    "solid greaterthan 5mm": 4.0,
    "part solid": 3.0,
    "partially solid": 3.0,
    "solid lessthan 5mm": 2.5,
    "semi-consolidation": 3.0,
    "non-solid": 1.0,
    "ground glass": 1.0,
    "pure ground glass": 1.0,
}
#: Margin pattern to spiculation, lobulation and margin.
MARGINS = {
    "smooth": {"spiculation": 1.0, "lobulation": 1.0, "margin": 5.0},
    "lobulated": {"spiculation": 1.5, "lobulation": 4.5, "margin": 4.0},
    "spiculated": {"spiculation": 5.0, "lobulation": 2.5, "margin": 3.0},
    "irregular": {"spiculation": 3.0, "lobulation": 3.0, "margin": 3.0},
    "poorly defined": {"spiculation": 2.0, "lobulation": 2.0, "margin": 1.0},
}
#: Share of the primary margin pattern where a secondary one is given.
PRIMARY_SHARE = 2 / 3


@dataclass(frozen=True)
class Semantics:
    """A tumour's targets on LIDC's scales, and its diameter in mm where known."""

    patient_id: str
    scores: Mapping[str, float]
    diameter_mm: float | None
    words: Mapping[str, str]


def read_semantics(path: Path, sizes: Path | None = None) -> dict[str, Semantics]:
    """Read what radiologists said of each patient's tumour.

    Parameters
    ----------
    path
        CSV with the columns of the AIM files, one row a patient.
    sizes
        CSV with a diameter or a volume of the same patients.

    Returns
    -------
    dict
        Patients with at least an attenuation or a margin.

    Raises
    ------
    InputError
        When a column is missing.
    """
    table = read_clinical(path)
    missing = [c for c in (ATTENUATION, MARGIN_FIRST) if c not in table.columns]
    if missing:
        raise InputError(f"lacks the columns {', '.join(missing)}", path)
    own = {p: _diameter(row) for p, row in table.rows.items()}
    measured = _sizes(sizes) if sizes is not None else {}
    found = {}
    for patient, row in table.rows.items():
        scores = _scores(row)
        if scores:
            words = {c: row.get(c, "") for c in (ATTENUATION, MARGIN_FIRST, MARGIN_SECOND)}
            size = measured.get(patient) or own[patient]
            found[patient] = Semantics(patient, scores, size, words)
    return found


def _scores(row: Mapping[str, str]) -> dict[str, float]:
    scores: dict[str, float] = {}
    texture = TEXTURE.get(row.get(ATTENUATION, "").strip().lower())
    if texture is not None:
        scores["texture"] = texture
    first = MARGINS.get(row.get(MARGIN_FIRST, "").strip().lower())
    second = MARGINS.get(row.get(MARGIN_SECOND, "").strip().lower())
    if first is not None:
        other = first if second is None else second
        for name, value in first.items():
            scores[name] = PRIMARY_SHARE * value + (1 - PRIMARY_SHARE) * other[name]
    return scores


def _sizes(path: Path) -> dict[str, float]:
    table = read_clinical(path)
    if not {DIAMETER_COLUMN, *VOLUME_COLUMNS} & set(table.columns):
        raise InputError(f"lacks a column {DIAMETER_COLUMN} or {VOLUME_COLUMNS[0]}", path)
    found = {patient: _diameter(row) for patient, row in table.rows.items()}
    return {patient: size for patient, size in found.items() if size is not None}


def _diameter(row: Mapping[str, str]) -> float | None:
    """Return a diameter in mm, that of the ball of equal volume where a volume is given."""
    diameter = _positive(row.get(DIAMETER_COLUMN, ""))
    if diameter is not None:
        return diameter
    for column in VOLUME_COLUMNS:
        volume = _positive(row.get(column, ""))
        if volume is not None:
            return float((6 * volume / math.pi) ** (1 / 3))
    return None


def _positive(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None
