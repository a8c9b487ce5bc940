"""A nomenclature table (HGNC's, or alias and symbol) as a map of names."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from itertools import chain
from pathlib import Path

from napari_radiogen.domain import GeneAliases
from napari_radiogen.errors import InputError
from napari_radiogen.io.csv_cells import plain_cell
from napari_radiogen.io.text_tables import delimiter_of, open_lines

#: HGNC's complete set, its custom downloads, and plain two-column tables.
APPROVED_COLUMNS = ("symbol", "approvedsymbol", "approved")
_OTHER_COLUMNS = (
    "aliassymbol aliassymbols prevsymbol prevsymbols previoussymbol previoussymbols alias "
    "previous synonyms"
)
OTHER_COLUMNS = frozenset(_OTHER_COLUMNS.split())


def read_aliases(path: Path) -> GeneAliases:
    """Read which symbols are called otherwise now.

    Parameters
    ----------
    path
        CSV or TSV with a column ``symbol`` (or Approved symbol) and columns
        such as ``alias_symbol`` and ``prev_symbol``, whose cells hold names
        parted by ``|`` or commas.

    Raises
    ------
    InputError
        When the columns are absent or a row is ragged.
    """
    path = Path(path)
    targets: dict[str, set[str]] = defaultdict(set)
    approved: set[str] = set()
    with open_lines(path) as lines:
        first = next(lines, "")
        rows = csv.reader(chain([first], lines), delimiter=delimiter_of(first, path), strict=True)
        header = next(rows)
        current, others = _columns(header, path)
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise InputError(f"a row has {len(row)} cells, the header {len(header)}", path)
            symbol = plain_cell(row[current]).strip()
            if not symbol:
                continue
            approved.add(symbol)
            for name in (n for column in others for n in _parts(row[column])):
                targets[name].add(symbol)
    # An approved symbol means its own gene, whatever it once stood for.
    aliases = {name: found for name, found in targets.items() if name not in approved}
    return GeneAliases(
        {name: next(iter(found)) for name, found in aliases.items() if len(found) == 1},
        frozenset(name for name, found in aliases.items() if len(found) > 1),
    )


def _columns(header: list[str], path: Path) -> tuple[int, list[int]]:
    plain = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in header]
    current = [plain.index(name) for name in APPROVED_COLUMNS if name in plain]
    others = [i for i, name in enumerate(plain) if name in OTHER_COLUMNS]
    if not current or not others:
        raise InputError("expected a column symbol, and alias_symbol or prev_symbol", path)
    return current[0], others


def _parts(cell: str) -> list[str]:
    return [name.strip() for name in re.split(r"[|,]", plain_cell(cell)) if name.strip()]
