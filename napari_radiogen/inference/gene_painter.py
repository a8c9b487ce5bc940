"""GANs that paint from single genes: paper mode (Xu 2019) and MC-GAN (Park 2018).

They take what the plus-mode generator takes, so that one protocol judges all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from torch import Tensor

from napari_radiogen.errors import ModelError
from napari_radiogen.genomics.gene_scale import single_genes
from napari_radiogen.inference.descriptions import patch_facts, scale_of, training_digest
from napari_radiogen.inference.generator import load_generator
from napari_radiogen.inference.library import LoadedModel, find_model, load_model
from napari_radiogen.inference.painting import Painter, Strokes
from napari_radiogen.models.baselines import BaselineGenerator, MCGANBaselineConfig
from napari_radiogen.models.checkpoint import load_strictly
from napari_radiogen.models.mcgan_paper import MCGANPaperConfig, PaperGenerator

FloatArray = npt.NDArray[np.float32]
#: Systems whose generators read single genes.
SYSTEMS = ("mcgan-paper", "mcgan-baseline")
#: Systems that paint nodules from genes into a background.
PAINTERS = ("mcgan", *SYSTEMS)


@dataclass(frozen=True, eq=False, kw_only=True)
class GenePainter(Painter):
    """A published generator: its metagenes are single genes under their own names."""

    network: PaperGenerator | BaselineGenerator

    def _encode(self, metagenes: Tensor) -> Tensor:
        return self.network.encode(metagenes)

    def _paint(self, seen: Tensor, metagenes: Tensor, dz_mm: Tensor, seeds: list[int]) -> Strokes:
        out = self.network(seen, metagenes, self._noise(seeds))
        return Strokes(out.image, out.mask_logits, out.weight)

    def _noise(self, seeds: list[int]) -> Tensor:
        size = self.network.config.noise_size
        drawn = [torch.randn(size, generator=torch.Generator().manual_seed(s)) for s in seeds]
        return torch.stack(drawn)


def load_painter(name: str | None = None) -> Painter:
    """Load whatever paints nodules from genes: plus mode, paper mode or MC-GAN.

    Raises
    ------
    ModelError
        When there is no such model, it is of a system that does not paint
        from genes, or it does not hold together.
    """
    entry = find_model(name)
    if entry.system not in PAINTERS:
        raise ModelError(f"is a {entry.system}; expected {', '.join(PAINTERS)}", entry.name)
    if entry.system not in SYSTEMS:
        return load_generator(name)
    model = load_model(entry)
    try:
        return _assemble(model)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise ModelError(f"its description does not hold together ({error})", model.name) from error


def _assemble(model: LoadedModel) -> GenePainter:
    about, tensors = model.description, model.tensors
    network: PaperGenerator | BaselineGenerator
    if about["system"] == "mcgan-baseline":
        sizes = MCGANBaselineConfig.model_validate(about["config"]["network"])
        network = BaselineGenerator(sizes)
    else:
        network = PaperGenerator(MCGANPaperConfig.model_validate(about["config"]["network"]))
    load_strictly(network, tensors)
    network.requires_grad_(False)
    symbols = tuple(about["genes"]["symbols"])
    mean, sd = (tensors[f"genes.{f}"].float().numpy() for f in ("mean", "sd"))
    if not len(symbols) == len(mean) == len(sd) == network.config.genes:
        raise ModelError("its genes and their scale do not fit", subject=model.name)
    return GenePainter(
        **patch_facts(model),
        system=about["system"],
        cohort_kind=about["cohort"]["kind"],
        parameters=int(about["parameters"]),
        metagenes=single_genes(symbols, mean, sd, scale_of(about["genes"], model.name)),
        network=network,
        learned_permuted_genes=about["config"]["permute"] is not None,
        training_digest=training_digest(about),
    )
