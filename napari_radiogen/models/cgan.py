"""Conditional GAN from metagenes to tumour regions (Li 2018; METHODS 1.3)."""

from __future__ import annotations

import itertools
import math

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from napari_radiogen.models.blocks import LEAK, batch_norm

#: Side of the features that the generator starts from, pixels.
START_PX = 4


class CGANConfig(BaseModel):
    """Sizes of generator and discriminator; the defaults are the paper's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spatial_dims: int = Field(default=2, ge=2, le=3)
    size_px: int = Field(default=128, ge=32, description="a power of two")
    metagenes: int = Field(default=100, ge=1)
    noise_dim: int = Field(default=100, ge=1)
    base: int = Field(default=32, ge=4, description="channels before the last layer")
    discriminator_base: int = Field(default=64, ge=4)

    @property
    def doublings(self) -> int:
        """Transposed convolutions from 4 pixels to full size."""
        return int(math.log2(self.size_px // START_PX))

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels from 4 pixels on: 512, 256, 128, 64, 32 at paper size."""
        return tuple(self.base * 2**i for i in reversed(range(self.doublings)))


class CGANGenerator(nn.Module):
    """Noise and metagenes to a tumour region."""

    def __init__(self, config: CGANConfig) -> None:
        super().__init__()
        self.config = config
        dims, widths = config.spatial_dims, config.widths
        if START_PX * 2**config.doublings != config.size_px:
            raise ValueError(f"size_px must be a power of two, got {config.size_px}")
        self.grid = (widths[0], *(START_PX,) * dims)
        self.start = nn.Linear(config.noise_dim + config.metagenes, widths[0] * START_PX**dims)
        layers: list[nn.Module] = [batch_norm(dims, widths[0]), nn.ReLU()]
        up = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}[dims]
        for a, b in itertools.pairwise(widths):
            layers += [up(a, b, 4, 2, 1, bias=False), batch_norm(dims, b), nn.ReLU()]
        self.layers = nn.Sequential(*layers, up(widths[-1], 1, 4, 2, 1), nn.Tanh())
        _normal(self)

    def forward(self, noise: Tensor, metagenes: Tensor) -> Tensor:
        """(B, noise_dim), (B, K) -> (B, 1, H, W) in [-1, 1]."""
        x = self.start(torch.cat((noise, metagenes), dim=1))
        return torch.as_tensor(self.layers(x.view(len(x), *self.grid)))


class CGANDiscriminator(nn.Module):
    """Image and metagenes to one logit, by projection (Miyato 2018)."""

    def __init__(self, config: CGANConfig) -> None:
        super().__init__()
        dims = config.spatial_dims
        layer = {2: nn.Conv2d, 3: nn.Conv3d}[dims]
        widths = (1, *(config.discriminator_base * 2**i for i in range(4)))
        layers: list[nn.Module] = []
        for i, (a, b) in enumerate(itertools.pairwise(widths)):
            layers.append(layer(a, b, 4, 2, 1, bias=i == 0))
            if i > 0:
                layers.append(batch_norm(dims, b))
            layers.append(nn.LeakyReLU(LEAK))
        self.layers = nn.Sequential(*layers)
        flat = widths[-1] * (config.size_px // 16) ** dims
        self.head = nn.Linear(flat, 1)
        self.projection = nn.Linear(config.metagenes, widths[-1], bias=False)
        _normal(self)

    def forward(self, image: Tensor, metagenes: Tensor) -> Tensor:
        """(B, 1, H, W), (B, K) -> (B,) logits."""
        seen = self.layers(image).flatten(2)
        matched = (self.projection(metagenes) * seen.mean(dim=2)).sum(dim=1)
        return torch.as_tensor(self.head(seen.flatten(1))[:, 0] + matched)


def _normal(network: nn.Module) -> None:
    """Initialise as DCGAN does (Radford 2015): normal, s.d. 0.02."""
    kinds = nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.ConvTranspose3d | nn.Linear
    for module in network.modules():
        if isinstance(module, kinds):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
