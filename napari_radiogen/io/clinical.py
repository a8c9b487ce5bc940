"""Clinical tables: one row a patient, every cell as text."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from napari_radiogen.errors import InputError
from napari_radiogen.io.csv_cells import plain_cell
from napari_radiogen.io.text_tables import check_names, delimiter_of, open_lines

#: Read where a clinical table is not UTF-8: what spreadsheets on Windows write,
#: and what the collection's Lung3 table is in.
FALLBACK_ENCODING = "cp1252"
#: Headers of the column of patient ids, letters and digits only, best first.
_ID_HEADERS = "patientid caseid subjectid patient case subject samplename sampleid"
ID_HEADERS = tuple(_ID_HEADERS.split())
MAX_CLINICAL_CELLS = 10**7


#: Cells longer than this are cut.
MAX_CELL = 200


@dataclass(frozen=True, eq=False)
class ClinicalTable:
    """Rows of a clinical table by patient, every cell as text.

    Parameters
    ----------
    path
        Of the file.
    columns
        Headers other than that of the ids, without blanks around them.
    rows
        Cells by column, by patient; ids as the file has them, blanks included.
    id_column
        Header of the column that names the patients.
    encoding
        That the file was read with.
    warnings
        What a person should know.
    """

    path: Path
    columns: tuple[str, ...]
    rows: dict[str, dict[str, str]]
    id_column: str = ""
    encoding: str = "utf-8"
    warnings: tuple[str, ...] = ()

    @property
    def patient_ids(self) -> tuple[str, ...]:
        """Patients in the order of the file."""
        return tuple(self.rows)


def read_clinical(
    path: Path,
    *,
    id_column: str | None = None,
    known: Collection[str] = (),
    encoding: str | None = None,
) -> ClinicalTable:
    """Read a CSV or TSV with one row a patient.

    Parameters
    ----------
    path
        Gzipped or not.
    id_column
        Header of the patient ids; when None found among the usual ones, else
        by the ids that it shares with ``known``.
    known
        Ids that are expected.
    encoding
        UTF-8 when None; a file that is not UTF-8 is then read as
        ``FALLBACK_ENCODING`` with a warning, provided its ids are ASCII.

    Raises
    ------
    InputError
        When the file is ragged, the column of ids cannot be told, or a
        patient has two rows.
    """
    path = Path(path)
    used = encoding or "utf-8"
    warnings: list[str] = []
    try:
        header, rows = _read(path, used)
    except InputError as error:
        if encoding is not None or not isinstance(error.__cause__, UnicodeDecodeError):
            raise
        used = FALLBACK_ENCODING
        header, rows = _read(path, used)
        warnings.append(f"is not UTF-8: read as {used}; give --encoding if that is wrong")
    at = _id_place(header, rows, id_column, known, path)
    ids = tuple(plain_cell(row[at]) for row in rows)
    check_names(ids, "patient", path)
    _check_ids(ids, guessed=bool(warnings), path=path)
    padded = sum(name != name.strip() for name in ids)
    if padded:
        warnings.append(f"{padded} ids begin or end with a blank; they are taken as they are")
    others = [i for i in range(len(header)) if i != at]
    cells = {
        name: {header[i]: _text(row[i]) for i in others}
        for name, row in zip(ids, rows, strict=True)
    }
    columns = tuple(header[i] for i in others)
    return ClinicalTable(path, columns, cells, header[at], used, tuple(warnings))


def _text(cell: str) -> str:
    return "".join(c for c in plain_cell(cell) if c.isprintable())[:MAX_CELL]


def _read(path: Path, encoding: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    with open_lines(path, encoding) as lines:
        first = next(lines, "")
        cells = csv.reader(chain([first], lines), delimiter=delimiter_of(first, path), strict=True)
        header = tuple(_text(cell).strip() for cell in next(cells))
        if len(set(header)) != len(header):
            raise InputError("two columns have the same name", path)
        rows = tuple(_rows(cells, len(header), path))
    if not rows:
        raise InputError("holds no row", path)
    return header, rows


def _rows(cells: Iterator[list[str]], width: int, path: Path) -> Iterator[tuple[str, ...]]:
    count = 0
    for row in cells:
        if not row:
            continue
        count += width
        if len(row) != width:
            raise InputError(f"a row has {len(row)} cells where the header has {width}", path)
        if count > MAX_CLINICAL_CELLS:
            raise InputError(f"more than {MAX_CLINICAL_CELLS} cells", path)
        yield tuple(row)


def _id_place(
    header: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
    asked: str | None,
    known: Collection[str],
    path: Path,
) -> int:
    if asked is not None:
        if asked.strip() not in header:
            raise InputError(f"has no column {asked[:40]!r}", path)
        return header.index(asked.strip())
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in header]
    for name in ID_HEADERS:
        if plain.count(name) > 1:
            raise InputError("several columns may name the patients; say --id-column", path)
        if name in plain:
            return plain.index(name)
    expected = frozenset(known)
    shared = [len({row[i] for row in rows} & expected) for i in range(len(header))]
    if not max(shared) or shared.count(max(shared)) > 1:
        raise InputError("cannot tell which column names the patients; say --id-column", path)
    return shared.index(max(shared))


def _check_ids(ids: tuple[str, ...], *, guessed: bool, path: Path) -> None:
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        more = f" (and {len(twice) - 1} more)" if len(twice) > 1 else ""
        reason = f"patient {twice[0][:40]!r} has more than one row{more}; expected one a patient"
        raise InputError(reason, path)
    if guessed and not all(name.isascii() for name in ids):
        raise InputError("its ids are not UTF-8 text: give the encoding of the file", path)
