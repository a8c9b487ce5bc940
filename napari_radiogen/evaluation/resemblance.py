"""Whose nodule is it: its own patient's, or a training patient's over again?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_radiogen.analysis.retrieval import Retrieval, nearest_ratio, retrieve
from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.evaluation.interfaces import FloatArray, NoduleGenerator
from napari_radiogen.evaluation.measurement import (
    MASK_THRESHOLD,
    DrawMeasurements,
    Trial,
    to_unit,
)
from napari_radiogen.io.cohort_store import CohortStore

#: Below this ratio of distances the report raises the alarm (METHODS 2).
MEMORISATION_ALARM = 0.8
#: Nodules are compared in the middle of the patch, pixels.
CROP_PX = 32


def own_patient(trial: Trial, own: DrawMeasurements) -> Retrieval:
    """Look for each test subject by what was painted from its genes.

    A synthetic nodule's features are its measured attributes, averaged over
    draws; the gallery holds the attributes of the real test nodules. Both are
    standardised on the real ones.
    """
    truth = np.stack([trial.plan.truth[name] for name in ATTRIBUTES], axis=1)
    with np.errstate(invalid="ignore"):
        filled = [np.nanmean(_known(own.values[name]), axis=0) for name in ATTRIBUTES]
    made = np.stack(filled, axis=1)
    mean, sd = truth.mean(axis=0), truth.std(axis=0)
    return retrieve((made - mean) / sd, (truth - mean) / sd)


def memorisation(trial: Trial, generator: NoduleGenerator, metagenes: FloatArray) -> float:
    """Return nearest-neighbour distance synthetic-to-train over test-to-train.

    Nodules are compared alone, everything outside their masks black, in all
    eight symmetries of the square.
    """
    cohort = trial.cohort
    train = _central(cohort, "train")
    gallery = np.concatenate([_turns(image) for image in train])
    canvas = trial.canvas([0])
    made = [
        cut(to_unit(painted.image_hu, cohort.hu_range), painted.mask > MASK_THRESHOLD)
        for _, _, painted in canvas.paint(generator, metagenes, trial.advance)
    ]
    return nearest_ratio(
        _flat(np.concatenate(made)), _flat(gallery), _flat(_central(cohort, "test"))
    )


def cut(images: FloatArray, masks: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the middle of slices (B, H, W), black outside their masks."""
    size = images.shape[-1]
    low = (size - CROP_PX) // 2
    middle = slice(low, low + CROP_PX)
    return np.asarray((images * masks)[:, middle, middle])


def _central(cohort: CohortStore, split: str) -> FloatArray:
    column = cohort.slices
    here = (column["split"] == split) & (column["role"] == "nodule")
    rows = np.flatnonzero(here & (column["plane"] == "axial") & (column["central"] == 1))
    return cut(to_unit(cohort.image[rows], cohort.hu_range), cohort.mask[rows] > 0)


def _turns(image: FloatArray) -> FloatArray:
    turned = [np.rot90(image, k) for k in range(4)]
    return np.stack(turned + [t[:, ::-1] for t in turned])


def _flat(images: FloatArray) -> FloatArray:
    return np.ascontiguousarray(images.reshape(len(images), -1))


def _known(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keep columns that are nan throughout out of numpy's warnings."""
    return np.where(np.isfinite(values).any(axis=0), values, np.inf)
