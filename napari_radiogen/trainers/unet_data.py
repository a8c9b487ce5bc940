"""Slices for training a U-Net: which rows, how they are drawn, how they are varied."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from torch.nn import functional as F

from napari_radiogen.constants import PATCH_SIZE_PX, PIXEL_MM
from napari_radiogen.domain import Split
from napari_radiogen.errors import CohortError
from napari_radiogen.imaging.lung import lung_mask
from napari_radiogen.imaging.resample import canonical_box, resample
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.phantom import render_scan

Plane = Literal["axial", "coronal", "sagittal"]


class AugmentConfig(BaseModel):
    """How far a slice is varied; symmetries of the square are always drawn.

    ``shift_px`` and ``zoom`` (smallest, largest magnification) are geometric;
    ``offset_hu``, ``noise_hu`` and ``blur_px`` imitate other scanners, each
    drawn uniformly up to the value given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shift_px: float = 20.0
    zoom: tuple[float, float] = (0.65, 1.25)
    offset_hu: float = 30.0
    noise_hu: float = 40.0
    blur_px: float = 0.8


@dataclass(frozen=True, eq=False)
class LabelledSlices:
    """Slices of one split.

    Parameters
    ----------
    image, mask
        (N, H, W) int16 HU and uint8.
    cases
        (N,) subject or scan of each slice; Dice is pooled over a case.
    patients
        (N,) patient of each slice.
    """

    image: npt.NDArray[np.int16]
    mask: npt.NDArray[np.uint8]
    cases: npt.NDArray[Any]
    patients: npt.NDArray[Any]

    @property
    def positive(self) -> npt.NDArray[np.bool_]:
        """(N,) whether a slice shows a nodule."""
        return np.asarray(self.mask.any(axis=(1, 2)))

    def joined(self, other: LabelledSlices) -> LabelledSlices:
        """Return both sets, one after the other."""
        return LabelledSlices(
            np.concatenate([self.image, other.image]),
            np.concatenate([self.mask, other.mask]),
            np.concatenate([self.cases, other.cases]),
            np.concatenate([self.patients, other.patients]),
        )


def slices_of(cohort: CohortStore, split: Split, planes: tuple[Plane, ...]) -> LabelledSlices:
    """Return the slices of one split of a cohort, in some planes.

    Raises
    ------
    CohortError
        When the split holds no slice with a nodule.
    """
    columns = cohort.slices
    keep = (columns["split"] == split) & np.isin(columns["plane"], planes)
    chosen = LabelledSlices(
        cohort.image[keep],
        cohort.mask[keep],
        columns["subject_id"][keep],
        columns["patient_id"][keep],
    )
    if not chosen.positive.any():
        raise CohortError(f"no slice with a nodule in the {split} split", subject=cohort.path)
    return chosen


class SliceSampler:
    """Draws batches: a share without a nodule, the hard ones more often.

    Every case weighs with the square root of its slices, so that large
    nodules do not crowd out small ones. A nodule-free slice weighs with the
    highest probability that the network gave it when it was last seen.
    """

    def __init__(
        self, slices: LabelledSlices, negative_share: float, rng: np.random.Generator
    ) -> None:
        self._slices = slices
        self._rng = rng
        self._share = negative_share
        positive = slices.positive
        self._positive = np.flatnonzero(positive)
        self._negative = np.flatnonzero(~positive)
        _, inverse, count = np.unique(
            slices.cases[self._positive], return_inverse=True, return_counts=True
        )
        weight = 1.0 / np.sqrt(count[inverse])
        self._positive_weight = weight / weight.sum()
        self._hardness = np.ones(len(slices.image))

    def draw(self, size: int) -> npt.NDArray[np.intp]:
        """Return the rows of one batch."""
        negatives = round(size * self._share) if len(self._negative) else 0
        weight = 0.1 + self._hardness[self._negative]
        rows = [self._rng.choice(self._positive, size - negatives, p=self._positive_weight)]
        if negatives:
            rows.append(self._rng.choice(self._negative, negatives, p=weight / weight.sum()))
        return np.concatenate(rows)

    def tensors(self, rows: npt.NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        """Return HU images and masks (B, 1, H, W) float32 of some rows."""
        image = torch.from_numpy(self._slices.image[rows].astype(np.float32))
        mask = torch.from_numpy(self._slices.mask[rows].astype(np.float32))
        return image[:, None], mask[:, None]

    def report(self, rows: npt.NDArray[np.intp], highest: npt.NDArray[np.floating]) -> None:
        """Remember the highest probability (B,) that each row was given."""
        self._hardness[rows] = highest


def augment(
    image: Tensor, mask: Tensor, config: AugmentConfig, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Vary a batch (B, 1, H, W) of HU and masks; borders are mirrored."""
    grid = _grid(image.shape, config, rng)
    image = F.grid_sample(image, grid, padding_mode="reflection", align_corners=False)
    mask = F.grid_sample(mask, grid, padding_mode="reflection", align_corners=False)
    return _vary_intensity(image, config, rng), (mask > 0.5).float()


def _grid(shape: torch.Size, config: AugmentConfig, rng: np.random.Generator) -> Tensor:
    batch, size = shape[0], shape[-1]
    quarter = rng.integers(0, 4, batch) * math.pi / 2
    mirror = rng.choice([-1.0, 1.0], batch)
    scale = np.exp(-rng.uniform(*np.log(config.zoom), batch))
    shift = rng.uniform(-config.shift_px, config.shift_px, (batch, 2)) * 2 / size
    cosine, sine = np.round(np.cos(quarter)) * scale, np.round(np.sin(quarter)) * scale
    theta = np.stack(
        [
            np.stack([cosine * mirror, -sine, shift[:, 0]], axis=1),
            np.stack([sine * mirror, cosine, shift[:, 1]], axis=1),
        ],
        axis=1,
    )
    return F.affine_grid(
        torch.from_numpy(theta.astype(np.float32)), list(shape), align_corners=False
    )


def _vary_intensity(image: Tensor, config: AugmentConfig, rng: np.random.Generator) -> Tensor:
    batch = image.shape[0]

    def column(values: npt.NDArray[np.floating]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).view(batch, 1, 1, 1)

    blur = column(rng.uniform(0, config.blur_px, batch))
    side = torch.exp(-0.5 / blur.clamp(min=0.05) ** 2)
    smooth = image
    for dim in (2, 3):
        neighbours = torch.roll(smooth, 1, dim) + torch.roll(smooth, -1, dim)
        smooth = (smooth + side * neighbours) / (1 + 2 * side)
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    deviation = column(rng.uniform(0, config.noise_hu, batch))
    offset = column(rng.uniform(-config.offset_hu, config.offset_hu, batch))
    return smooth + torch.from_numpy(noise) * deviation + offset


#: Cubes drawn from one phantom scan, and slices of each in each plane.
PHANTOM_CUBES, PHANTOM_SLICES = 100, 3


def phantom_negatives(
    seed: int,
    *,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> LabelledSlices:
    """Return nodule-free slices of three planes from the lungs of a phantom scan."""
    ct = render_scan(seed, nodule=False, progress=progress, cancelled=cancelled).ct
    inside = np.argwhere(lung_mask(ct).labels > 0)
    rng = np.random.default_rng(seed)
    picks = inside[rng.choice(len(inside), PHANTOM_CUBES, replace=False)]
    images: list[npt.NDArray[np.int16]] = []
    for point in ct.geometry.index_to_lps(picks):
        grid = canonical_box(tuple(point), (PIXEL_MM,) * 3, (PATCH_SIZE_PX,) * 3)
        cube = np.rint(resample(ct, grid).voxels).astype(np.int16)
        for axis in range(3):
            rows = rng.choice(PATCH_SIZE_PX, PHANTOM_SLICES, replace=False)
            images.extend(np.moveaxis(cube, axis, 0)[rows])
    image = np.stack(images)
    name = np.full(len(image), f"phantom-{seed}")
    return LabelledSlices(image, np.zeros(image.shape, np.uint8), name, name)
