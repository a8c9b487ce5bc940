"""Training of the published GANs from genes and background: Xu 2019, and Park 2018."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor

from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.baselines import BaselineGenerator, MCGANBaselineConfig
from napari_radiogen.models.losses import background_l1
from napari_radiogen.models.losses_baselines import (
    published_loss,
    table_loss,
    weighted_generator_loss,
)
from napari_radiogen.models.mcgan_paper import (
    MCGANPaperConfig,
    Painting,
    PaperGenerator,
    paper_discriminator,
)
from napari_radiogen.trainers.config import TrainingConfig
from napari_radiogen.trainers.devices import share, shared_statistics, update_average
from napari_radiogen.trainers.gene_gan_judge import GeneJudge
from napari_radiogen.trainers.slices import Batch, draw_batch, slice_set
from napari_radiogen.trainers.system import System

if TYPE_CHECKING:
    from lightning.fabric import Fabric


class MCGANPaperTraining(TrainingConfig):
    """Paper mode of METHODS 1.4; plus mode is the system ``mcgan``.

    ``mismatch`` says which part of a false tuple is another patient's: image
    and mask (the table of METHODS) or the genes (the printed loss).
    """

    systems: ClassVar[tuple[str, ...]] = ("mcgan-paper",)

    name: str = "mcgan-paper-planted"
    mode: Literal["paper"] = "paper"
    network: MCGANPaperConfig = MCGANPaperConfig(size_px=64, base=8, discriminator_base=16)
    mismatch: Literal["image", "genes"] = "image"
    batch: int = Field(default=16, ge=4)
    steps: int = Field(default=2000, ge=1)
    generator_lr: float = Field(default=1e-4, gt=0)
    discriminator_lr: float = Field(default=1e-4, gt=0)
    betas: tuple[float, float] = (0.5, 0.999)
    ema: float = Field(default=0.999, ge=0, lt=1)
    adversarial: tuple[float, float, float] = Field(
        default=(10.0, 8.0, 1.0), description="weights of D_ISG, D_I and D_IS"
    )
    background: float = Field(default=100.0, ge=0)
    divergence: float = Field(default=0.0, ge=0, description="of the conditioning augmentation")
    validate_every: int = Field(default=500, ge=1)
    permute: int | None = Field(default=None, description="seed that deals genes to other subjects")


class MCGANBaselineTraining(MCGANPaperTraining):
    """MC-GAN (Park 2018) with genes in place of words; METHODS 1.5."""

    systems: ClassVar[tuple[str, ...]] = ("mcgan-baseline",)

    name: str = "mcgan-baseline-planted"
    network: MCGANBaselineConfig = MCGANBaselineConfig(size_px=64, base=8, discriminator_base=16)
    batch: int = Field(default=32, ge=4)
    steps: int = Field(default=1500, ge=1)
    generator_lr: float = Field(default=2e-4, gt=0)
    discriminator_lr: float = Field(default=2e-4, gt=0)
    divergence: float = Field(default=2.0, ge=0)


def build_generator(config: MCGANPaperConfig) -> PaperGenerator | BaselineGenerator:
    """Return the untrained generator that a config is of."""
    if isinstance(config, MCGANBaselineConfig):
        return BaselineGenerator(config)
    return PaperGenerator(config)


class GeneGANSystem(System):
    """Generator, its average and the three discriminators; one step of each.

    Parameters
    ----------
    genes
        (subjects, G) z-scores, rows as ``store.subjects``.
    """

    def __init__(
        self,
        store: CohortStore,
        genes: npt.NDArray[np.float32],
        config: MCGANPaperTraining,
        fabric: Fabric,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.fabric = config, fabric
        self.data = slice_set(store, "train", genes, config.permute)
        self.judge = GeneJudge(slice_set(store, "validation", genes, config.permute), store)
        self.rng = torch.Generator().manual_seed(config.seed + 1)
        generator = shared_statistics(fabric, build_generator(config.network))
        discriminator = shared_statistics(fabric, paper_discriminator(config.network))
        self.average = copy.deepcopy(generator).eval().requires_grad_(False)
        fabric.to_device(self.average)
        g = torch.optim.Adam(generator.parameters(), config.generator_lr, config.betas)
        d = torch.optim.Adam(discriminator.parameters(), config.discriminator_lr, config.betas)
        self.generator, self.g_optimiser = fabric.setup(generator, g)
        self.discriminator, self.d_optimiser = fabric.setup(discriminator, d)
        self.generator.mark_forward_method("encode")
        self.networks = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
        }
        self.optimisers = {"generator": self.g_optimiser, "discriminator": self.d_optimiser}
        self.random = {"batches": self.rng}

    def draw(self) -> Batch:
        """Return the next whole batch."""
        return draw_batch(self.data, self.config.batch, 0.0, self.rng)

    def step(self, batch: Batch, step: int, minutes: float) -> dict[str, float]:
        """Take one step of D and one of G."""
        local = Batch(**{k: share(self.fabric, v) for k, v in vars(batch).items()})
        noise = torch.randn(len(batch.image), self.config.network.noise_size, generator=self.rng)
        out = self.generator(local.backgrounds, local.metagenes, share(self.fabric, noise))
        mask = torch.sigmoid(out.mask_logits)
        discriminator = self._discriminate(local, out, mask)
        verdict = self.discriminator(out.image, mask, out.code)
        c = self.config
        terms = {
            "adversarial": weighted_generator_loss(verdict, c.adversarial),
            "background": c.background * background_l1(out.image, local.backgrounds, mask),
            "divergence": c.divergence * out.divergence,
        }
        total = torch.stack(list(terms.values())).sum()
        self.g_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(total)
        self.g_optimiser.step()
        update_average(self.average, self.generator, c.ema)
        return {
            "generator": total.item(),
            "discriminator": discriminator,
            **{k: v.item() for k, v in terms.items()},
        }

    def candidate(self) -> PaperGenerator | BaselineGenerator:
        """Return the average of the generator's weights."""
        return self.average

    def validate(self) -> dict[str, float]:
        """Ask how well validation genes show in the average's own masks.

        As published, nothing is chosen by it: the last weights are kept. Early
        on, control is noise, and the best of it would pick a network that has
        not learnt to paint.
        """
        told = self.judge.scores(self.average)
        return {name: value for name, value in told.items() if name != "score"}

    def sheet(self) -> npt.NDArray[np.uint8]:
        """Show validation slices, backgrounds, and what is painted into them."""
        return self.judge.sheet(self.average)

    def _discriminate(self, batch: Batch, out: Painting, mask: Tensor) -> float:
        """Take one step of the discriminators; the code is detached for them."""
        d, code = self.discriminator, out.code.detach()
        real = d(batch.image, batch.mask, code)
        wrong_mask = d(batch.image, batch.other_mask, code)
        fake = d(out.image.detach(), mask.detach(), code)
        if self.config.mismatch == "image":
            wrong = d(batch.other_image, batch.other_mask, code)
            loss = table_loss(real, wrong, wrong_mask, fake)
        else:
            wrong = d(batch.image, batch.mask, code.roll(1, dims=0))
            loss = published_loss(real, wrong, wrong_mask, fake)
        self.d_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.d_optimiser.step()
        return float(loss.item())
