"""Gene vectors that agree with the slice beside them, for training (an addition of plus mode).

Genes foretell a nodule's attributes only in part, and a slice shows them only in
part: taught on such pairs, a generator learns that genes hardly matter. Here the
gene vector of each training slice is moved, by the shortest way, until its gene
components say what that slice shows. What genes foretell stays a matter of the
components, which are fitted on real training patients; what a component looks
like is learned from images alone. Validation and test genes are never moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.genomics.components import normal_scores
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.windows import unit_to_hu
from napari_radiogen.trainers.slices import LEAST_SHARE, SliceSet, area_share

FloatArray = npt.NDArray[np.float64]

#: A nodule has one size: that a slice shows less of it is what ``dz`` says.
OF_THE_WHOLE = ("diameter",)


@dataclass(frozen=True, eq=False)
class Agreement:
    """What slices show, and how a gene vector is moved to say so.

    Parameters
    ----------
    components
        (A, K) weights of the metagenes.
    asked
        (N, A) component values that each slice asks for: normal scores of its
        attributes times the spread of the component over training patients.
    """

    components: Tensor
    asked: Tensor

    def move(self, metagenes: Tensor, rows: Tensor) -> Tensor:
        """Return metagenes (B, K) whose components say what slices ``rows`` (B,) show.

        Components that foretell nothing (all zero) move nothing.
        """
        away = self.asked[rows] - metagenes @ self.components.T
        return torch.as_tensor(metagenes + away @ torch.linalg.pinv(self.components).T)


def fit_agreements(
    train: SliceSet,
    validation: SliceSet,
    components: Tensor,
    hu_range: tuple[float, float],
    pixel_mm: float,
) -> tuple[Agreement, Agreement]:
    """Measure training and validation slices on the scale of training patients.

    Parameters
    ----------
    train, validation
        Slices; training patients define normal scores and spreads.
    components
        (A, K) fitted on training patients.
    hu_range, pixel_mm
        Of the cohort's patches.
    """
    spread = (train.metagenes @ components.T).std(dim=0)
    scales = [_scale(column.numpy()) for column in train.attributes.T]

    def fit(data: SliceSet) -> Agreement:
        shown = _shown(data, hu_range, pixel_mm)
        scores = [np.interp(v, *scale) for v, scale in zip(shown.T, scales, strict=True)]
        return Agreement(components, spread * torch.from_numpy(np.stack(scores, axis=1)).float())

    return fit(train), fit(validation)


def _scale(known: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return rising attribute values of training patients and their normal scores."""
    values, first = np.unique(known, return_index=True)
    return values, normal_scores(known)[first]


def _shown(data: SliceSet, hu_range: tuple[float, float], pixel_mm: float) -> FloatArray:
    """Return (N, A) attributes of each slice, and of its nodule where a slice cannot tell."""
    shown = data.attributes[data.subject].numpy().astype(float)
    hu = unit_to_hu(data.image[:, 0].numpy(), hu_range)
    own = [a for a, name in enumerate(ATTRIBUTES) if name not in OF_THE_WHOLE]
    for row in torch.nonzero(area_share(data) >= LEAST_SHARE)[:, 0].tolist():
        measured = slice_attributes(hu[row], data.mask[row, 0].numpy(), pixel_mm)
        shown[row, own] = [measured[ATTRIBUTES[a]] for a in own]
    return shown
