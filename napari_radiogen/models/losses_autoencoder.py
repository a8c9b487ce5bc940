"""Losses of the gene-mapping autoencoder (Li 2018, equations 6 to 9)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

#: Shares of features, image and genes in the loss (equation 9).
FEATURES, IMAGE, GENES = 0.25, 0.25, 0.5


class AutoencoderLoss(NamedTuple):
    """The three terms, unweighted, and their weighted sum."""

    features: Tensor
    image: Tensor
    genes: Tensor
    total: Tensor


def l1_l2(told: Tensor, asked: Tensor) -> Tensor:
    """Return half the mean absolute and half the mean squared error (equations 7, 8)."""
    difference = told - asked
    return 0.5 * difference.abs().mean() + 0.5 * difference.square().mean()


def feature_error(told: Tensor, asked: Tensor) -> Tensor:
    """Return the mean squared difference of feature maps (equation 6)."""
    return (told - asked).square().mean()


def autoencoder_loss(features: Tensor, image: Tensor, genes: Tensor) -> AutoencoderLoss:
    """Weigh the three terms, each (), as equation 9 does."""
    parts = torch.stack((FEATURES * features, IMAGE * image, GENES * genes))
    return AutoencoderLoss(features, image, genes, parts.sum())
