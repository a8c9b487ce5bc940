"""Image to gene components: the auxiliary of the multi-conditional GAN's plus mode."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_radiogen.models.blocks import LEAK, conv
from napari_radiogen.models.mcgan import DZ_FEATURES, dz_features


class GeneRegressor(nn.Module):
    """Image, mask and offset to gene components: the auxiliary of plus mode.

    It is trained on real slices, frozen, and never evaluates a result.
    """

    def __init__(self, spatial_dims: int, components: int, base: int = 16) -> None:
        super().__init__()
        norm = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[spatial_dims]
        widths = (2, base, 2 * base, 4 * base, 6 * base)
        self.stages = nn.ModuleList(
            nn.Sequential(conv(spatial_dims, a, b, stride=2), norm(b), nn.LeakyReLU(LEAK))
            for a, b in itertools.pairwise(widths)
        )
        inside = sum(widths[1:3]) + 1
        self.head = nn.Sequential(
            nn.Linear(2 * widths[-1] + inside + DZ_FEATURES, 96),
            nn.LeakyReLU(LEAK),
            nn.Dropout(0.2),
            nn.Linear(96, components),
        )

    def forward(self, image: Tensor, mask: Tensor, dz_mm: Tensor) -> Tensor:
        """(B, 1, H, W) twice, (B,) -> (B, A)."""
        x = torch.cat((image, mask), dim=1)
        pooled = [masked_mean(image, mask)]
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i < 2:
                pooled.append(masked_mean(x, F.interpolate(mask, size=x.shape[2:], mode="area")))
        flat = x.flatten(2)
        whole = (flat.mean(dim=2), flat.amax(dim=2), *pooled, dz_features(dz_mm))
        return torch.as_tensor(self.head(torch.cat(whole, dim=1)))


def masked_mean(x: Tensor, weight: Tensor) -> Tensor:
    """Average (B, C, ...) over a weight map (B, 1, ...) -> (B, C)."""
    total = weight.flatten(2).sum(dim=2).clamp(min=1e-3)
    return (x * weight).flatten(2).sum(dim=2) / total
