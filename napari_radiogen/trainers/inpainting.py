"""Training of the in-painting baseline (Jin 2018; METHODS 1.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor

from napari_radiogen.models.baselines import (
    Inpainter,
    InpaintingConfig,
    PatchDiscriminator,
    central_hole,
)
from napari_radiogen.models.losses_baselines import (
    bce_discriminator,
    bce_generator,
    multi_mask_l1,
)
from napari_radiogen.trainers.board import tile
from napari_radiogen.trainers.config import TrainingConfig
from napari_radiogen.trainers.devices import share, shared_statistics
from napari_radiogen.trainers.slices import LEAST_SHARE, Batch, SliceSet, area_share, draw_batch
from napari_radiogen.trainers.system import System

if TYPE_CHECKING:
    from lightning.fabric import Fabric

#: Validation slices that are scored, and those on an image sheet.
SCORED, SHEET_TILES = 128, 12


class InpaintingTraining(TrainingConfig):
    """What decides a run of the in-painting GAN; it reads no genes."""

    systems: ClassVar[tuple[str, ...]] = ("inpainting",)

    name: str = "inpainting-planted"
    mode: Literal["paper"] = "paper"
    network: InpaintingConfig = InpaintingConfig(size_px=64, base=16, discriminator_base=16)
    batch: int = Field(default=16, ge=2)
    steps: int = Field(default=4500, ge=1)
    generator_lr: float = Field(default=2e-4, gt=0)
    discriminator_lr: float = Field(default=2e-4, gt=0)
    betas: tuple[float, float] = (0.5, 0.999)
    alpha: float = Field(default=5.0, ge=1, description="weight in the hole and its shell")
    l1: float = Field(default=100.0, ge=0)


class InpaintingSystem(System):
    """Generator and discriminator; one step of each."""

    def __init__(
        self, train: SliceSet, validation: SliceSet, config: InpaintingTraining, fabric: Fabric
    ) -> None:
        torch.manual_seed(config.seed)
        self.data, self.validation = train, validation
        self.config, self.fabric = config, fabric
        self.rng = torch.Generator().manual_seed(config.seed + 1)
        self.hole = fabric.to_device(central_hole(config.network))
        self.own = shared_statistics(fabric, Inpainter(config.network))
        judge = shared_statistics(fabric, PatchDiscriminator(config.network))
        g = torch.optim.Adam(self.own.parameters(), config.generator_lr, config.betas)
        d = torch.optim.Adam(judge.parameters(), config.discriminator_lr, config.betas)
        self.generator, self.g_optimiser = fabric.setup(self.own, g)
        self.discriminator, self.d_optimiser = fabric.setup(judge, d)
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimisers = {"generator": self.g_optimiser, "discriminator": self.d_optimiser}
        self.random = {"batches": self.rng}

    def draw(self) -> Batch:
        """Return the next whole batch."""
        return draw_batch(self.data, self.config.batch, 0.0, self.rng, least_share=LEAST_SHARE)

    def step(self, batch: Batch, step: int, minutes: float) -> dict[str, float]:
        """Take one step of D and one of G."""
        real = share(self.fabric, batch.image)
        self.generator.train()
        empty, hole = self._erased(real)
        filled = self.generator(empty, hole)
        loss_d = bce_discriminator(
            self.discriminator(real, empty), self.discriminator(filled.detach(), empty)
        )
        self.d_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss_d)
        self.d_optimiser.step()
        l1 = self.config.l1 * multi_mask_l1(filled, real, self.hole, self.config.alpha)
        loss_g = bce_generator(self.discriminator(filled, empty)) + l1
        self.g_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss_g)
        self.g_optimiser.step()
        return {"generator": loss_g.item(), "discriminator": loss_d.item(), "l1": l1.item()}

    def candidate(self) -> Inpainter:
        """Return the generator as it is."""
        return self.own

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Score the weighted L1 on validation slices."""
        shown = torch.nonzero(area_share(self.validation) >= LEAST_SHARE)[:, 0]
        chosen = shown[torch.linspace(0, len(shown) - 1, min(SCORED, len(shown))).long()]
        real = self.validation.image[chosen].to(self.fabric.device)
        filled = self._filled(real)
        error = float(multi_mask_l1(filled, real, self.hole, self.config.alpha))
        return {"weighted_l1": error, "score": -error}

    @torch.no_grad()
    def sheet(self) -> npt.NDArray[np.uint8]:
        """Show validation slices, the same erased, and filled."""
        shown = torch.nonzero(area_share(self.validation) >= LEAST_SHARE)[:, 0]
        chosen = shown[torch.linspace(0, len(shown) - 1, min(SHEET_TILES, len(shown))).long()]
        real = self.validation.image[chosen].to(self.fabric.device)
        return tile([real, self._erased(real)[0], self._filled(real)])

    def _filled(self, real: Tensor) -> Tensor:
        self.own.eval()
        return torch.as_tensor(self.own(*self._erased(real)))

    def _erased(self, real: Tensor) -> tuple[Tensor, Tensor]:
        """Return slices with an empty middle, and the hole of each."""
        hole = self.hole.expand(len(real), -1, *[-1] * (real.dim() - 2))
        return torch.where(hole > 0, -1.0, real), hole
