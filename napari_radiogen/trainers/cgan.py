"""Training of the conditional GAN from metagenes to tumour regions (Li 2018; METHODS 1.3)."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor

from napari_radiogen.models.cgan import CGANConfig, CGANDiscriminator, CGANGenerator
from napari_radiogen.models.losses_baselines import bce_discriminator, bce_generator
from napari_radiogen.trainers.board import tile
from napari_radiogen.trainers.config import TrainingConfig
from napari_radiogen.trainers.devices import share, shared_statistics, update_average
from napari_radiogen.trainers.slices import LEAST_SHARE, Batch, SliceSet, augment, draw_batch
from napari_radiogen.trainers.system import System

if TYPE_CHECKING:
    from lightning.fabric import Fabric

#: Subjects and noise draws on an image sheet.
SHEET_SUBJECTS, SHEET_DRAWS = 12, 4


class CGANTraining(TrainingConfig):
    """What decides a run of the CGAN.

    ``mode`` paper is as published (rate 1e-3 in its config). Plus adds, of
    ours: turns, flips and shifts before the discriminator, and noise on
    metagenes of standard deviation ``gene_jitter``.
    """

    systems: ClassVar[tuple[str, ...]] = ("cgan",)

    name: str = "cgan-planted"
    mode: Literal["paper", "plus"] = "plus"
    network: CGANConfig = CGANConfig(size_px=64, base=16, discriminator_base=16)
    batch: int = Field(default=32, ge=2)
    steps: int = Field(default=6000, ge=1)
    generator_lr: float = Field(default=2e-4, gt=0)
    discriminator_lr: float = Field(default=2e-4, gt=0)
    betas: tuple[float, float] = (0.5, 0.999)
    ema: float = Field(default=0.999, ge=0, lt=1, description="0: the weights themselves")
    gene_jitter: float = Field(default=0.25, ge=0, description="plus mode only")
    permute: int | None = Field(default=None, description="seed that deals genes to other subjects")


class CGANSystem(System):
    """Generator, its average and discriminator; one step of each."""

    def __init__(
        self, train: SliceSet, validation: SliceSet, config: CGANTraining, fabric: Fabric
    ) -> None:
        torch.manual_seed(config.seed)
        self.data, self.validation = train, validation
        self.config, self.fabric = config, fabric
        self.rng = torch.Generator().manual_seed(config.seed + 1)
        generator = shared_statistics(fabric, CGANGenerator(config.network))
        discriminator = shared_statistics(fabric, CGANDiscriminator(config.network))
        self.average = copy.deepcopy(generator).eval().requires_grad_(False)
        fabric.to_device(self.average)
        g = torch.optim.Adam(generator.parameters(), config.generator_lr, config.betas)
        d = torch.optim.Adam(discriminator.parameters(), config.discriminator_lr, config.betas)
        self.generator, self.g_optimiser = fabric.setup(generator, g)
        self.discriminator, self.d_optimiser = fabric.setup(discriminator, d)
        self.networks = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
        }
        self.optimisers = {"generator": self.g_optimiser, "discriminator": self.d_optimiser}
        self.random = {"batches": self.rng}

    def draw(self) -> Batch:
        """Return the next whole batch."""
        jitter = self.config.gene_jitter if self.config.mode == "plus" else 0.0
        return draw_batch(self.data, self.config.batch, jitter, self.rng, least_share=LEAST_SHARE)

    def step(self, batch: Batch, step: int, minutes: float) -> dict[str, float]:
        """Take one step of D and one of G."""
        image, genes = share(self.fabric, batch.image), share(self.fabric, batch.metagenes)
        noise = self._noise(len(batch.image))
        fake = self.generator(noise, genes)
        loss_d = bce_discriminator(
            self.discriminator(self._seen(image), genes),
            self.discriminator(self._seen(fake.detach()), genes),
        )
        self.d_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss_d)
        self.d_optimiser.step()
        loss_g = bce_generator(self.discriminator(self._seen(fake), genes))
        self.g_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss_g)
        self.g_optimiser.step()
        update_average(self.average, self.generator, self.config.ema)
        return {"generator": loss_g.item(), "discriminator": loss_d.item()}

    def candidate(self) -> CGANGenerator:
        """Return the average of the generator's weights."""
        return self.average

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Compare the spread of brightness with that of real regions; nothing is chosen by it."""
        count = len(self.validation.metagenes)
        rng = torch.Generator().manual_seed(0)
        z = torch.randn(count, self.config.network.noise_dim, generator=rng)
        genes = self.validation.metagenes.to(self.fabric.device)
        told = self.average(z.to(self.fabric.device), genes).cpu().flatten(1).mean(dim=1)
        real = self.validation.image.flatten(1).mean(dim=1)
        return {
            "brightness_shift": float(told.mean() - real.mean()),
            "brightness_spread": float(told.std() / real.std().clamp(min=1e-6)),
        }

    @torch.no_grad()
    def sheet(self) -> npt.NDArray[np.uint8]:
        """Show a real region of each validation subject above draws from its metagenes."""
        data = self.validation
        count = min(SHEET_SUBJECTS, len(data.metagenes))
        area = data.mask.flatten(1).sum(dim=1)
        real = [int(torch.where(data.subject == s, area, -1.0).argmax()) for s in range(count)]
        rng = torch.Generator().manual_seed(0)
        genes = data.metagenes[:count].to(self.fabric.device)
        rows = [data.image[real]]
        for _ in range(SHEET_DRAWS):
            z = torch.randn(count, self.config.network.noise_dim, generator=rng)
            rows.append(self.average(z.to(self.fabric.device), genes))
        return tile(rows)

    def _noise(self, count: int) -> Tensor:
        whole = torch.randn(count, self.config.network.noise_dim, generator=self.rng)
        return share(self.fabric, whole)

    def _seen(self, image: Tensor) -> Tensor:
        """Return what the discriminator sees of images."""
        return augment(image, rng=self.rng)[0] if self.config.mode == "plus" else image
