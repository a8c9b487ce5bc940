"""Recipes: what makes the same nodule again, voxel for voxel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.domain import (
    CTVolume,
    LabelVolume,
    NoduleSite,
    SynthesisRequest,
    SynthesisResult,
)
from napari_radiogen.errors import InputError, ModelError
from napari_radiogen.io.json_file import read_json
from napari_radiogen.io.save import save_json
from napari_radiogen.session.digests import result_digest, scan_digest
from napari_radiogen.session.ports import Engines, Generator
from napari_radiogen.session.state import Edits, NoduleIntent

FORMAT = "napari-radiogen recipe"
VERSION = 1


@dataclass(frozen=True)
class Recipe:
    """A request with the names and digests of all it rests on.

    Parameters
    ----------
    request
        Its site's series_uid is empty: exports carry no original UIDs, and
        the digest of the background says which scan it was.
    background_path
        As the person gave it.
    background_digest
        sha256 of the scan's voxels and geometry (`scan_digest`).
    model, cohort
        Names, for people; ``request.model_digest`` decides.
    averaged, weights, edits, gene_edits
        How the metagenes came about; see `Intent`.
    result_digest
        sha256 of the composed voxels (`result_digest`).
    versions
        Package name to version.
    """

    request: SynthesisRequest
    background_path: str
    background_digest: str
    model: str
    cohort: str
    averaged: tuple[str, ...]
    edits: Edits
    result_digest: str
    versions: dict[str, str]
    weights: tuple[float, ...] = ()
    gene_edits: Edits = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values in the order that a person reads them."""
        request = self.request
        return {
            "format": FORMAT,
            "version": VERSION,
            "synthetic": True,
            "research_use": RESEARCH_USE,
            "model": {"name": self.model, "digest": request.model_digest, "cohort": self.cohort},
            "background": {"path": self.background_path, "digest": self.background_digest},
            "genes": {
                "subject_id": request.subject_id,
                "averaged": list(self.averaged),
                "weights": list(self.weights),
                "edits": dict(self.edits),
                "gene_edits": dict(self.gene_edits),
                "metagenes": list(request.metagenes),
            },
            "centre_lps_mm": list(request.site.centre_lps_mm),
            "seed": request.seed,
            "strength": request.strength,
            "result_digest": self.result_digest,
            "versions": dict(self.versions),
        }

    @classmethod
    def from_json(cls, values: Any) -> Recipe:
        """Read what `to_json` gave.

        Raises
        ------
        InputError
            When it is not a recipe of this version, or a value is missing or
            of the wrong kind.
        """
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise InputError("expected a recipe of napari-radiogen")
        if values.get("version") != VERSION:
            raise InputError(f"expected recipe version {VERSION}, got {values.get('version')!r}")
        try:
            return cls._parse(values)
        except KeyError as missing:
            raise InputError(f"the recipe lacks {missing}") from None
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(f"the recipe holds a value of the wrong kind: {error}") from None

    @classmethod
    def _parse(cls, values: dict[str, Any]) -> Recipe:
        model, background, genes = values["model"], values["background"], values["genes"]
        x, y, z = _numbers(values["centre_lps_mm"])
        request = SynthesisRequest(
            site=NoduleSite("", (x, y, z)),
            metagenes=_numbers(genes["metagenes"]),
            seed=int(values["seed"]),
            model_digest=str(model["digest"]),
            strength=_numbers([values["strength"]])[0],
            subject_id=str(genes["subject_id"]),
        )
        return cls(
            request=request,
            background_path=str(background["path"]),
            background_digest=str(background["digest"]),
            model=str(model["name"]),
            cohort=str(model["cohort"]),
            averaged=tuple(str(s) for s in genes["averaged"]),
            edits=_edits(genes["edits"]),
            result_digest=str(values["result_digest"]),
            versions={str(k): str(v) for k, v in values["versions"].items()},
            # Recipes of 0.1.0 hold neither.
            weights=_numbers(genes.get("weights", [])),
            gene_edits=_edits(genes.get("gene_edits", {})),
        )


def _edits(values: dict[str, Any]) -> Edits:
    return tuple(zip(map(str, values), _numbers(list(values.values())), strict=True))


def _numbers(values: list[Any]) -> tuple[float, ...]:
    numbers = tuple(float(v) for v in values)
    if not all(math.isfinite(n) for n in numbers):
        raise ValueError("expected finite numbers")
    return numbers


def make_recipe(
    result: SynthesisResult, intent: NoduleIntent, scan: CTVolume, scan_path: Path | str | None
) -> Recipe:
    """Write down what made a result."""
    site = NoduleSite("", result.request.site.centre_lps_mm)
    return Recipe(
        request=replace(result.request, site=site),
        background_path="" if scan_path is None else str(scan_path),
        background_digest=scan_digest(scan),
        model=result.provenance.model,
        cohort=result.provenance.cohort,
        averaged=intent.averaged,
        edits=intent.edits,
        weights=intent.weights,
        gene_edits=intent.gene_edits,
        result_digest=result_digest(result),
        versions=result.provenance.versions,
    )


def save(recipe: Recipe, path: Path) -> None:
    """Write a recipe as JSON."""
    save_json(path, recipe.to_json())


def load(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    InputError
        When the file is missing, too large, not JSON, or not a recipe.
    """
    try:
        return Recipe.from_json(read_json(path, "a recipe"))
    except InputError as error:
        raise InputError(error.reason, path) from None


def open_background(
    recipe: Recipe,
    path: Path | None = None,
    engines: Engines | None = None,
    series_uid: str | None = None,
) -> CTVolume:
    """Read the recipe's scan, from its own path or another, and check it.

    A folder with several series needs the UID of the one: recipes hold none.

    Raises
    ------
    InputError
        When it cannot be read or its content is not that of the recipe.
    """
    source = path or Path(recipe.background_path)
    if path is None and not recipe.background_path:
        raise InputError("the recipe names no background file; give one with --background")
    scan = (engines or Engines()).read_ct(source, series_uid)
    if scan_digest(scan) != recipe.background_digest:
        raise InputError("its voxels or geometry are not those of the recipe's background", source)
    return scan


def replay(
    recipe: Recipe,
    scan: CTVolume | None = None,
    engines: Engines | None = None,
    model: str | None = None,
    lung: LabelVolume | None = None,
) -> SynthesisResult:
    """Make a recipe's nodule again.

    Parameters
    ----------
    scan
        From `open_background`; read by it when None.
    model
        Run folder or file of the weights, when they are not shipped.
    lung
        Of the scan; outlined when None.

    Raises
    ------
    InputError
        When the background changed.
    ModelError
        When the weights are not found or are not those of the recipe.
    SynthesisError
        When the place cannot hold a nodule.
    """
    tools = engines or Engines()
    ct = open_background(recipe, engines=tools) if scan is None else scan
    generator = _load_generator(recipe, model, tools)
    if len(recipe.request.metagenes) != len(generator.metagenes.names):
        raise InputError(
            f"expected {len(generator.metagenes.names)} metagenes, got "
            f"{len(recipe.request.metagenes)}"
        )
    site = NoduleSite(ct.series_uid, recipe.request.site.centre_lps_mm)
    return tools.make_synthesiser(generator).synthesise(
        ct, replace(recipe.request, site=site), lung=tools.lung_mask(ct) if lung is None else lung
    )


def _load_generator(recipe: Recipe, model: str | None, engines: Engines) -> Generator:
    """Load the recipe's own weights: from ``model``, by their digest, or by name."""
    asked = recipe.request.model_digest
    source = model or engines.shipped_file(asked) or recipe.model
    try:
        generator = engines.load_generator(source)
    except ModelError as error:
        if model is not None:
            raise
        raise ModelError(
            f"{error.reason}; give the recipe's run folder with --model", error.subject
        ) from error
    if generator.digest != asked:
        raise ModelError(
            f"its weights changed: the recipe asks for {asked[:12]}, here is "
            f"{generator.digest[:12]}",
            source,
        )
    return generator
