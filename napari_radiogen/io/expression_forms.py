"""The text forms of expression tables: GEO series matrix, GCT, and plain CSV or TSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from napari_radiogen.errors import InputError
from napari_radiogen.io.number_rows import NumberRows, checked_rows, read_number_rows
from napari_radiogen.io.text_tables import LineReader, delimiter_of, open_lines

#: Where the genes stand in a file.
Genes = Literal["rows", "columns"]
#: By which name the samples of a GEO series are called.
SampleNames = Literal["accession", "title"]

SERIES_BEGIN, SERIES_END = "!series_matrix_table_begin", "!series_matrix_table_end"
GCT_VERSIONS = ("#1.2", "#1.3")


@dataclass(frozen=True, eq=False)
class Form:
    """A table and what its form says of it.

    Parameters
    ----------
    name
        ``GEO series matrix``, ``GCT 1.2`` ..., for people.
    table
        As it stands in the file.
    genes
        Where the form puts the genes; None when it does not say.
    notes
        What a person should know.
    """

    name: str
    table: NumberRows
    genes: Genes | None
    notes: tuple[str, ...] = ()


def read_form(
    path: Path, *, encoding: str | None = None, sample_names: SampleNames = "accession"
) -> Form:
    """Read a text table of any form, told by its first line.

    Raises
    ------
    InputError
        When it is no table of these forms, or a broken one.
    """
    path = Path(path)
    with open_lines(path, encoding) as lines:
        first = next(lines, "")
        if first.startswith("!"):
            return _series_matrix(first, lines, path, sample_names)
        if first.startswith("#1."):
            return _gct(first, lines, path)
        if first.startswith(("#", "^")):
            raise InputError("begins with comments: not an expression table of a known form", path)
        return _plain(first, lines, path)


def _plain(first: str, lines: LineReader, path: Path) -> Form:
    if not first.strip():
        raise InputError("holds no row of values" if not first else "its first line is empty", path)
    delimiter = delimiter_of(first, path)
    cells, line = checked_rows(chain([first], lines), delimiter)
    header = next(cells)
    name = "TSV" if delimiter == "\t" else "CSV"
    return Form(name, read_number_rows(cells, header, path, line), None)


def _series_matrix(first: str, lines: LineReader, path: Path, named: SampleNames) -> Form:
    titles: list[str] = []
    for text in chain([first], lines):
        if text.strip() == SERIES_BEGIN:
            break
        if text.startswith("!Sample_title\t"):
            titles = next(csv.reader([text], delimiter="\t"))[1:]
    else:
        raise InputError(f"expected a line {SERIES_BEGIN}: no values here", path)
    before = lines.lines
    cells, line = checked_rows(lines, "\t")
    header = next(cells, [])
    rows = _require_values(cells, path)
    table = read_number_rows(rows, header, path, lambda: before + line(), end=SERIES_END)
    if len(set(titles)) != len(titles) or len(titles) != len(table.columns):
        titles = []
    if named == "title" and not titles:
        raise InputError("its samples have no titles, or not one of their own each", path)
    note = "patients are named by GEO accession"
    if named == "title":
        table = NumberRows(table.rows, tuple(titles), table.values, table.corner)
        note = "patients are named by sample title"
    elif titles:
        note += "; sample titles are there too (--samples title)"
    return Form("GEO series matrix", table, "rows", (note,))


def _require_values(cells: Iterator[list[str]], path: Path) -> Iterator[list[str]]:
    first = next(cells, None)
    if first is None or first[:1] == [SERIES_END]:
        reason = (
            "holds headers only, no values; download the series' supplementary table "
            "(its Series_supplementary_file) and give that"
        )
        raise InputError(reason, path)
    return chain([first], cells)


def _gct(first: str, lines: LineReader, path: Path) -> Form:
    version = first.strip()
    if version not in GCT_VERSIONS:
        raise InputError(f"GCT of an unknown version, expected {' or '.join(GCT_VERSIONS)}", path)
    cells, line = checked_rows(lines, "\t")
    sizes = _gct_sizes(next(cells, []), 2 if version == "#1.2" else 4, path)
    row_metadata, column_metadata = (1, 0) if version == "#1.2" else (sizes[2], sizes[3])
    header = next(cells, [])
    if len(header) != 1 + row_metadata + sizes[1]:
        expected = 1 + row_metadata + sizes[1]
        raise InputError(f"its size line says {expected} columns, it has {len(header)}", path)
    for _ in range(column_metadata):
        next(cells, None)
    table = read_number_rows(cells, header, path, lambda: line() + 1, skipped=row_metadata)
    if len(table.rows) != sizes[0]:
        raise InputError(f"its size line says {sizes[0]} rows, it has {len(table.rows)}", path)
    note = "genes are named by its first column"
    return Form(f"GCT {version[1:]}", table, "rows", (note,))


def _gct_sizes(cells: list[str], count: int, path: Path) -> list[int]:
    """Return the numbers of the size line; later ones may be blank."""
    sizes = [c.strip() for c in cells if c.strip()]
    if len(sizes) != count or not all(s.isascii() and s.isdecimal() and len(s) < 9 for s in sizes):
        raise InputError(f"expected {count} whole numbers on its second line", path)
    return [int(s) for s in sizes]
