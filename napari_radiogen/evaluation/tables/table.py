"""A table of numbers, each with its interval, its control and what was published."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Interval = tuple[float, float]


@dataclass(frozen=True)
class Published:
    """A number that others printed, and where."""

    value: float
    source: str


@dataclass(frozen=True)
class Row:
    """One number.

    Parameters
    ----------
    model, system
        What was measured.
    measure, on
        Which quantity, and on what part or under which protocol.
    value
        NaN where it is not defined.
    n, patients
        Cases behind the value, and the patients they belong to.
    ci95
        Patients resampled; None where no interval makes sense.
    control, control_is
        The same quantity by chance, or of a predictor that knows nothing of
        the case, and which of these it is.
    published
        The nearest numbers in print.
    """

    model: str
    system: str
    measure: str
    value: float
    n: int
    patients: int
    on: str = ""
    unit: str = ""
    ci95: Interval | None = None
    control: float | None = None
    control_is: str = ""
    published: tuple[Published, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values; what is not finite becomes null."""
        return {
            "model": self.model,
            "system": self.system,
            "measure": self.measure,
            "on": self.on,
            "unit": self.unit,
            "value": _known(self.value),
            "ci95": None if self.ci95 is None else [_known(v) for v in self.ci95],
            "n": self.n,
            "patients": self.patients,
            "control": _known(self.control),
            "control_is": self.control_is,
            "published": [{"value": p.value, "source": p.source} for p in self.published],
        }


@dataclass(frozen=True)
class Table:
    """Rows that belong together, at least one.

    Parameters
    ----------
    name, title
        File stem, and heading.
    notes
        What must be known to read it, a sentence each.
    files
        Further CSV files that belong to it: name to text.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return title, n of the first row, rows and notes as plain values."""
        head = self.rows[0]
        return {
            "title": self.title,
            "n": head.n,
            "patients": head.patients,
            "rows": [row.to_json() for row in self.rows],
            "notes": list(self.notes),
        }


def _known(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
