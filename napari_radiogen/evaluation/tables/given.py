"""The models that a person gave, sorted by what they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.plan import require_fit, require_unseen
from napari_radiogen.inference.gene_mapping import GeneMapper, load_gene_mapper
from napari_radiogen.inference.gene_painter import PAINTERS, load_painter
from napari_radiogen.inference.library import find_model
from napari_radiogen.inference.measuring import MeasuringUNet, load_measuring_unet
from napari_radiogen.inference.painting import Painter
from napari_radiogen.inference.region_painters import (
    MiddleFiller,
    SheetPainter,
    load_middle_filler,
    load_sheet_painter,
)
from napari_radiogen.io.cohort_store import CohortStore


@dataclass(frozen=True, eq=False)
class GivenModels:
    """Models by what they do; each tuple is in the order given.

    Parameters
    ----------
    unets
        They outline nodules.
    mappers
        Autoencoders H.
    sheets
        CGANs.
    fillers
        In-painting.
    painters
        Multi-conditional GANs and MC-GAN that learned true genes.
    nulls
        The same that learned permuted genes.
    """

    unets: tuple[MeasuringUNet, ...] = ()
    mappers: tuple[GeneMapper, ...] = ()
    sheets: tuple[SheetPainter, ...] = ()
    fillers: tuple[MiddleFiller, ...] = ()
    painters: tuple[Painter, ...] = ()
    nulls: tuple[Painter, ...] = ()

    def painters_of(self, *systems: str) -> tuple[Painter, ...]:
        """Return the painters of some systems."""
        return tuple(p for p in self.painters if p.system in systems)

    def nulls_of(self, painter: Painter) -> tuple[Painter, ...]:
        """Return what was trained as a painter was, but on permuted genes."""
        return tuple(n for n in self.nulls if n.training_digest == painter.training_digest)

    def everything(self) -> tuple[Any, ...]:
        """Return every model."""
        return (
            *self.unets,
            *self.mappers,
            *self.sheets,
            *self.fillers,
            *self.painters,
            *self.nulls,
        )


def load_models(names: Sequence[str], cohort: CohortStore) -> GivenModels:
    """Load models by name, run folder or file, and check that they fit a cohort.

    Raises
    ------
    ModelError
        When there is no such model, one comes twice, does not fit the
        cohort's slices, or was trained or chosen on its test patients.
    """
    loaded: dict[str, list[Any]] = {}
    for name in names:
        system = find_model(name).system
        kind = "painter" if system in PAINTERS else system
        if kind not in _LOADERS:
            raise ModelError(f"is a {system}, of which no table is made", subject=name)
        model = _LOADERS[kind](name)
        if getattr(model, "learned_permuted_genes", False) and kind == "painter":
            kind = "null"
        loaded.setdefault(kind, []).append(model)
    given = GivenModels(
        unets=tuple(loaded.get("unet", ())),
        mappers=tuple(loaded.get("autoencoder", ())),
        sheets=tuple(loaded.get("cgan", ())),
        fillers=tuple(loaded.get("inpainting", ())),
        painters=tuple(loaded.get("painter", ())),
        nulls=tuple(loaded.get("null", ())),
    )
    _check(given, cohort)
    for null in given.nulls:
        if not any(null.training_digest == p.training_digest for p in given.painters):
            raise ModelError(
                "learned permuted genes, but no model of its cohort and config was given beside it",
                subject=null.name,
            )
    return given


def _check(given: GivenModels, cohort: CohortStore) -> None:
    seen: set[str] = set()
    for model in given.everything():
        if model.digest in seen:
            raise ModelError("is given twice", subject=model.name)
        seen.add(model.digest)
    for unet in given.unets:
        require_unseen(unet.name, unet.patients, cohort)
    for model in given.everything()[len(given.unets) :]:
        require_fit(model, cohort)


_LOADERS: dict[str, Any] = {
    "unet": load_measuring_unet,
    "autoencoder": load_gene_mapper,
    "cgan": load_sheet_painter,
    "inpainting": load_middle_filler,
    "painter": load_painter,
}
