"""The U-Net of Li 2018 (METHODS 1.1), in two or three dimensions."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

#: Encoder blocks, each followed by a pool of 2.
DEPTH = 5
#: Sides of an input must be divisible by this.
STRIDE = 2**DEPTH


def _double_conv(spatial_dims: int, in_channels: int, out_channels: int) -> nn.Sequential:
    conv = nn.Conv2d if spatial_dims == 2 else nn.Conv3d
    norm = nn.BatchNorm2d if spatial_dims == 2 else nn.BatchNorm3d
    layers: list[nn.Module] = []
    for width in (in_channels, out_channels):
        layers += [
            conv(width, out_channels, 3, padding=1, bias=False),
            norm(out_channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """U-Net with five pools and no bottleneck block (Li 2018).

    Parameters
    ----------
    spatial_dims
        2 for slices, 3 for volumes.
    in_channels
        Channels of the input.
    base
        Width of the first block; it doubles with each pool. 64 is the size of
        the paper (59.7 M parameters), 16 the small one (3.7 M).
    dropout
        Probability in the two deepest decoders (ours).

    Raises
    ------
    ValueError
        When ``spatial_dims`` is neither 2 nor 3.
    """

    def __init__(
        self,
        spatial_dims: Literal[2, 3] = 2,
        in_channels: int = 1,
        base: int = 16,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        if spatial_dims not in (2, 3):
            raise ValueError(f"spatial_dims must be 2 or 3, got {spatial_dims}")
        widths = [base * 2**level for level in range(DEPTH)]
        inputs = [in_channels, *widths[:-1]]
        self.encoders = nn.ModuleList(
            _double_conv(spatial_dims, a, b) for a, b in zip(inputs, widths, strict=True)
        )
        self.pool = nn.MaxPool2d(2) if spatial_dims == 2 else nn.MaxPool3d(2)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        drop = nn.Dropout2d if spatial_dims == 2 else nn.Dropout3d
        deep = [widths[-1], *reversed(widths[1:])]
        self.decoders = nn.ModuleList(
            nn.Sequential(
                drop(dropout if level < 2 else 0.0),
                _double_conv(spatial_dims, below + width, width),
            )
            for level, (below, width) in enumerate(zip(deep, reversed(widths), strict=True))
        )
        conv = nn.Conv2d if spatial_dims == 2 else nn.Conv3d
        self.head = conv(base, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Turn images (B, C, ...) into logits (B, 1, ...).

        Raises
        ------
        ValueError
            When a side is not divisible by 32.
        """
        if any(side % STRIDE for side in x.shape[2:]):
            raise ValueError(f"sides must be divisible by {STRIDE}, got {tuple(x.shape[2:])}")
        skips: list[Tensor] = []
        for encoder in self.encoders:
            x = encoder(x)
            skips.append(x)
            x = self.pool(x)
        for decoder, skip in zip(self.decoders, reversed(skips), strict=True):
            x = decoder(torch.cat([self.upsample(x), skip], dim=1))
        logits: Tensor = self.head(x)
        return logits


def dice_loss(logits: Tensor, target: Tensor, eps: float = 1.0) -> Tensor:
    """Return 1 - (2 sum(p t) + eps) / (sum p + sum t + eps) over the batch (Li 2018)."""
    p = torch.sigmoid(logits)
    overlap = 2 * (p * target).sum() + eps
    return 1 - overlap / (p.sum() + target.sum() + eps)
