"""Swap genes, hold noise and background: what moves outside the nodule?"""

from __future__ import annotations

import numpy as np

from napari_radiogen.analysis.fidelity import leakage
from napari_radiogen.evaluation.interfaces import FloatArray, NoduleGenerator
from napari_radiogen.evaluation.measurement import MASK_THRESHOLD, Trial


def gene_leakage(trial: Trial, generator: NoduleGenerator, metagenes: FloatArray) -> float:
    """Return the mean change of raw output outside the masks over that inside.

    Inside is the union of the generator's masks before and after the swap;
    outside is all the rest, the nodule's margin included.
    """
    settings = trial.settings
    canvas = trial.canvas(range(min(settings.leakage_draws, settings.draws)))
    before = canvas.paint(generator, metagenes, trial.advance)
    after = canvas.paint(generator, metagenes[trial.plan.partners], trial.advance)
    change, inside = [], []
    for (_, _, own), (_, _, other) in zip(before, after, strict=True):
        change.append(np.subtract(own.image_hu, other.image_hu, dtype=np.float32))
        inside.append((own.mask > MASK_THRESHOLD) | (other.mask > MASK_THRESHOLD))
    union = np.concatenate(inside)
    return leakage(np.concatenate(change), union, ~union)


def repeatability(trial: Trial, generator: NoduleGenerator, metagenes: FloatArray) -> float:
    """Return the largest HU difference between two answers to one request."""
    canvas = trial.canvas([0])
    answers = [next(canvas.paint(generator, metagenes, trial.advance))[2] for _ in range(2)]
    first, second = (answer.composed_hu for answer in answers)
    return float(np.abs(np.subtract(first, second, dtype=float)).max())
