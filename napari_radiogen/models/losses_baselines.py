"""Losses of the published GANs with several conditions and of the in-painting."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_radiogen.models.losses import least_squares
from napari_radiogen.models.mcgan import Verdict

#: Erased regions are weighted this far beyond their edge, pixels.
SHELL_PX = 3


def table_loss(real: Verdict, wrong_pair: Verdict, wrong_mask: Verdict, fake: Verdict) -> Tensor:
    """Return the discriminators' loss by the table of METHODS 1.4.

    ``wrong_pair`` is another patient's image and mask with these genes: right
    as image and as pair, wrong with the genes. Each head averages what it
    should accept, and what it should refuse, and adds the two.
    """
    yes = {
        "image": (real.image, wrong_pair.image, wrong_mask.image),
        "pair": (real.segmentation, wrong_pair.segmentation),
        "genes": (real.genes,),
    }
    no = {
        "image": (fake.image,),
        "pair": (wrong_mask.segmentation, fake.segmentation),
        "genes": (wrong_pair.genes, wrong_mask.genes, fake.genes),
    }
    return torch.stack([_mean(yes[head], 1.0) + _mean(no[head], 0.0) for head in yes]).sum()


def published_loss(
    real: Verdict, wrong_genes: Verdict, wrong_mask: Verdict, fake: Verdict
) -> Tensor:
    """Return the discriminators' loss as printed (Xu 2019, section 2.3).

    The mismatch is of the genes, D_I sees real against synthetic only, and
    the terms are summed.
    """
    image = least_squares(real.image, 1) + least_squares(fake.image, 0)
    pair = (
        least_squares(real.segmentation, 1)
        + least_squares(wrong_mask.segmentation, 0)
        + least_squares(fake.segmentation, 0)
    )
    genes = (
        least_squares(real.genes, 1)
        + least_squares(wrong_mask.genes, 0)
        + least_squares(wrong_genes.genes, 0)
        + least_squares(fake.genes, 0)
    )
    return image + pair + genes


def weighted_generator_loss(fake: Verdict, weights: tuple[float, float, float]) -> Tensor:
    """Ask the discriminators to take the synthetic tuple for real.

    Parameters
    ----------
    weights
        Of D_ISG, D_I and D_IS, in this order.
    """
    joint, image, pair = weights
    return (
        joint * least_squares(fake.genes, 1)
        + image * least_squares(fake.image, 1)
        + pair * least_squares(fake.segmentation, 1)
    )


def conditioning_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, var) || N(0, 1)) averaged over (B, D) (Zhang 2017)."""
    return -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).mean()


def multi_mask_l1(image: Tensor, target: Tensor, hole: Tensor, alpha: float) -> Tensor:
    """L1 with weight ``alpha`` in the hole and a shell around it (Jin 2018).

    Images (B, 1, ...), hole (1 or B, 1, ...); elsewhere the weight is 1.
    """
    pool = F.max_pool2d if image.dim() == 4 else F.max_pool3d
    near = pool(hole, 2 * SHELL_PX + 1, 1, SHELL_PX)
    return ((1 + (alpha - 1) * near) * (image - target).abs()).mean()


def bce_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the binary cross-entropy of telling real from synthetic (Goodfellow 2014)."""
    real = F.softplus(-real_logits).mean()
    return real + F.softplus(fake_logits).mean()


def bce_generator(fake_logits: Tensor) -> Tensor:
    """Return the non-saturating loss of a generator."""
    return F.softplus(-fake_logits).mean()


def _mean(scores: tuple[Tensor, ...], target: float) -> Tensor:
    return torch.stack([least_squares(s, target) for s in scores]).mean()
