"""The auxiliary of plus mode: what a real slice tells of its genes.

A frozen regressor, trained on real slices only, pulls synthetic slices
towards the gene components that images can show at all. Components are
weighted by their validation R2 and targets shrunk by it: otherwise the
generator exaggerates to please it (METHODS 1.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_radiogen.models.gene_regressor import GeneRegressor
from napari_radiogen.trainers.agreement import Agreement
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.run import Progress
from napari_radiogen.trainers.slices import LEAST_SHARE, SliceSet, area_share, draw_batch, symmetry

#: Synthetic slices are asked this close to the nodule's centre, mm.
NEAR_CENTRE_MM = 3.0
#: Noise on images before the regressor, in units of [-1, 1].
IMAGE_NOISE = 0.03


@dataclass(frozen=True, eq=False)
class AuxiliaryTarget:
    """A frozen regressor and how well it knows each gene component.

    Parameters
    ----------
    network
        Image, mask, dz to components.
    components
        (A, K) weights of the metagenes.
    r2
        (A,) on validation subjects, clipped at 0.
    """

    network: GeneRegressor
    components: Tensor
    r2: Tensor

    def to(self, device: torch.device) -> AuxiliaryTarget:
        """Return the same target on a device."""
        return AuxiliaryTarget(
            self.network.to(device), self.components.to(device), self.r2.to(device)
        )

    def loss(self, image: Tensor, mask: Tensor, dz_mm: Tensor, metagenes: Tensor) -> Tensor:
        """Return the weighted squared error on slices that show a nodule."""
        turn = int(torch.randint(8, (1,)))
        noisy = image + IMAGE_NOISE * torch.randn_like(image)
        told = self.network(symmetry(noisy, turn), symmetry(mask, turn), dz_mm)
        error = (told - self.r2 * (metagenes @ self.components.T)) ** 2
        near = (dz_mm.abs() <= NEAR_CENTRE_MM).float()
        weighted = (self.r2 * error).sum(dim=1) / self.r2.sum().clamp(min=1e-3)
        mean = (weighted * near).sum() / near.sum().clamp(min=1)
        return torch.as_tensor(mean)


def train_regressor(
    train: SliceSet,
    validation: SliceSet,
    components: Tensor,
    config: MCGANTraining,
    steps: int,
    progress: Progress | None,
    agreement: tuple[Agreement, Agreement] | None = None,
) -> AuxiliaryTarget:
    """Train the regressor on real training slices and weigh it on validation.

    Parameters
    ----------
    components
        (A, K) weights of the metagenes, fitted on training patients.
    steps
        Optimiser steps.
    agreement
        Of training and validation slices: components are then what a slice
        shows, and not what its patient's genes foretell.
    """
    network = GeneRegressor(config.network.spatial_dims, len(components))
    rng = torch.Generator().manual_seed(config.seed + 2)
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))
    move = None if agreement is None else agreement[0].move
    for step in range(steps):
        batch = draw_batch(train, 32, 0.0, rng, least_share=LEAST_SHARE, move=move)
        noisy = batch.image + IMAGE_NOISE * torch.randn(batch.image.shape, generator=rng)
        told = network(noisy, batch.mask, batch.dz_mm)
        loss = F.mse_loss(told, batch.metagenes @ components.T)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        if progress is not None and step % 50 == 0:
            progress(0.0, f"auxiliary step {step}/{steps}, loss {loss.item():.2f}")
    network.eval().requires_grad_(False)
    foretold = validation.metagenes[validation.subject] @ components.T
    asked = foretold if agreement is None else agreement[1].asked
    r2 = _validation_r2(network, asked, validation)
    if progress is not None:
        progress(0.0, "auxiliary R2 " + ", ".join(f"{value:.2f}" for value in r2.tolist()))
    return AuxiliaryTarget(network, components, r2)


@torch.no_grad()
def _validation_r2(network: GeneRegressor, asked: Tensor, data: SliceSet) -> Tensor:
    """Return (A,) R2 of what the network tells of slices, (N, A) being asked; at least 0."""
    shown = area_share(data) >= LEAST_SHARE
    told = network(data.image[shown], data.mask[shown], data.dz_mm[shown])
    error = ((told - asked[shown]) ** 2).mean(dim=0)
    r2 = 1 - error / asked[shown].var(dim=0).clamp(min=1e-6)
    return torch.as_tensor(r2.clamp(min=0))
