"""Names of genes: approved symbols, their aliases, and how a table meets a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
#: What spreadsheets make of SEPT2, MARCH3 or DEC1.
DATE_NAME = re.compile(rf"(\d{{1,2}}-({_MONTHS})|({_MONTHS})-\d{{1,2}})", re.IGNORECASE)


def date_names(genes: Iterable[str]) -> tuple[str, ...]:
    """Return the names that look like dates made by a spreadsheet."""
    return tuple(gene for gene in genes if DATE_NAME.fullmatch(gene))


@dataclass(frozen=True)
class GeneAliases:
    """What a nomenclature table says of symbols.

    Parameters
    ----------
    approved
        Previous symbol or alias to the one approved symbol that it stands for.
    ambiguous
        Names that stand for several genes: never used to rename.
    """

    approved: Mapping[str, str] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()

    def current(self, symbol: str) -> str:
        """Return the approved symbol, or the name itself where none is known."""
        return self.approved.get(symbol, symbol)


@dataclass(frozen=True)
class GeneReport:
    """How the genes of a table meet those that a model wants.

    Parameters
    ----------
    wanted
        Genes of the model, in its order.
    columns
        Column of the table for each wanted gene; None where there is none.
    missing
        Wanted genes that the table lacks.
    duplicated
        Wanted genes that several columns of the table claim.
    renamed
        Wanted gene to the name that the table gives it.
    extra
        Genes of the table that the model does not want.
    dates
        Names of the table that look like dates made by a spreadsheet.
    """

    wanted: tuple[str, ...]
    columns: tuple[int | None, ...]
    missing: tuple[str, ...]
    duplicated: tuple[str, ...]
    renamed: Mapping[str, str]
    extra: tuple[str, ...]
    dates: tuple[str, ...] = ()

    @property
    def present(self) -> tuple[str, ...]:
        """Wanted genes with exactly one column."""
        pairs = zip(self.wanted, self.columns, strict=True)
        return tuple(gene for gene, column in pairs if column is not None)

    @property
    def complete(self) -> bool:
        """Whether every wanted gene has exactly one column."""
        return not self.missing and not self.duplicated

    def to_json(self) -> dict[str, Any]:
        """Return counts and names as plain values."""
        return {
            "wanted": len(self.wanted),
            "present": len(self.present),
            "missing": list(self.missing),
            "duplicated": list(self.duplicated),
            "renamed": dict(self.renamed),
            "extra": list(self.extra),
            "dates": list(self.dates),
        }
