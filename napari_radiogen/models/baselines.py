"""The two baselines of Xu 2019's table: MC-GAN (Park 2018) and in-painting (Jin 2018)."""

from __future__ import annotations

import itertools

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from napari_radiogen.models.blocks import LEAK, BatchGluUp, Upsample, batch_norm, conv
from napari_radiogen.models.losses_baselines import conditioning_divergence
from napari_radiogen.models.mcgan_paper import (
    HALVINGS,
    MCGANPaperConfig,
    Painting,
    background_encoder,
    encoded,
)


class MCGANBaselineConfig(MCGANPaperConfig):
    """Sizes of the MC-GAN; noise 100 as published."""

    noise_dim: int = Field(default=100, ge=1)

    @property
    def noise_size(self) -> int:
        """Random numbers behind one image: noise, and the draw of the conditioning."""
        return self.noise_dim + self.code_dim


class Conditioning(nn.Module):
    """Conditioning augmentation (Zhang 2017): FC and GLU to a mean and a log-variance."""

    def __init__(self, genes: int, code_dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(genes, 4 * code_dim), nn.GLU(dim=1))

    def forward(self, genes: Tensor) -> tuple[Tensor, Tensor]:
        """(B, G) -> mean (B, D), log-variance (B, D)."""
        mean, log_variance = self.layers(genes).chunk(2, dim=1)
        return mean, log_variance


class BaselineFusion(nn.Module):
    """Synthesis block (Park 2018): ``o + sigmoid(w) * b``, no style."""

    def __init__(self, spatial_dims: int, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            conv(spatial_dims, channels, channels, bias=False),
            batch_norm(spatial_dims, channels),
            nn.LeakyReLU(LEAK),
            conv(spatial_dims, channels, 2 * channels, bias=False),
            batch_norm(spatial_dims, 2 * channels),
        )

    def forward(self, x: Tensor, background: Tensor) -> Tensor:
        """(B, C, ...) twice -> (B, C, ...)."""
        obj, weight = self.layers(x).chunk(2, dim=1)
        return torch.as_tensor(obj + torch.sigmoid(weight) * background)


class BaselineGenerator(nn.Module):
    """Background, genes and noise to a slice and its mask (Park 2018, genes for words)."""

    def __init__(self, config: MCGANBaselineConfig) -> None:
        super().__init__()
        self.config = config
        dims, widths = config.spatial_dims, config.widths
        self.conditioning = Conditioning(config.genes, config.code_dim)
        self.grid = (widths[-1], *(config.deepest_px,) * dims)
        self.start = nn.Sequential(
            nn.Linear(config.code_dim + config.noise_dim, widths[-1] * config.deepest_px**dims),
            nn.LeakyReLU(LEAK),
        )
        self.encoder = background_encoder(dims, widths)
        self.fusions = nn.ModuleList(BaselineFusion(dims, w) for w in reversed(widths))
        self.ups = nn.ModuleList(
            BatchGluUp(dims, b, a) for a, b in reversed(list(itertools.pairwise(widths)))
        )
        self.head = conv(dims, widths[0], 2)

    def encode(self, genes: Tensor) -> Tensor:
        """Gene z-scores (B, G) -> code (B, D): the mean of the conditioning."""
        return torch.as_tensor(self.conditioning(genes)[0])

    def forward(self, background: Tensor, genes: Tensor, noise: Tensor) -> Painting:
        """Paint a nodule.

        Parameters
        ----------
        background
            (B, 1, H, W) in [-1, 1].
        genes
            (B, G) z-scores.
        noise
            (B, ``config.noise_size``) standard normal.
        """
        mean, log_variance = self.conditioning(genes)
        z, draw = noise.tensor_split([self.config.noise_dim], dim=1)
        condition = mean + torch.exp(0.5 * log_variance) * draw
        bands = encoded(self.encoder, background)[::-1]
        x = self.start(torch.cat((condition, z), dim=1)).view(len(z), *self.grid)
        for i, fusion in enumerate(self.fusions):
            x = fusion(x, bands[i])
            if i < len(self.ups):
                x = self.ups[i](x)
        obj, mask_logits = self.head(x).chunk(2, dim=1)
        return Painting(
            torch.tanh(obj),
            mask_logits,
            torch.sigmoid(mask_logits),
            mean,
            conditioning_divergence(mean, log_variance),
        )


class InpaintingConfig(BaseModel):
    """Sizes of the in-painting GAN."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spatial_dims: int = Field(default=2, ge=2, le=3)
    size_px: int = Field(default=128, ge=32, multiple_of=2**HALVINGS)
    base: int = Field(default=64, ge=4, description="channels after the first halving")
    discriminator_base: int = Field(default=64, ge=4)
    dropout: float = Field(default=0.5, ge=0, lt=1, description="the only noise, as published")
    erased_share: float = Field(
        default=0.5, gt=0, lt=1, description="diameter of the erased sphere over the side"
    )


class Inpainter(nn.Module):
    """Encoder-decoder that fills an erased centre (Jin 2018), dropout as its noise."""

    def __init__(self, config: InpaintingConfig) -> None:
        super().__init__()
        self.config = config
        dims = config.spatial_dims
        widths = [config.base * 2**i for i in range(HALVINGS)]
        self.down = nn.ModuleList(
            _down(dims, a, b, norm=i > 0)
            for i, (a, b) in enumerate(itertools.pairwise((2, *widths)))
        )
        deep = [widths[-1], *(2 * w for w in reversed(widths[:-1]))]
        out = [*reversed(widths[:-1]), config.base]
        drop = nn.Dropout2d if dims == 2 else nn.Dropout3d
        self.up = nn.ModuleList(
            nn.Sequential(
                Upsample(),
                conv(dims, a, b, bias=False),
                batch_norm(dims, b),
                drop(config.dropout if i < 2 else 0.0),
                nn.ReLU(),
            )
            for i, (a, b) in enumerate(zip(deep, out, strict=True))
        )
        self.head = conv(dims, config.base, 1)

    def forward(self, erased: Tensor, hole: Tensor) -> Tensor:
        """Erased slice in [-1, 1] and its hole, both (B, 1, H, W) -> whole slice."""
        x = torch.cat((erased, hole), dim=1)
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        skips.pop()
        for layer in self.up:
            x = layer(x)
            if skips:
                x = torch.cat((x, skips.pop()), dim=1)
        return torch.tanh(self.head(x))


class PatchDiscriminator(nn.Module):
    """Tells real slices from filled ones, given the erased slice (Jin 2018)."""

    def __init__(self, config: InpaintingConfig) -> None:
        super().__init__()
        dims, base = config.spatial_dims, config.discriminator_base
        widths = (2, base, 2 * base, 4 * base)
        self.layers = nn.Sequential(
            *(_down(dims, a, b, norm=i > 0) for i, (a, b) in enumerate(itertools.pairwise(widths))),
            conv(dims, widths[-1], 1),
        )

    def forward(self, image: Tensor, erased: Tensor) -> Tensor:
        """(B, 1, H, W) twice -> logits of patches (B, 1, H/8, W/8)."""
        return torch.as_tensor(self.layers(torch.cat((image, erased), dim=1)))


def central_hole(config: InpaintingConfig) -> Tensor:
    """Return the erased sphere (1, 1, ...): 1 inside, 0 outside."""
    axis = torch.arange(config.size_px) - (config.size_px - 1) / 2
    grids = torch.meshgrid(*(axis,) * config.spatial_dims, indexing="ij")
    distance = torch.stack(grids).square().sum(dim=0).sqrt()
    return (distance <= config.erased_share * config.size_px / 2).float()[None, None]


def _down(spatial_dims: int, a: int, b: int, *, norm: bool) -> nn.Sequential:
    layer = {2: nn.Conv2d, 3: nn.Conv3d}[spatial_dims]
    layers: list[nn.Module] = [layer(a, b, 4, 2, 1, bias=not norm)]
    if norm:
        layers.append(batch_norm(spatial_dims, b))
    return nn.Sequential(*layers, nn.LeakyReLU(LEAK))
