"""GANs that paint from single genes: paper mode (Xu 2019) and MC-GAN (Park 2018).

They take what the plus-mode generator takes, so that one protocol judges all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from torch import Tensor

from napari_radiogen.domain import Metagenes, Subject
from napari_radiogen.errors import ModelError
from napari_radiogen.genomics.gene_scale import single_genes
from napari_radiogen.imaging.windows import hu_to_unit
from napari_radiogen.inference.descriptions import patch_facts, scale_of, training_digest
from napari_radiogen.inference.generator import (
    Generator,
    RawNodules,
    load_generator,
)
from napari_radiogen.inference.library import LoadedModel, find_model, load_model
from napari_radiogen.inference.turning import blend_window, turn_of, turned, turned_back
from napari_radiogen.models.baselines import BaselineGenerator, MCGANBaselineConfig
from napari_radiogen.models.checkpoint import load_strictly
from napari_radiogen.models.mcgan_paper import MCGANPaperConfig, PaperGenerator

FloatArray = npt.NDArray[np.float32]
#: Systems whose generators read single genes.
SYSTEMS = ("mcgan-paper", "mcgan-baseline")
#: Systems that paint nodules from genes into a background.
PAINTERS = ("mcgan", *SYSTEMS)


@dataclass(frozen=True, eq=False)
class GenePainter:
    """A published generator with all it needs to be used.

    Parameters
    ----------
    metagenes
        Single genes: z-scores under the genes' own names.
    learned_permuted_genes, training_digest, cohort_digest
        As of :class:`~napari_radiogen.inference.generator.Generator`.
    """

    name: str
    digest: str
    system: str
    cohort: str
    cohort_kind: str
    parameters: int
    metagenes: Metagenes
    subjects: tuple[Subject, ...]
    field_of_view_mm: float
    size_px: int
    hu_range: tuple[float, float]
    network: PaperGenerator | BaselineGenerator
    learned_permuted_genes: bool = False
    training_digest: str = ""
    cohort_digest: str = ""

    @property
    def pixel_mm(self) -> float:
        """Side of a patch's pixel."""
        return self.field_of_view_mm / self.size_px

    def encode(self, metagenes: npt.NDArray[Any]) -> FloatArray:
        """Turn gene z-scores (N, G) into codes (N, D)."""
        with torch.inference_mode():
            told = torch.from_numpy(np.ascontiguousarray(metagenes, dtype=np.float32))
            return np.asarray(self.network.encode(told).numpy())

    def generate(
        self,
        backgrounds_hu: npt.NDArray[Any],
        metagenes: npt.NDArray[Any],
        dz_mm: npt.NDArray[Any],
        noise: list[int],
    ) -> RawNodules:
        """Paint nodules on backgrounds.

        Parameters
        ----------
        backgrounds_hu
            (B, H, W) in HU at the model's pixel size.
        metagenes
            (B, G) z-scores of single genes.
        dz_mm
            (B,) not read: the publications do not know the offset.
        noise
            (B,) seeds; equal seeds give equal noise.

        Raises
        ------
        ModelError
            When a shape does not fit the model.
        """
        size, genes = (self.size_px, self.size_px), len(self.metagenes.names)
        if backgrounds_hu.shape[1:] != size or metagenes.shape[1:] != (genes,):
            raise ModelError(
                f"expected backgrounds (B, {size[0]}, {size[1]}) and {genes} genes, got "
                f"{backgrounds_hu.shape} and {metagenes.shape}",
                subject=self.name,
            )
        turns = [turn_of(seed) for seed in noise]
        seen = torch.from_numpy(turned(hu_to_unit(backgrounds_hu, self.hu_range), turns))[:, None]
        with torch.inference_mode():
            told = torch.from_numpy(np.ascontiguousarray(metagenes, dtype=np.float32))
            out = self.network(seen, told, self._noise(noise))
            mask = turned_back(torch.sigmoid(out.mask_logits)[:, 0].numpy(), turns)
            added = turned_back((out.image - seen)[:, 0].numpy(), turns)
            weight = turned_back(out.weight[:, 0].numpy(), turns)
        # The network sees HU cut to its range; what it adds goes on the uncut background.
        change = added * (self.hu_range[1] - self.hu_range[0]) / 2
        raw = np.asarray(backgrounds_hu + change, dtype=np.float32)
        window = np.stack([blend_window(m > 0.5, (self.pixel_mm,) * 2) for m in mask])
        composed = np.asarray(backgrounds_hu + window * change, dtype=np.float32)
        return RawNodules(raw, mask, weight, composed)

    def _noise(self, seeds: list[int]) -> Tensor:
        size = self.network.config.noise_size
        drawn = [torch.randn(size, generator=torch.Generator().manual_seed(s)) for s in seeds]
        return torch.stack(drawn)


#: Whatever paints nodules from genes into a background.
Painter = Generator | GenePainter


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
