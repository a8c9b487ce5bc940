"""What genes say of a nodule's attributes, asked of synthetic slices.

The regressor of :mod:`~napari_radiogen.trainers.gene_regressor` is a network,
and a generator finds patterns that please it without changing what anybody
would measure. Here the attributes themselves are measured, by functions with
gradients, and compared with what the gene components foretell.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_radiogen.genomics.components import normal_scores
from napari_radiogen.models.soft_attributes import soft_attributes
from napari_radiogen.trainers.slices import SliceSet

#: A knot of the scale for each this many training subjects, at least.
SUBJECTS_PER_KNOT = 8
#: A mask with less soft area than this shows nothing to measure, pixels.
LEAST_AREA_PX = 8.0


@dataclass(frozen=True, eq=False)
class AttributeTarget:
    """Scales from measured attributes to normal scores, and how well genes foretell them.

    Parameters
    ----------
    components
        (A, K) weights of the metagenes; a component is a normal score.
    knots, scores
        (A, Q) rising attribute values of real training slices and their
        normal scores.
    weight
        (A,) share of variance that components foretell in validation
        subjects, clipped at 0: nothing is asked that genes do not tell.
    pixel_mm
        Side of a pixel.
    """

    components: Tensor
    knots: Tensor
    scores: Tensor
    weight: Tensor
    pixel_mm: float

    def to(self, device: torch.device) -> AttributeTarget:
        """Return the same target on a device."""
        return AttributeTarget(
            self.components.to(device),
            self.knots.to(device),
            self.scores.to(device),
            self.weight.to(device),
            self.pixel_mm,
        )

    def loss(self, image: Tensor, mask: Tensor, dz_mm: Tensor, metagenes: Tensor) -> Tensor:
        """Return the weighted Huber loss, in normal scores, of slices at the nodule's centre.

        Parameters
        ----------
        image, mask
            (B, 1, H, W) in [-1, 1] and probabilities.
        dz_mm
            (B,); only slices at 0 are asked.
        metagenes
            (B, K).
        """
        told = self.normal_scores(soft_attributes(image, mask, self.pixel_mm))
        error = F.huber_loss(told, metagenes @ self.components.T, reduction="none")
        shown = (mask.flatten(1).sum(dim=1) > LEAST_AREA_PX) & (dz_mm == 0)
        total = ((self.weight * error).sum(dim=1) * shown).sum()
        return torch.as_tensor(total / shown.sum().clamp(min=1))

    def normal_scores(self, measured: Tensor) -> Tensor:
        """Turn measured attributes (B, A) into normal scores, linear beyond the knots."""
        columns = []
        for values, knots, scores in zip(measured.T, self.knots, self.scores, strict=True):
            upper = torch.searchsorted(knots, values.detach().contiguous())
            upper = upper.clamp(1, len(knots) - 1)
            x0, x1, y0, y1 = knots[upper - 1], knots[upper], scores[upper - 1], scores[upper]
            columns.append(y0 + (values - x0) * (y1 - y0) / (x1 - x0))
        return torch.stack(columns, dim=1)


def fit_target(
    train: SliceSet, validation: SliceSet, components: Tensor, pixel_mm: float
) -> AttributeTarget:
    """Measure the central slices of training nodules and weigh components on validation.

    Parameters
    ----------
    components
        (A, K) weights of the metagenes, fitted on training patients.
    pixel_mm
        Side of a pixel.
    """
    rows = _central(train)
    measured = soft_attributes(train.image[rows], train.mask[rows], pixel_mm)
    count = max(2, len(rows) // SUBJECTS_PER_KNOT)
    share = (torch.arange(count) + 0.5) / count
    knots = torch.quantile(measured.double(), share.double(), dim=0).T
    steps = torch.arange(count) * 1e-6  # Equal values would have no slope between them.
    knots = (knots + steps * knots.abs().amax(dim=1, keepdim=True).clamp(min=1e-3)).float()
    scores = torch.special.ndtri(share.double()).float().expand(len(knots), -1)
    return AttributeTarget(
        components, knots.contiguous(), scores, _foretold(validation, components), pixel_mm
    )


def central_rows(count: int, share: float) -> Tensor:
    """Return the rows of a batch that are asked at the nodule's centre; both halves alike."""
    half = count // 2
    rows = torch.arange(round(half * share))
    return torch.cat((rows, half + rows))


def _central(data: SliceSet) -> Tensor:
    """Return the row nearest to the centre of each subject's nodule."""
    far = torch.full((len(data.subject_ids),), torch.inf)
    nearest = far.scatter_reduce(0, data.subject, data.dz_mm.abs(), "amin")
    first: dict[int, int] = {}
    for row in (data.dz_mm.abs() == nearest[data.subject]).nonzero()[:, 0].tolist():
        first.setdefault(int(data.subject[row]), row)
    return torch.tensor(sorted(first.values()))


def _foretold(data: SliceSet, components: Tensor) -> Tensor:
    """Return (A,) R2 of components on normal scores of a split's attributes, at least 0."""
    truth = torch.stack(
        [torch.from_numpy(normal_scores(column.numpy())) for column in data.attributes.T], dim=1
    ).float()
    error = ((data.metagenes @ components.T - truth) ** 2).mean(dim=0)
    return torch.as_tensor(
        (1 - error / truth.var(dim=0, correction=0).clamp(min=1e-6)).clamp(min=0)
    )
