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
import torch
from torch import Tensor

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.genomics.components import normal_scores
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.windows import unit_to_hu
from napari_radiogen.trainers.slices import SliceSet, area_share

#: Slices with less than this share of their nodule's largest area show its poles.
LEAST_SHARE = 0.6
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
        return metagenes + away @ torch.linalg.pinv(self.components).T


def fit_agreement(
    train: SliceSet,
    data: SliceSet,
    components: Tensor,
    hu_range: tuple[float, float],
    pixel_mm: float,
) -> Agreement:
    """Measure the slices of a split on the scale of training patients.

    Parameters
    ----------
    train
        Training slices: their patients define normal scores and spreads.
    data
        The slices that are measured.
    components
        (A, K) fitted on training patients.
    """
    spread = (train.metagenes @ components.T).std(dim=0)
    shown = torch.stack(
        [
            torch.from_numpy(np.interp(values, *_scale(train.attributes[:, a].numpy())))
            for a, values in enumerate(_shown(data, hu_range, pixel_mm).T)
        ],
        dim=1,
    )
    return Agreement(components, spread * shown.float())


def _scale(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rising attribute values of training patients and their normal scores."""
    values, first = np.unique(known, return_index=True)
    return values, normal_scores(known)[first]


def _shown(data: SliceSet, hu_range: tuple[float, float], pixel_mm: float) -> np.ndarray:
    """Return (N, A) attributes of each slice, and of its nodule where a slice cannot tell."""
    shown = data.attributes[data.subject].numpy().astype(float)
    hu = unit_to_hu(data.image[:, 0].numpy(), hu_range)
    own = [a for a, name in enumerate(ATTRIBUTES) if name not in OF_THE_WHOLE]
    for row in torch.nonzero(area_share(data) >= LEAST_SHARE)[:, 0].tolist():
        measured = slice_attributes(hu[row], data.mask[row, 0].numpy(), pixel_mm)
        shown[row, own] = [measured[ATTRIBUTES[a]] for a in own]
    return shown
