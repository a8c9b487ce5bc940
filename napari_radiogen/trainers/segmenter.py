"""The outline that a generator's own mask has to follow while training.

The mask may otherwise lie where the image shows no margin. A small U-Net learns
outlines from real training slices, is frozen, and looks at the image alone. It
is neither shipped nor ever used to evaluate; the measuring network of the
evaluation takes no part in training. No gradient reaches the image through it:
a generator learns to please a frozen network with nodules that others miss.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from napari_radiogen.models.unet import UNet, dice_loss
from napari_radiogen.trainers.run import Progress
from napari_radiogen.trainers.slices import SliceSet, augment, draw_batch

#: Width of its first block, and slices of a step; as many backgrounds come with them.
BASE, BATCH = 8, 12
#: Noise on images, in units of [-1, 1].
IMAGE_NOISE = 0.03


def train_segmenter(
    train: SliceSet, steps: int, seed: int, progress: Progress | None = None
) -> UNet:
    """Train on real training slices and nodule-free ones; return it frozen, (B, 1, H, W) to logits.

    Parameters
    ----------
    train
        Slices of training patients.
    steps
        Optimiser steps.
    seed
        Of weights, batches and noise.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        segmenter = UNet(2, 1, BASE, dropout=0.1)
        rng = torch.Generator().manual_seed(seed)
        optimiser = torch.optim.AdamW(segmenter.parameters(), 2e-3, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))
        for step in range(steps):
            batch = draw_batch(train, BATCH, 0.0, rng)
            image, mask = augment(batch.image, batch.mask, rng=rng)
            image = torch.cat((image, batch.backgrounds))
            mask = torch.cat((mask, torch.zeros_like(mask)))
            logits = segmenter(image + IMAGE_NOISE * torch.randn_like(image))
            loss = F.binary_cross_entropy_with_logits(logits, mask) + dice_loss(logits, mask)
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            if progress is not None and step % 50 == 0:
                progress(0.0, f"segmenter step {step}/{steps}, loss {loss.item():.2f}")
    return segmenter.eval().requires_grad_(False)
