"""Pieces that the networks share, in two or three dimensions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAK = 0.2


def conv(
    spatial_dims: int,
    in_channels: int,
    out_channels: int,
    kernel: int = 3,
    stride: int = 1,
    **kwargs: Any,
) -> nn.Module:
    """Return a convolution that keeps (stride 1) or halves (stride 2) the size."""
    layer = {2: nn.Conv2d, 3: nn.Conv3d}[spatial_dims]
    return layer(in_channels, out_channels, kernel, stride, padding=kernel // 2, **kwargs)


def batch_norm(spatial_dims: int, channels: int) -> nn.Module:
    """Return the batch normalisation of slices or volumes."""
    return {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[spatial_dims](channels)


class Upsample(nn.Module):
    """Linear up-sampling by two; nearest left a lattice in smooth nodules."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 2H, 2W)."""
        mode = "bilinear" if x.dim() == 4 else "trilinear"
        return F.interpolate(x, scale_factor=2.0, mode=mode, align_corners=False)


class AdaIN(nn.Module):
    """Adaptive instance normalisation: a style sets each channel's mean and spread.

    Karras 2018, eq. 1; the affine map is one Linear to 2C.
    """

    def __init__(self, style_dim: int, channels: int) -> None:
        super().__init__()
        self.affine = nn.Linear(style_dim, 2 * channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(B, C, ...), (B, S) -> (B, C, ...)."""
        shape = (x.shape[0], x.shape[1], *([1] * (x.dim() - 2)))
        scale, shift = self.affine(style).chunk(2, dim=1)
        normal = F.instance_norm(x)
        return torch.as_tensor(normal * (1 + scale.view(shape)) + shift.view(shape))


class Fusion(nn.Module):
    """Fusion block (Xu 2019, fig. 1b), in the plus form.

    Two convolutions double the channels and split them into object features
    and a weight map A in (0, 1); the object alone takes the style, and is
    added to the background as ``A * AdaIN(o, s) + (1 - A) * b``: the style
    cannot reach where A is 0 (METHODS 1.4).
    """

    def __init__(self, spatial_dims: int, channels: int, style_dim: int) -> None:
        super().__init__()
        groups = max(1, channels // 8)
        self.first = nn.Sequential(
            conv(spatial_dims, channels, channels),
            nn.GroupNorm(groups, channels),
            nn.LeakyReLU(LEAK),
        )
        self.second = conv(spatial_dims, channels, 2 * channels)
        self.noise_strength = nn.Parameter(torch.full((channels,), 0.1))
        self.style = AdaIN(style_dim, channels)

    def forward(self, x: Tensor, background: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """(B, C, ...) twice, (B, S), (B, 1, ...) -> (B, C, ...)."""
        obj, weight = self.second(self.first(x)).chunk(2, dim=1)
        weight = torch.sigmoid(weight)
        strength = self.noise_strength.view(1, -1, *([1] * (x.dim() - 2)))
        styled = F.leaky_relu(self.style(obj + strength * noise, style), LEAK)
        return torch.as_tensor(weight * styled + (1 - weight) * background)


class GluUp(nn.Module):
    """Up-sampling, convolution, normalisation, gated linear unit."""

    def __init__(self, spatial_dims: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.up = Upsample()
        self.conv = conv(spatial_dims, in_channels, 2 * out_channels)
        self.norm = nn.GroupNorm(max(1, out_channels // 4), 2 * out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', 2H, 2W)."""
        return F.glu(self.norm(self.conv(self.up(x))), dim=1)


class BatchGluUp(nn.Module):
    """Up-sampling, convolution, batch normalisation, gated linear unit (Xu 2019)."""

    def __init__(self, spatial_dims: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Upsample(),
            conv(spatial_dims, in_channels, 2 * out_channels, bias=False),
            batch_norm(spatial_dims, 2 * out_channels),
            nn.GLU(dim=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', 2H, 2W)."""
        return torch.as_tensor(self.layers(x))
