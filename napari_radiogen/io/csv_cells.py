"""Table cells that no spreadsheet runs as a formula."""

from __future__ import annotations

#: A spreadsheet runs a cell that starts with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_cell(value: object) -> str:
    """Return a table cell as text that no spreadsheet runs as a formula.

    Numbers stay as they are; text that starts like a formula gets an
    apostrophe in front.
    """
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    return "" if value is None else str(value)


def plain_cell(cell: str) -> str:
    """Return the text that `csv_cell` made a cell of; blanks around it stay."""
    escaped = cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS)
    return cell[1:] if escaped else cell
