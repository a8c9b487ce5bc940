"""Expression tables: our CSV, and the text table of GSE103584.

Ids are text: a gene called NA, MARCH1 or 1e5 stays what it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import ExpressionMatrix
from napari_radiogen.domain.expression import Scale
from napari_radiogen.errors import InputError
from napari_radiogen.io.save import FORMULA_STARTS, csv_cell, save_text

FloatArray = npt.NDArray[np.float32]

#: Cells that say "not measured"; they become NaN, never 0.
MISSING_CELLS = frozenset({"", "NA", "NaN", "nan"})
#: Cells of the largest table accepted: 60,607 probes of 1,000 patients fit.
MAX_CELLS = 10**8
TAB_SUFFIXES = (".tsv", ".txt")
ID_HEADER = "subject_id"


def read_expression(path: Path, scale: Scale = "log2") -> ExpressionMatrix:
    """Read a table with patients in rows and genes in columns.

    Parameters
    ----------
    path
        CSV, or tab-separated when it ends with .tsv or .txt; the first row
        names the genes, the first column the patients.
    scale
        Of the values in the file; they are not changed.

    Returns
    -------
    ExpressionMatrix
        float32; NaN where the table says NA or nothing.

    Raises
    ------
    InputError
        When the file is not UTF-8 text, ragged, holds text among its
        numbers, or names a patient or gene twice.
    """
    genes, patients, values = _read_table(Path(path))
    return _matrix(values, patients, genes, scale, Path(path))


def read_geo_table(path: Path) -> ExpressionMatrix:
    """Read genes in rows and patients in columns, FPKM, as log2(x + 1).

    The form of ``GSE103584_R01_NSCLC_RNAseq.txt``: tabs, NA where a gene was
    not detected.

    Raises
    ------
    InputError
        As for `read_expression`, or when a value is negative.
    """
    patients, genes, values = _read_table(Path(path))
    if (values < 0).any():
        raise InputError("FPKM cannot be negative: is this table on a log scale?", path)
    return _matrix(np.log2(values.T + 1), patients, genes, "log2", Path(path))


def write_expression(matrix: ExpressionMatrix, path: Path) -> None:
    """Write a table that `read_expression` reads back exactly."""
    rows = zip(matrix.patient_ids, matrix.values, strict=True)
    text = _table(ID_HEADER, matrix.gene_symbols, rows, delimiter=",", digits=9)
    save_text(Path(path), text)


def write_geo_table(matrix: ExpressionMatrix, path: Path) -> None:
    """Write log2 values as FPKM, genes in rows, NA where missing.

    Raises
    ------
    InputError
        When the matrix is not on the log2 scale.
    """
    if matrix.scale != "log2":
        raise InputError(f"expected log2 values, got {matrix.scale}", path)
    fpkm = np.exp2(matrix.values.astype(np.float64)).T - 1
    rows = zip(matrix.gene_symbols, fpkm, strict=True)
    save_text(Path(path), _table("", matrix.patient_ids, rows, delimiter="\t", digits=7))


def _table(
    corner: str,
    columns: Sequence[str],
    rows: Iterable[tuple[str, npt.NDArray[np.floating]]],
    *,
    delimiter: str,
    digits: int,
) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow([corner, *map(csv_cell, columns)])
    for name, values in rows:
        cells = ("NA" if v != v else f"{v:.{digits}g}" for v in values.tolist())
        writer.writerow([csv_cell(name), *cells])
    return stream.getvalue()


def _read_table(path: Path) -> tuple[tuple[str, ...], tuple[str, ...], FloatArray]:
    """Return column names, row names and values (rows, columns)."""
    delimiter = "\t" if path.suffix.lower() in TAB_SUFFIXES else ","
    rows: list[str] = []
    values: list[FloatArray] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter)
            header = next(reader, [])
            for cells in reader:
                if not cells:
                    continue
                columns = _column_names(header, len(cells), path)
                if len(values) * len(columns) > MAX_CELLS:
                    raise InputError(f"more than {MAX_CELLS} cells", path)
                rows.append(_name(cells[0]))
                values.append(_numbers(cells[1:], columns, reader.line_num, path))
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text; save it as UTF-8", path) from error
    except csv.Error as error:
        raise InputError(f"not a table: {error}", path) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path) from error
    if not values:
        raise InputError("holds no row of values", path)
    return tuple(_name(c) for c in columns), tuple(rows), np.stack(values)


def _column_names(header: list[str], cells: int, path: Path) -> list[str]:
    """Return the names of the value columns; R leaves out the corner."""
    if len(header) == cells:
        return header[1:]
    if len(header) == cells - 1:
        return header
    raise InputError(f"a row has {cells} cells where the header has {len(header)}", path)


def _numbers(cells: list[str], columns: list[str], line: int, path: Path) -> FloatArray:
    try:
        return np.array([_number(cell) for cell in cells], dtype=np.float32)
    except ValueError:
        bad = next(i for i, cell in enumerate(cells) if not _is_number(cell))
        place = f"line {line}, column {columns[bad][:40]!r}"
        raise InputError(f"{place}: expected a finite number or NA", path) from None


def _number(cell: str) -> float:
    text = cell.strip()
    if text in MISSING_CELLS:
        return float("nan")
    number = float(text)
    if not np.isfinite(number) or "_" in text:
        raise ValueError
    return number


def _is_number(cell: str) -> bool:
    try:
        _number(cell)
    except ValueError:
        return False
    return True


def _name(cell: str) -> str:
    """Return an id as text, without the apostrophe that our writer adds."""
    text = cell.strip()
    escaped = text.startswith("'") and text[1:].startswith(FORMULA_STARTS)
    return text[1:] if escaped else text


def _matrix(
    values: FloatArray, patients: tuple[str, ...], genes: tuple[str, ...], scale: Scale, path: Path
) -> ExpressionMatrix:
    if "" in patients or "" in genes:
        raise InputError("a patient or gene has no name", path)
    try:
        return ExpressionMatrix(values.astype(np.float32), patients, genes, scale)
    except InputError as error:
        raise InputError(error.reason, path) from error
