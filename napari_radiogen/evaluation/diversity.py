"""Whether noise makes different nodules, or one again and again."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import torch
from monai.metrics.regression import compute_ms_ssim

from napari_radiogen.evaluation.interfaces import FloatArray, NoduleGenerator
from napari_radiogen.evaluation.measurement import MASK_THRESHOLD, Canvas, Trial, to_unit
from napari_radiogen.io.cohort_store import CohortStore

#: The first three scales of Wang 2003; a nodule's box has no room for five.
_WANG_WEIGHTS = (0.0448, 0.2856, 0.3001)
MS_SSIM_WEIGHTS = tuple(weight / sum(_WANG_WEIGHTS) for weight in _WANG_WEIGHTS)
MS_SSIM_KERNEL_PX = 5
#: Smallest box with room for that kernel on the third scale, pixels.
MINIMUM_BOX_PX = 20
#: Kept around the masks on every side, pixels.
BOX_MARGIN_PX = 2


def diversity(trial: Trial, generator: NoduleGenerator, metagenes: FloatArray) -> float:
    """Return the variety over noise as a share of that of real slices.

    Mean 1 - MS-SSIM over pairs of noise draws (same genes, same background),
    over the same of pairs of the subject's own real slices, aligned at the
    nodule's centre; both in one box around all of their masks. Subjects with
    fewer than two real slices are left out; nan when none remains.
    """
    cohort = trial.cohort
    made, real = [], []
    for index, subject in enumerate(trial.plan.subjects):
        rows = _real_rows(cohort, subject.subject_id)
        if len(rows) < 2:
            continue
        painted, masks = _noise_draws(trial, index, generator, metagenes)
        box = centred_box(np.concatenate([masks, cohort.mask[rows] > 0]))
        made.append(dissimilarity(painted[:, box, box]))
        real.append(dissimilarity(to_unit(cohort.image[rows], cohort.hu_range)[:, box, box]))
    return float(np.mean(made) / np.mean(real)) if real and np.mean(real) > 0 else float("nan")


def dissimilarity(images: FloatArray) -> float:
    """Return the mean of 1 - MS-SSIM over all pairs of images (B, H, W) in [0, 1]."""
    first, second = np.array(list(combinations(range(len(images)), 2))).T
    stack = torch.from_numpy(np.ascontiguousarray(images))[:, None]
    similarity = compute_ms_ssim(
        stack[first],
        stack[second],
        spatial_dims=2,
        kernel_size=MS_SSIM_KERNEL_PX,
        weights=MS_SSIM_WEIGHTS,
    )
    return float(1.0 - similarity.mean())


def centred_box(masks: npt.NDArray[np.bool_]) -> slice:
    """Return the rows, and columns, of the smallest centred square around masks (B, H, W)."""
    size = masks.shape[-1]
    where = np.argwhere(masks.any(axis=0))
    reach = np.abs(where - (size - 1) / 2).max() if len(where) else 0.0
    half = max(MINIMUM_BOX_PX // 2, int(np.ceil(reach + 0.5)) + BOX_MARGIN_PX)
    return slice(max(0, size // 2 - half), min(size, size // 2 + half))


def _noise_draws(
    trial: Trial, index: int, generator: NoduleGenerator, metagenes: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    count = trial.settings.diversity_draws
    rng = np.random.default_rng([trial.settings.seed, index])
    canvas = Canvas(
        trial.cohort,
        rows=np.full(count, trial.plan.backgrounds[0, index]),
        subjects=np.full(count, index),
        noise=rng.integers(2**31, size=count),
        batch=count,
    )
    painted = next(canvas.paint(generator, metagenes, trial.advance))[2]
    trial.advance(count)
    return to_unit(painted.composed_hu, trial.cohort.hu_range), painted.mask > MASK_THRESHOLD


def _real_rows(cohort: CohortStore, subject_id: str) -> npt.NDArray[np.int64]:
    column = cohort.slices
    own = (column["subject_id"] == subject_id) & (column["role"] == "nodule")
    rows = np.flatnonzero(own & (column["plane"] == "axial"))
    return rows[cohort.mask[rows].any(axis=(1, 2))]
