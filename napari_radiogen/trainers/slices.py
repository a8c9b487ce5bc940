"""Slices of a cohort as tensors for the multi-conditional GAN, split by patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.errors import CohortError
from napari_radiogen.imaging.windows import hu_to_unit
from napari_radiogen.io.cohort_store import CohortStore

#: Slices with less than this share of their nodule's largest area tell little of it.
LEAST_SHARE = 0.6
#: Largest shift of images that a discriminator sees, pixels.
SHIFT_PX = 4


@dataclass(frozen=True, eq=False)
class SliceSet:
    """Nodule slices of one split with their genes, and backgrounds.

    Parameters
    ----------
    image, mask, paired
        (N, 1, H, W): [-1, 1], 0/1, [-1, 1].
    dz_mm, subject
        (N,) offset, and row in ``metagenes``.
    metagenes
        (S, K) z-scores.
    attributes
        (S, A) of the subjects' real nodules, as ``ATTRIBUTES``.
    subject_ids
        (S,).
    backgrounds
        (M, 1, H, W) natural nodule-free slices, [-1, 1].
    """

    image: Tensor
    mask: Tensor
    paired: Tensor
    dz_mm: Tensor
    subject: Tensor
    metagenes: Tensor
    attributes: Tensor
    subject_ids: tuple[str, ...]
    backgrounds: Tensor

    def __len__(self) -> int:
        return len(self.image)


@dataclass(frozen=True, eq=False)
class Batch:
    """Tensors of one step; ``other`` is a row of a different subject."""

    image: Tensor
    mask: Tensor
    paired: Tensor
    dz_mm: Tensor
    metagenes: Tensor
    backgrounds: Tensor
    other_image: Tensor
    other_mask: Tensor


def slice_set(
    store: CohortStore, split: str, metagenes: npt.NDArray[np.float32], permute: int | None = None
) -> SliceSet:
    """Collect a split's slices.

    Parameters
    ----------
    store
        An opened cohort.
    split
        train, validation or test.
    metagenes
        (subjects, K) z-scores, rows as ``store.subjects``.
    permute
        Seed that deals the split's gene vectors to other subjects: the null.

    Raises
    ------
    CohortError
        When the split has no nodule slices or no backgrounds.
    """
    columns = store.slices
    here = columns["split"] == split
    rows = np.flatnonzero(here & (columns["role"] == "nodule"))
    free = np.flatnonzero(here & (columns["role"] == "background"))
    if not rows.size or not free.size:
        raise CohortError(f"no nodule slices or no backgrounds in {split}", subject=store.path)
    chosen = [i for i, s in enumerate(store.subjects) if s.split == split]
    ids = tuple(store.subjects[i].subject_id for i in chosen)
    position = {s: i for i, s in enumerate(ids)}
    genes = metagenes[chosen]
    if permute is not None:
        genes = genes[np.random.default_rng(permute).permutation(len(genes))]

    def unit(hu: npt.NDArray[np.int16]) -> Tensor:
        return torch.from_numpy(hu_to_unit(hu, store.hu_range))[:, None]

    return SliceSet(
        image=unit(store.image[rows]),
        mask=torch.from_numpy(store.mask[rows].astype(np.float32))[:, None],
        paired=unit(store.paired[rows]),
        dz_mm=torch.from_numpy(columns["dz_mm"][rows].astype(np.float32)),
        subject=torch.tensor([position[s] for s in columns["subject_id"][rows]]),
        metagenes=torch.from_numpy(np.ascontiguousarray(genes, dtype=np.float32)),
        attributes=torch.tensor(
            [[store.subjects[i].attributes[a] for a in ATTRIBUTES] for i in chosen]
        ),
        subject_ids=ids,
        backgrounds=unit(store.image[free]),
    )


def draw_batch(
    data: SliceSet,
    size: int,
    jitter: float,
    rng: torch.Generator,
    *,
    least_share: float = 0.0,
    move: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Batch:
    """Draw slices of random subjects, each turned by one of eight symmetries.

    Subjects are drawn evenly, so that a large nodule does not count more for
    having more slices; those with less than ``least_share`` of their nodule's
    largest area are left out. ``move`` may change metagenes (B, K) in the
    light of the slices (B,) they stand beside.
    """
    rows = _even_rows(data, size, rng, least_share)
    other = rows[_derangement(data.subject[rows], rng)]
    free = torch.randint(len(data.backgrounds), (size,), generator=rng)
    genes = data.metagenes[data.subject[rows]]
    genes = genes + jitter * torch.randn(genes.shape, generator=rng)
    if move is not None:
        genes = move(genes, rows)
    turn = int(torch.randint(8, (1,), generator=rng))
    second = int(torch.randint(8, (1,), generator=rng))
    return Batch(
        image=symmetry(data.image[rows], turn),
        mask=symmetry(data.mask[rows], turn),
        paired=symmetry(data.paired[rows], turn),
        dz_mm=data.dz_mm[rows],
        metagenes=genes,
        backgrounds=symmetry(data.backgrounds[free], second),
        other_image=symmetry(data.image[other], second),
        other_mask=symmetry(data.mask[other], second),
    )


def central_rows(count: int, share: float) -> Tensor:
    """Return the rows of a batch that are asked at the nodule's centre; both halves alike."""
    half = count // 2
    rows = torch.arange(round(half * share))
    return torch.cat((rows, half + rows))


def area_share(data: SliceSet) -> Tensor:
    """Return (N,) each slice's area over the largest of its subject."""
    area = data.mask.flatten(1).sum(dim=1)
    largest = torch.zeros(len(data.subject_ids)).scatter_reduce(0, data.subject, area, "amax")
    return area / largest.clamp(min=1)[data.subject]


def symmetry(x: Tensor, which: int) -> Tensor:
    """Apply one of the eight symmetries of a square to (B, C, H, W)."""
    turned = torch.rot90(x, which % 4, (-2, -1))
    return turned.flip(-1) if which >= 4 else turned


def augment(*images: Tensor, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Turn, flip and shift (B, C, H, W) tensors alike; never their intensity.

    Differentiable (DiffAugment, Zhao 2020): intensity is HU, hence signal.
    """
    turn = int(torch.randint(8, (1,), generator=rng))
    dy, dx = (int(v) for v in torch.randint(-SHIFT_PX, SHIFT_PX + 1, (2,), generator=rng))
    return tuple(_shift(symmetry(x, turn), dy, dx) for x in images)


def _shift(x: Tensor, dy: int, dx: int) -> Tensor:
    pad = (max(dx, 0), max(-dx, 0), max(dy, 0), max(-dy, 0))
    padded = torch.nn.functional.pad(x, pad, mode="replicate")
    y0, x0 = max(-dy, 0), max(-dx, 0)
    return padded[..., y0 : y0 + x.shape[-2], x0 : x0 + x.shape[-1]]


def _even_rows(data: SliceSet, size: int, rng: torch.Generator, least_share: float) -> Tensor:
    allowed = area_share(data) >= least_share
    count = torch.bincount(data.subject[allowed], minlength=len(data.subject_ids)).float()
    weight = torch.where(allowed, 1.0 / count.clamp(min=1)[data.subject], 0.0)
    return torch.multinomial(weight, size, replacement=True, generator=rng)


def _derangement(subject: Tensor, rng: torch.Generator) -> Tensor:
    """Return positions whose subject differs wherever one can be found."""
    order = torch.randperm(len(subject), generator=rng)
    for _ in range(4):
        same = subject[order] == subject
        if not bool(same.any()):
            break
        order = torch.where(same, order.roll(1), order)
    return order
