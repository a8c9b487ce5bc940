"""Loose and tight tumour regions with their genes, for the autoencoder H."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from napari_radiogen.errors import CohortError
from napari_radiogen.imaging.regions import tight_regions
from napari_radiogen.imaging.windows import hu_to_unit
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.trainers.slices import symmetry

#: Slices with less than this share of their tumour's largest area are left out.
LEAST_SHARE = 0.6


@dataclass(frozen=True, eq=False)
class RegionSet:
    """Tumour regions of one split.

    Parameters
    ----------
    loose, tight
        (N, 1, H, W) and (N, 1, H/2, W/2), in [0, 1].
    subject
        (N,) row in ``genes``.
    genes
        (S, G) in [0, 1].
    """

    loose: Tensor
    tight: Tensor
    subject: Tensor
    genes: Tensor


@dataclass(frozen=True, eq=False)
class RegionBatch:
    """Regions (B, 1, ...) and genes (B, G) of one step."""

    loose: Tensor
    tight: Tensor
    genes: Tensor


def region_set(
    store: CohortStore, split: str, genes: npt.NDArray[np.float32], permute: int | None = None
) -> RegionSet:
    """Collect a split's axial slices that show most of their tumour.

    Parameters
    ----------
    genes
        (subjects, G) in [0, 1], rows as ``store.subjects``.
    permute
        Seed that deals the split's gene vectors to other subjects: the null.

    Raises
    ------
    CohortError
        When there is none.
    """
    rows = large_slices(store, split)
    if not rows.size:
        raise CohortError(f"no nodule slices in {split}", subject=store.path)
    chosen = [i for i, s in enumerate(store.subjects) if s.split == split]
    position = {store.subjects[i].subject_id: n for n, i in enumerate(chosen)}
    own = genes[chosen]
    if permute is not None:
        own = own[np.random.default_rng(permute).permutation(len(own))]
    image = (hu_to_unit(store.image[rows], store.hu_range) + 1) / 2
    tight = tight_regions(image, store.mask[rows], store.size_px // 2)
    return RegionSet(
        loose=torch.from_numpy(image)[:, None],
        tight=torch.from_numpy(tight)[:, None],
        subject=torch.tensor([position[s] for s in store.slices["subject_id"][rows]]),
        genes=torch.from_numpy(np.ascontiguousarray(own, dtype=np.float32)),
    )


def draw_regions(data: RegionSet, size: int, *, turned: bool, rng: torch.Generator) -> RegionBatch:
    """Draw regions of random subjects, evenly; ``turned`` by one of eight symmetries."""
    count = torch.bincount(data.subject, minlength=len(data.genes)).float()
    weight = 1.0 / count[data.subject]
    rows = torch.multinomial(weight, size, replacement=True, generator=rng)
    turn = int(torch.randint(8, (1,), generator=rng)) if turned else 0
    return RegionBatch(
        symmetry(data.loose[rows], turn),
        symmetry(data.tight[rows], turn),
        data.genes[data.subject[rows]],
    )


def large_slices(store: CohortStore, split: str) -> npt.NDArray[Any]:
    """Return the rows of a split's axial slices that show most of their tumour, (M,)."""
    columns = store.slices
    axial = (columns["split"] == split) & (columns["role"] == "nodule")
    rows = np.flatnonzero(axial & (columns["plane"] == "axial"))
    area = store.mask[rows].sum(axis=(1, 2)).astype(float)
    _, subject = np.unique(columns["subject_id"][rows], return_inverse=True)
    largest = np.zeros(subject.max(initial=-1) + 1)
    np.maximum.at(largest, subject, area)
    return np.asarray(rows[(area > 0) & (area >= LEAST_SHARE * largest[subject])])
