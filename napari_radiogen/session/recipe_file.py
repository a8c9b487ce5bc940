"""Recipe files: of one nodule, of several in one scan, and those inside a session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.domain import CTVolume, SynthesisResult
from napari_radiogen.errors import InputError
from napari_radiogen.io.json_file import read_json
from napari_radiogen.io.save import save_json
from napari_radiogen.session import ports
from napari_radiogen.session.recipe import FORMAT, Recipe, replay

#: Of a file with several recipes; one with a single recipe has that one's own form.
SEVERAL_VERSION = 2
SESSION_FORMAT = "napari-radiogen session"


def save_all(recipes: Sequence[Recipe], path: Path) -> None:
    """Write the recipes of the nodules of one scan, in the order of their painting."""
    if len(recipes) == 1:
        save_json(path, recipes[0].to_json())
        return
    several = {
        "format": FORMAT,
        "version": SEVERAL_VERSION,
        "synthetic": True,
        "research_use": RESEARCH_USE,
        "nodules": [recipe.to_json() for recipe in recipes],
    }
    save_json(path, several)


def load_all(path: Path) -> tuple[Recipe, ...]:
    """Read a recipe of one or several nodules, or those that a session holds.

    Raises
    ------
    InputError
        When the file is missing, too large, not JSON, holds no recipe, or the
        recipes are of different scans.
    """
    values = read_json(path, "a recipe")
    try:
        recipes = tuple(Recipe.from_json(one) for one in _listed(values))
    except InputError as error:
        raise InputError(error.reason, path) from None
    if not recipes:
        raise InputError("holds no synthetic nodule", path)
    if len({r.background_digest for r in recipes}) > 1:
        raise InputError("its nodules are of different scans", path)
    return recipes


def replay_all(
    records: Sequence[Recipe],
    scan: CTVolume,
    engines: ports.Engines | None = None,
    model: str | None = None,
) -> list[SynthesisResult]:
    """Make the nodules of several recipes of one scan again; see `replay`."""
    several = len(records) > 1
    lung = (engines or ports.Engines()).lung_mask(scan) if several else None
    return [replay(recipe, scan, engines, model, lung) for recipe in records]


def _listed(values: Any) -> list[Any]:
    if not isinstance(values, dict):
        raise InputError("expected a recipe of napari-radiogen")
    kind, version = values.get("format"), values.get("version")
    if kind == FORMAT and version != SEVERAL_VERSION:
        return [values]
    if kind not in (FORMAT, SESSION_FORMAT) or not isinstance(values.get("nodules"), list):
        raise InputError("expected a recipe of napari-radiogen")
    nodules = values["nodules"]
    if kind == FORMAT:
        return list(nodules)
    inside = [n.get("recipe") if isinstance(n, dict) else None for n in nodules]
    return [recipe for recipe in inside if recipe is not None]
