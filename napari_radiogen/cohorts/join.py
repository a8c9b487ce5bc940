"""Which patients two tables share: by exact id, with near misses shown and never joined."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NearMiss:
    """Two ids that may mean one patient; a person decides."""

    clinical: str
    expression: str
    why: str


@dataclass(frozen=True)
class JoinReport:
    """Patients of two tables: in both, in one only, and near misses.

    Parameters
    ----------
    matched
        Ids that are equal, character by character.
    only_clinical, only_expression
        The rest of each table, in its order.
    near_misses
        Pairs of the rest that differ only in case, blanks, separators or
        leading zeros.
    """

    matched: tuple[str, ...]
    only_clinical: tuple[str, ...]
    only_expression: tuple[str, ...]
    near_misses: tuple[NearMiss, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the form that ``radiogen cohort join --json`` prints."""
        return {
            "matched": list(self.matched),
            "only_clinical": list(self.only_clinical),
            "only_expression": list(self.only_expression),
            "near_misses": [vars(miss) for miss in self.near_misses],
            "counts": {
                "matched": len(self.matched),
                "only_clinical": len(self.only_clinical),
                "only_expression": len(self.only_expression),
            },
        }


def join_ids(clinical: Sequence[str], expression: Sequence[str]) -> JoinReport:
    """Match patients by exact id.

    Parameters
    ----------
    clinical, expression
        Ids of each table, unique within it.
    """
    there, here = frozenset(expression), frozenset(clinical)
    only_clinical = tuple(name for name in clinical if name not in there)
    only_expression = tuple(name for name in expression if name not in here)
    alike: dict[str, list[str]] = defaultdict(list)
    for name in only_expression:
        alike[_loosened(name)].append(name)
    misses = tuple(
        NearMiss(one, other, _difference(one, other))
        for one in only_clinical
        for other in alike.get(_loosened(one), [])
    )
    return JoinReport(
        tuple(name for name in clinical if name in there), only_clinical, only_expression, misses
    )


def _loosened(name: str) -> str:
    """Return what is left of an id without case, blanks, separators and leading zeros."""
    parts = re.findall(r"[^\W\d_]+|\d+", name.casefold())
    return "-".join(part.lstrip("0") or "0" if part.isdecimal() else part for part in parts)


def _difference(one: str, other: str) -> str:
    if one.strip() == other.strip():
        return "blanks"
    if one.strip().casefold() == other.strip().casefold():
        return "case"
    plain = [re.sub(r"[\W_]", "", name.casefold()) for name in (one, other)]
    return "separators" if plain[0] == plain[1] else "leading zeros"
