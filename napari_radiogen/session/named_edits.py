"""Named edits: changes of genes that can be tried on any patient, and their file."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_radiogen.constants import METAGENE_Z_LIMIT
from napari_radiogen.domain import Metagenes
from napari_radiogen.errors import InputError
from napari_radiogen.io.save import save_json
from napari_radiogen.session.ports import Generator
from napari_radiogen.session.resolve import start_vector
from napari_radiogen.session.state import Edits, Intent

FORMAT = "napari-radiogen edits"
VERSION = 1
SUFFIX = ".json"
#: No file of ours comes near this size, bytes.
SIZE_LIMIT = 4_000_000
NAME_LIMIT = 80
_FIELDS = {"format", "version", "model", "metagenes_digest", "edits"}
_EDIT_FIELDS = {"name", "metagenes", "genes"}


@dataclass(frozen=True)
class NamedEdit:
    """An edit under a name.

    Parameters
    ----------
    name
        One line.
    metagenes
        (name, change of the z-score) from the patient's own.
    genes
        (symbol, change in SD of the gene).
    """

    name: str
    metagenes: Edits
    genes: Edits

    def onto(self, intent: Intent, generator: Generator) -> Intent:
        """Return an intent with this edit in place of its own, clipped to the limits."""
        start = start_vector(intent, generator)
        names = generator.metagenes.names
        limit = METAGENE_Z_LIMIT
        moved = tuple(
            (name, float(np.clip(start[names.index(name)] + change, -limit, limit)))
            for name, change in self.metagenes
        )
        return replace(intent, edits=moved, gene_edits=self.genes)


def edit_of(name: str, intent: Intent, generator: Generator) -> NamedEdit:
    """Return the edits of an intent as changes from its start."""
    start, names = start_vector(intent, generator), generator.metagenes.names
    changes = tuple((m, float(z - start[names.index(m)])) for m, z in intent.edits)
    return NamedEdit(name[:NAME_LIMIT], changes, intent.gene_edits)


def metagenes_digest(metagenes: Metagenes) -> str:
    """Return the sha256 of names, genes and weights: M01 of another fit is something else."""
    names = json.dumps([metagenes.names, metagenes.gene_symbols])
    weights = np.ascontiguousarray(metagenes.weights, dtype=np.float32)
    return hashlib.sha256(names.encode() + weights.tobytes()).hexdigest()


def save(path: Path, edits: tuple[NamedEdit, ...], generator: Generator) -> None:
    """Write named edits as JSON.

    Raises
    ------
    RadiogenError
        When the name does not end in .json or the file cannot be written.
    """
    if path.suffix.lower() != SUFFIX:
        raise InputError(f"expected a name that ends in {SUFFIX}", path)
    listed = [
        {"name": e.name, "metagenes": dict(e.metagenes), "genes": dict(e.genes)} for e in edits
    ]
    save_json(
        path,
        {
            "format": FORMAT,
            "version": VERSION,
            "model": generator.name,
            "metagenes_digest": metagenes_digest(generator.metagenes),
            "edits": listed,
        },
    )


def load(path: Path, generator: Generator) -> tuple[NamedEdit, ...]:
    """Read named edits that were made with a generator's metagenes.

    Raises
    ------
    InputError
        When the file is missing, too large, not of this format, made with
        other metagenes, or holds a field or value that does not belong.
    """
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise InputError("too large for a file of edits", path)
        values = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_no_doubles)
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", path) from None
    except (ValueError, RecursionError):
        raise InputError("expected named edits in JSON", path) from None
    try:
        return _parse(values, generator)
    except InputError as error:
        raise InputError(error.reason, path) from None


def _parse(values: Any, generator: Generator) -> tuple[NamedEdit, ...]:
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise InputError("expected named edits of napari-radiogen")
    if values.get("version") != VERSION:
        raise InputError(f"expected version {VERSION} of named edits")
    if set(values) != _FIELDS or not isinstance(values["edits"], list):
        raise InputError("lacks a field of named edits, or holds one too many")
    if values["metagenes_digest"] != metagenes_digest(generator.metagenes):
        raise InputError(f"was made with other metagenes than those of {generator.name}")
    edits = tuple(_edit(e, generator.metagenes) for e in values["edits"])
    if len({e.name for e in edits}) < len(edits):
        raise InputError("holds a name more than once")
    return edits


def _edit(value: Any, metagenes: Metagenes) -> NamedEdit:
    if not isinstance(value, dict) or set(value) != _EDIT_FIELDS:
        raise InputError("an edit lacks its name, metagenes or genes, or holds more")
    name = value["name"]
    if not isinstance(name, str) or not name.strip() or len(name) > NAME_LIMIT:
        raise InputError(f"an edit needs a name of 1 to {NAME_LIMIT} characters")
    if not name.isprintable():
        raise InputError("the name of an edit holds a character that cannot be shown")
    moved = _changes(value["metagenes"], metagenes.names, name, 2 * METAGENE_Z_LIMIT)
    genes = _changes(value["genes"], metagenes.gene_symbols, name, METAGENE_Z_LIMIT)
    return NamedEdit(name, moved, genes)


def _changes(value: Any, known: tuple[str, ...], name: str, limit: float) -> Edits:
    if not isinstance(value, dict) or not set(value) <= set(known):
        raise InputError(f"the edit {name!r} names a metagene or gene that the model has not")
    for change in value.values():
        number = isinstance(change, int | float) and not isinstance(change, bool)
        if not number or not math.isfinite(change) or abs(change) > limit:
            raise InputError(f"the edit {name!r} holds a change outside -{limit:g} to {limit:g}")
    return tuple((key, float(change)) for key, change in value.items())


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
