"""Who was left out of a cohort, and why; and how a patient may be called."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Collection
from pathlib import Path

from napari_radiogen.io.csv_cells import csv_cell

COLUMNS = ("patient_id", "reason")


class Rejections:
    """Collects patients left out.

    Parameters
    ----------
    told
        Called with each patient and reason as it comes.
    """

    def __init__(self, told: Callable[[str, str], None] | None = None) -> None:
        self.rows: dict[str, str] = {}
        self._told = told

    def add(self, patient_id: str, reason: str) -> None:
        """Name a patient left out."""
        self.rows[patient_id] = reason
        if self._told is not None:
            self._told(patient_id, reason)

    def sorted(self) -> tuple[tuple[str, str], ...]:
        """Return patients and reasons by patient."""
        return tuple(sorted(self.rows.items()))

    def to_csv(self) -> str:
        """Return the text of ``rejected.csv``."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([[csv_cell(cell) for cell in row] for row in self.sorted()])
        return text.getvalue()


def shown_id(identity: str, listed: Collection[str], folders: Collection[Path]) -> str:
    """Return how a patient of a DICOM header is called in what we write.

    A header's id is kept when the person's own tables or folders name it, or
    when it has the form of the ids in the tables (R01-023 beside R01-024): it
    is a study id then. Otherwise it may be an identity, and a digest stands
    for it.
    """
    forms = {_form(one) for one in listed}
    named = {part for folder in folders for part in folder.parts}
    if identity and (identity in listed or identity in named or _form(identity) in forms):
        return identity
    digest = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
    return f"patient-{digest[:8]}"


def _form(identity: str) -> str:
    """Return an id with its letters and digits made alike: ``R01-023`` is ``A00-000``."""
    return re.sub(r"[A-Za-z]", "A", re.sub(r"\d", "0", identity))
