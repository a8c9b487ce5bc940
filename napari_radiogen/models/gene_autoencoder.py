"""Gene-mapping autoencoder H: tumour regions to genes and back (Li 2018; METHODS 1.2)."""

from __future__ import annotations

import itertools
import math

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from napari_radiogen.models.blocks import Upsample, batch_norm, conv

#: Side of the layer that holds the genes, pixels.
CODE_PX = 8


class AutoencoderConfig(BaseModel):
    """Sizes of H; the defaults are the paper's.

    ``widths`` are the encoder's blocks before the one that holds the genes,
    each followed by a pool; ``decoder_widths`` run the other way. As published,
    a gene is one pixel of the deepest layer and sees its own part of the region
    alone; with ``global_genes`` it also sees features averaged over all of it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    spatial_dims: int = Field(default=2, ge=2, le=3)
    size_px: int = Field(default=128, ge=32)
    genes: int = Field(default=60607, ge=1)
    code_channels: int | None = Field(
        default=1024, ge=1, description="None: as few as hold the genes"
    )
    widths: tuple[int, ...] = (64, 128, 256, 512)
    decoder_widths: tuple[int, ...] = (512, 256, 128, 64)
    convolutions: int = Field(default=2, ge=1, description="in each block")
    global_genes: bool = Field(
        default=False, description="ours: every gene also sees the whole region"
    )

    @model_validator(mode="after")
    def _fits(self) -> AutoencoderConfig:
        if CODE_PX * 2 ** len(self.widths) != self.size_px or len(self.widths) < 2:
            raise ValueError(f"{len(self.widths)} pools do not lead from {self.size_px} px to 8")
        if len(self.decoder_widths) != len(self.widths):
            raise ValueError("the decoder must have as many blocks as the encoder has pools")
        if self.channels * self.cells < self.genes:
            raise ValueError(f"{self.channels} channels cannot hold {self.genes} genes")
        return self

    @property
    def cells(self) -> int:
        """Pixels of the layer that holds the genes."""
        return int(CODE_PX**self.spatial_dims)

    @property
    def channels(self) -> int:
        """Channels of that layer."""
        return self.code_channels or math.ceil(self.genes / self.cells)

    @property
    def padding(self) -> int:
        """Features of that layer that stand for no gene and stay nought."""
        return self.channels * self.cells - self.genes

    @property
    def features(self) -> int:
        """Pooled features of the first two blocks: 192 in the paper."""
        return self.widths[0] + self.widths[1]


class GeneAutoencoder(nn.Module):
    """Loose and tight tumour region to genes, and genes to the loose region."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        dims, n = config.spatial_dims, config.convolutions
        self.pool = nn.MaxPool2d(2) if dims == 2 else nn.MaxPool3d(2)
        self.tight_stem = _block(dims, 1, config.widths[0], n)
        inputs = (1, 2 * config.widths[0], *config.widths[1:-1])
        self.blocks = nn.ModuleList(
            _block(dims, a, b, n) for a, b in zip(inputs, config.widths, strict=True)
        )
        self.to_genes = nn.Sequential(
            _block(dims, config.widths[-1], config.widths[-1], n - 1),
            conv(dims, config.widths[-1], config.channels),
        )
        self.whole_to_genes = (
            _starting_at_nought(config.widths[-1], config.genes) if config.global_genes else None
        )
        widths = (config.channels, *config.decoder_widths)
        self.decoder = nn.Sequential(
            *(
                nn.Sequential(Upsample(), _block(dims, a, b, n))
                for a, b in itertools.pairwise(widths)
            ),
            conv(dims, widths[-1], 1, kernel=1),
        )

    def encode(self, loose: Tensor, tight: Tensor) -> Tensor:
        """LTR (B, 1, H, W) and TTR (B, 1, H/2, W/2), both in [0, 1] -> genes (B, G) in [0, 1]."""
        x = self._first_two(loose, tight)[1]
        for block in self.blocks[2:]:
            x = block(self.pool(x))
        genes = self.to_genes(self.pool(x)).flatten(1)[:, : self.config.genes]
        if self.whole_to_genes is not None:
            genes = genes + self.whole_to_genes(x.flatten(2).mean(dim=2))
        return torch.sigmoid(genes)

    @torch.no_grad()
    def start_at(self, genes: Tensor) -> None:
        """Let the global genes start at a vector (G,) in [0, 1], such as the training mean."""
        if self.whole_to_genes is not None:
            self.whole_to_genes.bias.copy_(torch.logit(genes, eps=0.01))

    def decode(self, genes: Tensor) -> Tensor:
        """Genes (B, G) in [0, 1] -> LTR (B, 1, H, W) in [0, 1]; padding is nought."""
        padded = F.pad(genes, (0, self.config.padding))
        grid = (self.config.channels, *(CODE_PX,) * self.config.spatial_dims)
        return torch.sigmoid(self.decoder(padded.view(len(genes), *grid)))

    def features(self, loose: Tensor, tight: Tensor) -> Tensor:
        """Pool the first two blocks over space: (B, 1, H, W), (B, 1, H/2, W/2) -> (B, 192)."""
        bands = self._first_two(loose, tight)
        return torch.cat([band.flatten(2).mean(dim=2) for band in bands], dim=1)

    def forward(self, loose: Tensor, tight: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, H, W), (B, 1, H/2, W/2) -> LTR (B, 1, H, W), genes (B, G), all in [0, 1]."""
        genes = self.encode(loose, tight)
        return self.decode(genes), genes

    def _first_two(self, loose: Tensor, tight: Tensor) -> tuple[Tensor, Tensor]:
        first = self.blocks[0](loose)
        joined = torch.cat((self.pool(first), self.tight_stem(tight)), dim=1)
        return first, self.blocks[1](joined)


def _starting_at_nought(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _block(spatial_dims: int, in_channels: int, out_channels: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(count):
        layers += [
            conv(spatial_dims, in_channels if i == 0 else out_channels, out_channels, bias=False),
            batch_norm(spatial_dims, out_channels),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)
