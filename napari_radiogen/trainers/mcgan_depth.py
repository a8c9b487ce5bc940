"""How fast a nodule closes along z: the one scale that a slice-wise generator needs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from napari_radiogen.models.mcgan import Generator, Noise, draw_noise
from napari_radiogen.trainers.slices import SliceSet

#: Offsets that are painted, mm in the network's own measure, and their step.
REACH_MM, STEP_MM = 72.0, 3.0


def closing_radii(generator: Generator, data: SliceSet, pixel_mm: float) -> float | None:
    """Measure at which offset a generator closes its nodules, in their radii.

    The few slices near the poles teach a generator less than the many through
    the middle, and its nodules close too late. The answer is the median of
    height over width of synthetic validation nodules, by their own masks, over
    that of the real ones: about 1 for a generator that needs no help. None
    when one side has no nodule.

    Parameters
    ----------
    data
        Validation slices.
    pixel_mm
        Side of a pixel.
    """
    real = _median_ratio(_real_areas(data), pixel_mm)
    made = _median_ratio(_painted_areas(generator, data), pixel_mm)
    return round(made / real, 3) if real > 0 and made > 0 else None


def _real_areas(data: SliceSet) -> list[tuple[Tensor, Tensor]]:
    area = data.mask.flatten(1).sum(dim=1)
    shown = []
    for subject in range(len(data.subject_ids)):
        rows = torch.nonzero((data.subject == subject) & (area > 0))[:, 0]
        shown.append((data.dz_mm[rows], area[rows]))
    return shown


@torch.no_grad()
def _painted_areas(generator: Generator, data: SliceSet) -> list[tuple[Tensor, Tensor]]:
    device = next(generator.parameters()).device
    offsets = torch.arange(-REACH_MM, REACH_MM + STEP_MM / 2, STEP_MM)
    count = len(offsets)
    shown = []
    for subject, genes in enumerate(data.metagenes):
        rng = torch.Generator().manual_seed(subject)
        background = data.backgrounds[subject % len(data.backgrounds)].to(device)
        one = draw_noise(generator.config, [rng], device)
        noise = Noise(
            one.z.expand(count, -1), tuple(m.expand(count, *m.shape[1:]) for m in one.maps)
        )
        out = generator(
            background.expand(count, -1, -1, -1),
            generator.encode(genes.to(device)[None]).expand(count, -1),
            offsets.to(device),
            noise,
        )
        area = (out.mask_logits.cpu() > 0).flatten(1).sum(dim=1)
        shown.append((offsets[area > 0], area[area > 0]))
    return shown


def _median_ratio(curves: list[tuple[Tensor, Tensor]], pixel_mm: float) -> float:
    """Return the median of height over the width of the largest slice; 0 without nodules."""
    ratios = []
    for offsets, area in curves:
        if len(offsets) < 2:
            continue
        z = np.unique(offsets.numpy())
        step = float(np.median(np.diff(z))) if len(z) > 1 else 0.0
        width = 2 * float(area.max()) ** 0.5 * pixel_mm / np.pi**0.5
        ratios.append((float(z[-1] - z[0]) + step) / width)
    return float(np.median(ratios)) if ratios else 0.0
