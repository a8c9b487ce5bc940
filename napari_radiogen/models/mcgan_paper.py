"""Multi-conditional GAN as published (Xu 2019), METHODS 1.4, paper mode.

Batch normalisation, the style after the mask, and a blend weight squashed
twice: two of these are faults that plus mode (``models/mcgan.py``) avoids,
and they are kept here so that both can be compared.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional as F

from napari_radiogen.models.blocks import LEAK, BatchGluUp, batch_norm, conv
from napari_radiogen.models.mcgan import Verdict

#: Halvings between an image and its deepest features.
HALVINGS = 4


class MCGANPaperConfig(BaseModel):
    """Sizes of generator and discriminator; the defaults are the paper's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spatial_dims: int = Field(default=2, ge=2, le=3)
    size_px: int = Field(default=128, ge=32, multiple_of=2**HALVINGS)
    genes: int = Field(default=5172, ge=1, description="length of a gene vector")
    hidden: int = Field(default=512, ge=8, description="between genes and code")
    code_dim: int = Field(default=128, ge=8)
    noise_dim: int = Field(default=10, ge=1)
    base: int = Field(default=32, ge=4, description="channels at full size, doubled by halvings")
    discriminator_base: int = Field(default=64, ge=4)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels from full size down to a sixteenth."""
        return tuple(self.base * 2**i for i in range(HALVINGS + 1))

    @property
    def deepest_px(self) -> int:
        """Side of the deepest features."""
        return int(self.size_px // 2**HALVINGS)

    @property
    def noise_size(self) -> int:
        """Random numbers behind one image."""
        return self.noise_dim


class Painting(NamedTuple):
    """What a generator with genes makes of a batch.

    ``image`` (B, 1, ...) in [-1, 1]; ``mask_logits`` (B, 1, ...); ``weight``
    (B, 1, ...) of the object in the image; ``code`` (B, D) for the
    discriminator; ``divergence`` () of the conditioning, nought if there is none.
    """

    image: Tensor
    mask_logits: Tensor
    weight: Tensor
    code: Tensor
    divergence: Tensor


class PaperFusion(nn.Module):
    """Fusion block (Xu 2019, fig. 1b): the style is applied after the mask.

    The paper does not give the shape of its style map; one of the deepest
    features' size for each block gives the 44 M parameters of METHODS 4.
    """

    def __init__(self, spatial_dims: int, channels: int, style_dim: int, map_px: int) -> None:
        super().__init__()
        self.map_shape = (2 * channels, *(map_px,) * spatial_dims)
        self.layers = nn.Sequential(
            conv(spatial_dims, channels, 2 * channels, bias=False),
            batch_norm(spatial_dims, 2 * channels),
            nn.LeakyReLU(LEAK),
            conv(spatial_dims, 2 * channels, 2 * channels, bias=False),
            batch_norm(spatial_dims, 2 * channels),
        )
        self.style = nn.Linear(style_dim, 2 * channels * map_px**spatial_dims)

    def forward(self, x: Tensor, background: Tensor, style: Tensor) -> Tensor:
        """(B, C, ...) twice, (B, S) -> (B, C, ...)."""
        obj, weight = self.layers(x).chunk(2, dim=1)
        weight = torch.sigmoid(weight)
        style_map = self.style(style).view(len(style), *self.map_shape)
        scale, shift = F.interpolate(style_map, size=x.shape[2:]).chunk(2, dim=1)
        styled = F.instance_norm(weight * obj) * (1 + scale) + shift
        return torch.as_tensor(styled + (1 - weight) * background)


class PaperGenerator(nn.Module):
    """Background, genes and noise to a slice with a nodule and its mask."""

    def __init__(self, config: MCGANPaperConfig) -> None:
        super().__init__()
        self.config = config
        dims, widths = config.spatial_dims, config.widths
        self.gene_encoder = nn.Sequential(
            nn.Linear(config.genes, config.hidden),
            nn.LeakyReLU(LEAK),
            nn.Linear(config.hidden, config.code_dim),
        )
        self.encoder = background_encoder(dims, widths)
        style = config.code_dim + config.noise_dim
        self.fusions = nn.ModuleList(
            PaperFusion(dims, w, style, config.deepest_px) for w in reversed(widths)
        )
        self.ups = nn.ModuleList(
            BatchGluUp(dims, b, a) for a, b in reversed(list(itertools.pairwise(widths)))
        )
        self.head = conv(dims, widths[0], 3)
        orthogonal(self)

    def encode(self, genes: Tensor) -> Tensor:
        """phi: gene z-scores (B, G) -> code (B, D)."""
        return torch.as_tensor(self.gene_encoder(genes))

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
        code = self.encode(genes)
        style = torch.cat((code, noise), dim=1)
        bands = encoded(self.encoder, background)[::-1]
        x = bands[0]
        for i, fusion in enumerate(self.fusions):
            x = fusion(x, bands[i], style)
            if i < len(self.ups):
                x = self.ups[i](x)
        obj, weight, mask_logits = self.head(x).chunk(3, dim=1)
        weight = twice_squashed(weight)
        image = weight * torch.tanh(obj) + (1 - weight) * background
        return Painting(image, mask_logits, weight, code, image.new_zeros(()))


class MultiDiscriminator(nn.Module):
    """D_I, D_IS and D_ISG on two encoders (Xu 2019, fig. 1c; after Park 2018)."""

    def __init__(
        self, spatial_dims: int, size_px: int, base: int, code_dim: int, halvings: int = HALVINGS
    ) -> None:
        super().__init__()
        deepest = base * 2 ** (halvings - 1)
        flat = deepest * (size_px // 2**halvings) ** spatial_dims
        self.image_encoder = _strided(spatial_dims, 1, base, halvings)
        self.pair_encoder = _strided(spatial_dims, 2, base, halvings)
        self.joint = nn.Sequential(
            conv(spatial_dims, deepest + code_dim, deepest, bias=False),
            batch_norm(spatial_dims, deepest),
            nn.LeakyReLU(LEAK),
        )
        self.image_head = nn.Linear(flat, 1)
        self.pair_head = nn.Linear(flat, 1)
        self.joint_head = nn.Linear(flat, 1)
        orthogonal(self)

    def forward(self, image: Tensor, mask: Tensor, code: Tensor) -> Verdict:
        """(B, 1, ...) twice, (B, D) -> three scores (B, 1)."""
        pair = self.pair_encoder(torch.cat((image, mask), dim=1))
        tiled = code.view(*code.shape, *(1,) * (pair.dim() - 2)).expand(-1, -1, *pair.shape[2:])
        joint = self.joint(torch.cat((pair, tiled), dim=1))
        return Verdict(
            self.image_head(self.image_encoder(image).flatten(1)),
            self.pair_head(pair.flatten(1)),
            self.joint_head(joint.flatten(1)),
        )


def paper_discriminator(config: MCGANPaperConfig) -> MultiDiscriminator:
    """Return the discriminator of a config."""
    return MultiDiscriminator(
        config.spatial_dims, config.size_px, config.discriminator_base, config.code_dim
    )


def background_encoder(spatial_dims: int, widths: tuple[int, ...]) -> nn.ModuleList:
    """Return convolutions from (B, 1, ...) to features of each width, halving after the first."""
    return nn.ModuleList(
        nn.Sequential(
            conv(spatial_dims, a, b, stride=1 if i == 0 else 2, bias=False),
            batch_norm(spatial_dims, b),
            nn.LeakyReLU(LEAK),
        )
        for i, (a, b) in enumerate(itertools.pairwise((1, *widths)))
    )


def encoded(encoder: nn.ModuleList, background: Tensor) -> list[Tensor]:
    """Return the features (B, C, ...) of each size, full size first."""
    out = [background]
    for layer in encoder:
        out.append(layer(out[-1]))
    return out[1:]


def twice_squashed(x: Tensor) -> Tensor:
    """Return a weight in [0.12, 0.88]: tanh of tanh, as published (a fault; METHODS 1.4)."""
    return (torch.tanh(torch.tanh(x)) + 1) / 2


def orthogonal(network: nn.Module) -> None:
    """Initialise all layers with orthogonal weights and biases of nought."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
            nn.init.orthogonal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _strided(spatial_dims: int, channels: int, base: int, halvings: int) -> nn.Sequential:
    layer = {2: nn.Conv2d, 3: nn.Conv3d}[spatial_dims]
    widths = (channels, *(base * 2**i for i in range(halvings)))
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        layers.append(layer(a, b, 4, 2, 1, bias=i == 0))
        if i > 0:
            layers.append(batch_norm(spatial_dims, b))
        layers.append(nn.LeakyReLU(LEAK))
    return nn.Sequential(*layers)
