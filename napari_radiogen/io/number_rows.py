"""Rows of numbers: the fast way for clean ones, and a named place for a bad cell."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_radiogen.errors import InputError
from napari_radiogen.io.csv_cells import plain_cell

FloatArray = npt.NDArray[np.float32]

#: Cells that say "not measured"; they become NaN, never 0.
MISSING_CELLS = frozenset({"", "NA", "NaN", "nan", "N/A", "null", "NULL"})
#: Cells of the largest table accepted: 60,607 probes of 1,000 patients fit.
MAX_CELLS = 10**8
NAN = float("nan")
FLOAT32_MAX = float(np.finfo(np.float32).max)
#: Corner cells that say what the first column names, letters and digits only.
_PATIENT_CORNERS = (
    "subjectid patientid patient patients caseid case sample sampleid samples samplename "
    "submitterid barcode subject"
)
PATIENT_CORNERS = frozenset(_PATIENT_CORNERS.split())
_GENE_CORNERS = (
    "gene genes geneid genesymbol symbol hgncsymbol idref probe probeid probeset probesetid "
    "genename hugosymbol ensemblid"
)
GENE_CORNERS = frozenset(_GENE_CORNERS.split())


@dataclass(frozen=True, eq=False)
class NumberRows:
    """A table as it stands in a file: values (rows, columns), float32."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: FloatArray
    corner: str = ""


def read_number_rows(
    cells: Iterator[list[str]],
    header: list[str],
    path: Path,
    line: Callable[[], int],
    *,
    skipped: int = 0,
    end: str | None = None,
) -> NumberRows:
    """Read a header's rows: a name, columns to skip, then numbers.

    Parameters
    ----------
    cells
        Rows below the header.
    header
        Names of the columns; R leaves out the corner.
    line
        Tells the current line, for errors.
    skipped
        Text columns after the name.
    end
        First cell of the line that ends the table; its absence is an error.

    Raises
    ------
    InputError
        When a row is ragged, a cell is no finite number, the table has more
        than `MAX_CELLS` cells, breaks off, or is empty.
    """
    names: list[str] = []
    values: list[FloatArray] = []
    columns: list[str] | None = None
    ended = end is None
    for row in cells:
        if not row:
            continue
        if end is not None and row[0] == end:
            ended = True
            break
        if columns is None:
            columns = _value_columns(header, len(row), skipped, path)
        if len(row) != len(columns) + 1 + skipped:
            came = f"{len(row)} cells where the header has {len(columns) + 1 + skipped}"
            raise InputError(f"line {line()}: {came}", path)
        if len(values) * len(columns) > MAX_CELLS:
            raise InputError(f"more than {MAX_CELLS} cells", path)
        names.append(plain_cell(row[0]))
        values.append(_numbers(row[1 + skipped :], columns, line, path))
    if not ended:
        raise InputError("breaks off: the line that ends the table is missing", path)
    if not values or columns is None:
        raise InputError("holds no row of values", path)
    corner = header[0] if len(header) == len(columns) + 1 + skipped else ""
    return NumberRows(
        tuple(names), tuple(plain_cell(c) for c in columns), np.stack(values), corner.strip()
    )


def checked_rows(
    stream: Iterator[str], delimiter: str
) -> tuple[Iterator[list[str]], Callable[[], int]]:
    """Return the cells of each line and a function that tells the line."""
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    return reader, lambda: reader.line_num


def plain_name(header: str) -> str:
    """Return the lower-case letters and digits of a header."""
    return re.sub(r"[^a-z0-9]", "", header.lower())


def _value_columns(header: list[str], cells: int, skipped: int, path: Path) -> list[str]:
    """Return the names of the value columns; R leaves out the corner."""
    if len(header) == cells > 1 + skipped:
        return header[1 + skipped :]
    # Else a decimal comma would make two columns of one.
    cornered = bool(header) and plain_name(header[0]) in PATIENT_CORNERS | GENE_CORNERS
    if not skipped and not cornered and len(header) == cells - 1 >= 1:
        return header
    raise InputError(f"a row has {cells} cells where the header has {len(header)}", path)


def _numbers(
    cells: list[str], columns: list[str], line: Callable[[], int], path: Path
) -> FloatArray:
    try:
        with np.errstate(over="ignore"):
            row = np.array([NAN if c in MISSING_CELLS else float(c) for c in cells], np.float32)
    except ValueError:
        row = None
    if row is None or not _clean(row, cells):
        row = _slow_numbers(cells, columns, line, path)
    return row


def _clean(row: FloatArray, cells: list[str]) -> bool:
    """Whether what `float` accepts is what a table may hold: no inf, 1_0 or other digits."""
    text = "".join(cells)
    missing = sum(map(MISSING_CELLS.__contains__, cells))
    finite = np.count_nonzero(np.isfinite(row)) == len(cells) - missing
    return finite and "_" not in text and text.isascii()


def _slow_numbers(
    cells: list[str], columns: list[str], line: Callable[[], int], path: Path
) -> FloatArray:
    numbers = np.empty(len(cells), dtype=np.float32)
    for i, cell in enumerate(cells):
        try:
            numbers[i] = _number(cell.strip())
        except ValueError:
            place = f"line {line()}, column {columns[i][:40]!r}"
            raise InputError(f"{place}: expected a finite number or NA", path) from None
    return numbers


def _number(text: str) -> float:
    if text in MISSING_CELLS:
        return NAN
    if "_" in text or not text.isascii():
        raise ValueError
    number = float(text)
    if not math.isfinite(number) or abs(number) > FLOAT32_MAX:
        raise ValueError
    return number
