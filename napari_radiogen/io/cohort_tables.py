"""The tables of a cohort folder: subjects, attributes, expression, slices."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import ExpressionMatrix, Scale, Split, Subject
from napari_radiogen.errors import CohortError
from napari_radiogen.io.csv_cells import csv_cell, plain_cell

TABLES = ("subjects.csv", "attributes.csv", "expression.csv", "slices.csv")
_SUBJECT_KEYS = ("subject_id", "patient_id", "split")
_SLICE_NUMBERS = {"dz_mm": np.float32, "area_mm2": np.float32, "central": np.int8}


def format_tables(
    subjects: tuple[Subject, ...],
    matrix: ExpressionMatrix,
    slices: Mapping[str, npt.NDArray[Any]],
) -> dict[str, str]:
    """Return the text of each table by its file name."""
    clinical = sorted({key for s in subjects for key in s.clinical})
    measured = sorted({key for s in subjects for key in s.attributes})
    return {
        "subjects.csv": _csv(
            [*_SUBJECT_KEYS, *map(csv_cell, clinical)],
            [
                [
                    *map(csv_cell, (s.subject_id, s.patient_id, s.split)),
                    *(csv_cell(s.clinical.get(c, "")) for c in clinical),
                ]
                for s in subjects
            ],
        ),
        "attributes.csv": _csv(
            ["subject_id", *measured],
            [[s.subject_id, *(f"{s.attributes[m]:.6g}" for m in measured)] for s in subjects],
        ),
        "expression.csv": _csv(
            ["subject_id", *map(csv_cell, matrix.gene_symbols)],
            [
                [csv_cell(p), *(f"{v:.5f}" for v in row)]
                for p, row in zip(matrix.patient_ids, matrix.values, strict=True)
            ],
        ),
        "slices.csv": _csv(
            list(slices), list(zip(*map(_safe_column, slices.items()), strict=True))
        ),
    }


def parse_subjects(tables: Mapping[str, str]) -> tuple[Subject, ...]:
    """Join ``subjects.csv`` with ``attributes.csv``.

    Raises
    ------
    CohortError
        When a subject has no attributes or an unknown split.
    """
    attributes = {r["subject_id"]: r for r in _rows(tables["attributes.csv"])}
    return tuple(_subject(row, attributes) for row in _rows(tables["subjects.csv"]))


def parse_expression(text: str, scale: Scale, path: Path) -> ExpressionMatrix:
    """Read ``expression.csv``: subjects in rows, genes in columns.

    Raises
    ------
    CohortError
        When a cell is not a number.
    """
    table = list(csv.reader(io.StringIO(text)))
    try:
        values = np.array([row[1:] for row in table[1:]], dtype=np.float32)
    except ValueError as error:
        raise CohortError(f"expression.csv holds a bad number ({error})", subject=path) from error
    return ExpressionMatrix(
        values=values,
        patient_ids=tuple(plain_cell(row[0]) for row in table[1:]),
        gene_symbols=tuple(map(plain_cell, table[0][1:])),
        scale=scale,
    )


def parse_slices(text: str, path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read ``slices.csv`` into columns (N,).

    Raises
    ------
    CohortError
        When a column is missing.
    """
    rows = list(csv.reader(io.StringIO(text)))
    columns = {
        name: np.array([plain_cell(r[i]) for r in rows[1:]]) for i, name in enumerate(rows[0])
    }
    missing = {"subject_id", "patient_id", "split", "role", *_SLICE_NUMBERS} - set(columns)
    if missing:
        raise CohortError(f"slices.csv lacks {', '.join(sorted(missing))}", subject=path)
    for name, dtype in _SLICE_NUMBERS.items():
        columns[name] = columns[name].astype(dtype)
    return columns


def check_homes(
    subjects: Sequence[Subject],
    slices: Mapping[str, npt.NDArray[Any]],
    path: Path | None = None,
) -> None:
    """Check that all slices and subjects of a patient stand in one split.

    Raises
    ------
    CohortError
        When a patient stands in two, so that training would see test slices.
    """
    homes: dict[str, str] = {s.patient_id: s.split for s in subjects}
    rows = zip(slices["patient_id"].tolist(), slices["split"].tolist(), strict=True)
    for patient, split in sorted(set(rows)):
        home = homes.setdefault(patient, split)
        if split != home:
            reason = f"slices.csv puts patient {patient} in {split}, who also stands in {home}"
            raise CohortError(reason, subject=path)


def _subject(row: dict[str, str], attributes: dict[str, dict[str, str]]) -> Subject:
    measured = attributes.get(row["subject_id"])
    if measured is None:
        raise CohortError(f"subject {row['subject_id']} has no row in attributes.csv")
    if row["split"] not in get_args(Split):
        raise CohortError(f"subject {row['subject_id']} has the unknown split {row['split']!r}")
    return Subject(
        subject_id=row["subject_id"],
        patient_id=row["patient_id"],
        split=cast(Split, row["split"]),
        clinical={k: v for k, v in row.items() if k not in _SUBJECT_KEYS},
        attributes={k: float(v) for k, v in measured.items() if k != "subject_id"},
    )


def _safe_column(column: tuple[str, npt.NDArray[Any]]) -> list[Any]:
    """Return the cells of a column; ids are text, the others are numbers of ours."""
    name, values = column
    ids = name in ("subject_id", "patient_id")
    return [csv_cell(v) for v in values.tolist()] if ids else list(values)


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _rows(text: str) -> list[dict[str, str]]:
    """Return rows by column, without the apostrophes that `csv_cell` adds."""
    return [
        {plain_cell(k): plain_cell(v) for k, v in row.items() if k is not None}
        for row in csv.DictReader(io.StringIO(text), restval="")
    ]
