"""Training of the gene-mapping autoencoder H (Li 2018; METHODS 1.2)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from napari_radiogen.models.gene_autoencoder import AutoencoderConfig, GeneAutoencoder
from napari_radiogen.models.losses_autoencoder import autoencoder_loss, feature_error, l1_l2
from napari_radiogen.trainers.board import tile
from napari_radiogen.trainers.config import TrainingConfig
from napari_radiogen.trainers.devices import share, shared_statistics
from napari_radiogen.trainers.region_data import RegionBatch, RegionSet, draw_regions
from napari_radiogen.trainers.system import System

if TYPE_CHECKING:
    from lightning.fabric import Fabric

#: Validation slices that are read at once, and those on an image sheet.
READ_AT_ONCE, SHEET_TILES = 64, 12


#: A small H: 192 features as in the paper, 64 pixels, few channels below.
SMALL = AutoencoderConfig(
    size_px=64,
    genes=1000,
    code_channels=None,
    widths=(64, 128, 128),
    decoder_widths=(128, 64, 32),
    convolutions=1,
    global_genes=True,
)


class AutoencoderTraining(TrainingConfig):
    """What decides a run of H.

    ``mode`` paper is as published. Plus adds three things of ours: the
    decoder also learns from the true genes, regions are turned by the eight
    symmetries of a square, and the rate falls as a cosine. A network with
    global genes starts at the training mean.
    """

    systems: ClassVar[tuple[str, ...]] = ("autoencoder",)

    name: str = "autoencoder-planted"
    mode: Literal["paper", "plus"] = "plus"
    network: AutoencoderConfig = Field(default=SMALL, description="genes: the cohort's")
    batch: int = Field(default=16, ge=2)
    steps: int = Field(default=1000, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    feature_vgg: Path | None = Field(default=None, description="file with VGG16's weights")
    feature_unet: Path | None = Field(default=None, description="model file; default: shipped")
    permute: int | None = Field(default=None, description="seed that deals genes to other subjects")


class AutoencoderSystem(System):
    """H and one step of it.

    Parameters
    ----------
    features
        Frozen network of the feature loss.
    """

    def __init__(
        self,
        train: RegionSet,
        validation: RegionSet,
        features: nn.Module,
        config: AutoencoderTraining,
        fabric: Fabric,
    ) -> None:
        torch.manual_seed(config.seed)
        self.data, self.validation = train, validation
        self.config, self.fabric = config, fabric
        self.features = features.to(fabric.device).eval()
        self.rng = torch.Generator().manual_seed(config.seed + 1)
        own = GeneAutoencoder(config.network)
        own.start_at(train.genes.mean(dim=0))
        network = shared_statistics(fabric, own)
        self.own = network
        optimiser = torch.optim.Adam(network.parameters(), config.learning_rate)
        self.network, self.optimiser = fabric.setup(network, optimiser)
        self.network.mark_forward_method("decode")
        self.networks = {"autoencoder": self.network}
        self.optimisers = {"autoencoder": self.optimiser}
        self.random = {"batches": self.rng}

    def draw(self) -> RegionBatch:
        """Return the next whole batch."""
        turned = self.config.mode == "plus"
        return draw_regions(self.data, self.config.batch, turned=turned, rng=self.rng)

    def step(self, batch: RegionBatch, step: int, minutes: float) -> dict[str, float]:
        """Take one step on equation 9."""
        if self.config.mode == "plus":
            done = min(1.0, step / self.config.steps)
            rate = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))
            for group in self.optimiser.param_groups:
                group["lr"] = self.config.learning_rate * rate
        local = RegionBatch(**{k: share(self.fabric, v) for k, v in vars(batch).items()})
        self.network.train()
        told, genes = self.network(local.loose, local.tight)
        image = l1_l2(told, local.loose)
        if self.config.mode == "plus":
            image = 0.5 * (image + l1_l2(self.network.decode(local.genes), local.loose))
        features = feature_error(self.features(told), self.features(local.loose))
        loss = autoencoder_loss(features, image, l1_l2(genes, local.genes))
        self.optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss.total)
        self.optimiser.step()
        return {
            "loss": loss.total.item(),
            "features": loss.features.item(),
            "image": loss.image.item(),
            "genes": loss.genes.item(),
        }

    def candidate(self) -> GeneAutoencoder:
        """Return the network as it is: H has no average."""
        return self.own

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Compare genes and images with the truth, and genes with the training mean."""
        genes, asked, images = self._read()
        mean = self.data.genes.mean(dim=0, keepdim=True)
        scores = {
            "gene_mae": float((genes - asked).abs().mean()),
            "gene_mae_of_mean": float((mean - asked).abs().mean()),
            "gene_pearson": _pearson(genes, asked),
            "image_l1": images[0],
            "image_l1_from_genes": images[1],
        }
        return {**scores, "score": -(scores["gene_mae"] + images[0] + images[1])}

    def _read(self) -> tuple[Tensor, Tensor, tuple[float, float]]:
        """Return each subject's genes (S, G) as told and true, and two image errors."""
        data, device = self.validation, self.fabric.device
        self.own.eval()
        total = torch.zeros_like(data.genes)
        errors = torch.zeros(2)
        for rows in torch.split(torch.arange(len(data.loose)), READ_AT_ONCE):
            loose = data.loose[rows].to(device)
            image, genes = self.own(loose, data.tight[rows].to(device))
            total.index_add_(0, data.subject[rows], genes.cpu())
            from_genes = self.own.decode(data.genes[data.subject[rows]].to(device))
            for i, painted in enumerate((image, from_genes)):
                errors[i] += float((painted - loose).abs().mean()) * len(rows) / len(data.loose)
        count = torch.bincount(data.subject, minlength=len(data.genes))
        shown = count > 0
        told = total[shown] / count[shown, None]
        return told, data.genes[shown], (float(errors[0]), float(errors[1]))

    @torch.no_grad()
    def sheet(self) -> npt.NDArray[np.uint8]:
        """Show validation regions, the same from the image, and from the genes."""
        data, device = self.validation, self.fabric.device
        at = np.linspace(0, len(data.loose) - 1, min(SHEET_TILES, len(data.loose))).astype(int)
        self.own.eval()
        image, _ = self.own(data.loose[at].to(device), data.tight[at].to(device))
        from_genes = self.own.decode(data.genes[data.subject[at]].to(device))
        return tile([data.loose[at], image, from_genes], low=0.0)


def _pearson(told: Tensor, asked: Tensor) -> float:
    """Return the mean over genes of Pearson's r across subjects; 0 where nothing varies."""
    a, b = told - told.mean(dim=0), asked - asked.mean(dim=0)
    length = (a.square().sum(dim=0) * b.square().sum(dim=0)).sqrt()
    return float(((a * b).sum(dim=0) / length.clamp(min=1e-9)).mean())
