"""Losses of the multi-conditional GAN, paper terms first, additions after."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_radiogen.models.mcgan import Verdict


def least_squares(scores: Tensor, target: float) -> Tensor:
    """Return the mean of (scores - target)^2 (Mao 2017)."""
    return ((scores - target) ** 2).mean()


def discriminator_loss(
    real: Verdict, wrong_pair: Verdict, wrong_mask: Verdict, fake: Verdict
) -> Tensor:
    """Tell real from mismatched and synthetic tuples (METHODS 1.4, the table).

    ``wrong_pair`` is another patient's image and mask with these genes: real
    as image and pair, false with the genes. ``wrong_mask`` is this image with
    another mask.
    """
    image = least_squares(real.image, 1) + least_squares(fake.image, 0)
    pair = (
        least_squares(real.segmentation, 1)
        + 0.5 * least_squares(wrong_mask.segmentation, 0)
        + 0.5 * least_squares(fake.segmentation, 0)
    )
    genes = (
        least_squares(real.genes, 1)
        + (
            least_squares(wrong_pair.genes, 0)
            + least_squares(wrong_mask.genes, 0)
            + least_squares(fake.genes, 0)
        )
        / 3
    )
    return image + pair + genes


def generator_loss(fake: Verdict) -> Tensor:
    """Ask all three discriminators to take the synthetic tuple for real."""
    return (
        least_squares(fake.image, 1)
        + least_squares(fake.segmentation, 1)
        + least_squares(fake.genes, 1)
    )


def background_l1(image: Tensor, background: Tensor, mask_probability: Tensor) -> Tensor:
    """L1 over the eroded inverse of the synthetic mask, detached (Xu 2019).

    All (B, 1, H, W); the inverse is eroded by dilating the mask 2 px.
    """
    outside = (F.max_pool2d(mask_probability.detach(), 5, 1, 2) < 0.5).float()
    return (outside * (image - background).abs()).sum() / outside.sum().clamp(min=1)


def dice_loss(probability: Tensor, target: Tensor) -> Tensor:
    """One minus the soft Dice of a batch, eps = 1 (Li 2018)."""
    axes = tuple(range(1, probability.dim()))
    both = (probability * target).sum(dim=axes)
    total = probability.sum(dim=axes) + target.sum(dim=axes)
    return (1 - (2 * both + 1) / (total + 1)).mean()


def reconstruction(image: Tensor, mask_logits: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Paint the real nodule back (an addition of plus mode; METHODS 1.4).

    Nodule-weighted L1 (9 inside the mask), BCE and Dice.
    """
    near = F.max_pool2d(mask, 5, 1, 2)
    weight = 1 + 8 * near
    l1 = (weight * (image - target).abs()).sum() / weight.sum()
    bce = F.binary_cross_entropy_with_logits(mask_logits, mask)
    return 5 * l1 + 3 * bce + dice_loss(torch.sigmoid(mask_logits), mask)


def gene_sparsity(first_layer: Tensor, start: Tensor) -> Tensor:
    """Group lasso over the metagenes by which a first layer (D, K) leaves its start.

    With a few hundred subjects a dense layer learns each of them by heart;
    reading few metagenes is what carries over to new patients.
    """
    return torch.as_tensor(torch.linalg.vector_norm(first_layer - start, dim=0).sum())


def shape_variety(masks: Tensor, target: float = 0.35) -> Tensor:
    """Ask masks to differ when only the noise does, up to a target (ours).

    Halves of the batch (B, 1, H, W) share every condition; the difference is
    the share of their joint area that only one of a pair covers. Mode seeking
    (Mao 2019) on pixels is pleased by grain alone, hence masks, and a hinge.
    """
    first, second = masks.chunk(2)
    axes = tuple(range(1, masks.dim()))
    size = (first + second).sum(dim=axes).detach()
    moved = (first - second).abs().sum(dim=axes) / size.clamp(min=8)
    shown = (size > 16).float()
    short = torch.relu(target - moved) / target
    return (short * shown).sum() / shown.sum().clamp(min=1)
