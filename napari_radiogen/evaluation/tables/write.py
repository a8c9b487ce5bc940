"""Tables as CSV, Markdown and JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.evaluation.tables.registry import TableReport
from napari_radiogen.evaluation.tables.study import Study
from napari_radiogen.evaluation.tables.table import Interval, Row, Table
from napari_radiogen.io.csv_cells import csv_cell
from napari_radiogen.io.save import save_json, save_text

_COLUMNS = (
    "model",
    "system",
    "measure",
    "on",
    "unit",
    "value",
    "low",
    "high",
    "n",
    "patients",
    "control",
    "control_is",
    "published",
    "source",
)
_HEADS = ("model", "measure", "value", "95 % interval", "n", "control", "published")
#: Written of a number.
DIGITS = 4
#: Written in place of a number that does not exist.
UNKNOWN = "not defined"


def write_tables(folder: Path, study: Study, report: TableReport) -> None:
    """Write each table as CSV, and all of them as ``tables.md`` and ``tables.json``."""
    for table in report.tables:
        save_text(folder / f"{table.name}.csv", to_csv(table.rows))
        for name, text in table.files.items():
            save_text(folder / name, text)
    save_text(folder / "tables.md", to_markdown(study, report))
    save_json(folder / "tables.json", to_json(study, report))


def to_json(study: Study, report: TableReport) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    cohort = study.cohort
    return {
        "cohort": {"name": cohort.name, "kind": cohort.kind, "digest": cohort.digest},
        "seed": study.settings.seed,
        "models": [{"name": m.name, "sha256": m.digest} for m in study.models.everything()],
        "tables": {table.name: table.to_json() for table in report.tables},
        "left_out": report.left_out,
        "warning": RESEARCH_USE,
    }


def to_csv(rows: Iterable[Row]) -> str:
    """Return rows as CSV with a header; what is not finite is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        low, high = row.ci95 or (None, None)
        cells = (
            row.model,
            row.system,
            row.measure,
            row.on,
            row.unit,
            number(row.value),
            number(low),
            number(high),
            row.n,
            row.patients,
            number(row.control),
            row.control_is,
            "; ".join(number(p.value) for p in row.published),
            "; ".join(p.source for p in row.published),
        )
        # Numbers may be negative: only words can be formulas.
        writer.writerow([c if i in _NUMBERS else csv_cell(c) for i, c in enumerate(cells)])
    return text.getvalue()


_NUMBERS = {_COLUMNS.index(c) for c in ("value", "low", "high", "control", "published")}


def to_markdown(study: Study, report: TableReport) -> str:
    """Return all tables as one page."""
    cohort = study.cohort
    parts = [
        f"# {_cell(cohort.name)} ({cohort.kind})",
        f"**{RESEARCH_USE}.** Test patients only; intervals by resampling patients.",
    ]
    for table in report.tables:
        parts += [f"## {table.title}", _markdown_rows(table)]
        parts += ["\n".join(f"- {note}" for note in table.notes)] if table.notes else []
    if report.left_out:
        lines = [f"- {name}: {reason}" for name, reason in report.left_out.items()]
        parts += ["## Left out", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def number(value: float | None) -> str:
    """Return a number with its significant digits; empty where there is none."""
    if value is None or not math.isfinite(value):
        return ""
    return f"{value:.{DIGITS}g}"


def _markdown_rows(table: Table) -> str:
    lines = [f"| {' | '.join(_HEADS)} |", "|" + "---|" * len(_HEADS)]
    for row in table.rows:
        what = ", ".join(part for part in (row.measure, row.on, row.unit) if part)
        control = f"{number(row.control) or UNKNOWN} ({row.control_is})" if row.control_is else ""
        cells = (
            f"{row.model} ({row.system})",
            what,
            number(row.value) or UNKNOWN,
            _interval(row.ci95),
            f"{row.n} of {row.patients} patients",
            control,
            "; ".join(f"{number(p.value)} ({p.source})" for p in row.published),
        )
        lines.append(f"| {' | '.join(_cell(c) for c in cells)} |")
    return "\n".join(lines)


def _interval(bounds: Interval | None) -> str:
    return "" if bounds is None else f"{number(bounds[0])} to {number(bounds[1])}"


def _cell(text: str) -> str:
    """Return text that cannot break a Markdown table."""
    return " ".join(text.replace("|", "/").split())
