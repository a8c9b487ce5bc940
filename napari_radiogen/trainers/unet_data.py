"""Slices for training a U-Net: which rows, how they are drawn, how they are varied."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from torch.nn import functional as F

from napari_radiogen.constants import PATCH_SIZE_PX, PIXEL_MM
from napari_radiogen.domain import CTVolume, LabelVolume, Split
from napari_radiogen.errors import CohortError
from napari_radiogen.imaging.lung import lung_mask
from napari_radiogen.imaging.resample import canonical_box, resample, resample_labels
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
        nodule_cases(columns)[keep],
        columns["patient_id"][keep],
    )
    if not chosen.positive.any():
        raise CohortError(f"no slice with a nodule in the {split} split", subject=cohort.path)
    return chosen


def nodule_cases(columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return (N,) a name for the nodule that each slice of a cohort shows.

    Subjects have one. A nodule without genes has none; its slices stand
    together, plane after plane, so another begins where the patient changes,
    or where the planes begin anew.

    Parameters
    ----------
    columns
        ``subject_id``, ``patient_id`` and ``plane`` of each slice, (N,).
    """
    rank = np.unique(columns["plane"], return_inverse=True)[1]
    subject, patient = columns["subject_id"], columns["patient_id"]
    unnamed = subject == ""
    follows = unnamed[1:] & unnamed[:-1] & (patient[1:] == patient[:-1]) & (rank[1:] >= rank[:-1])
    number = np.cumsum(np.concatenate([[True], ~follows]) & unnamed)
    return np.where(unnamed, np.char.add("unnamed-", number.astype(str)), subject)


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
        self.hardness = np.ones(len(slices.image))

    def draw(self, size: int) -> npt.NDArray[np.intp]:
        """Return the rows of one batch."""
        negatives = round(size * self._share) if len(self._negative) else 0
        weight = 0.1 + self.hardness[self._negative]
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
        self.hardness[rows] = highest


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
    smallest, largest = config.zoom
    scale = np.exp(-rng.uniform(math.log(smallest), math.log(largest), batch))
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


#: Cubes drawn from the lungs of one phantom scan, and slices of each in each plane.
PHANTOM_CUBES, PHANTOM_SLICES = 200, 3


def phantom_slices(
    seed: int,
    *,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> LabelledSlices:
    """Return slices of three planes from a phantom scan: its nodule, and places in its lungs.

    Real patches show little of the great vessels; a phantom shows them all.
    Its nodule comes along, lest the texture of a phantom mean "no nodule".
    """
    scan = render_scan(seed, progress=progress, cancelled=cancelled)
    rng = np.random.default_rng(seed)
    inside = np.argwhere(lung_mask(scan.ct).labels > 0)
    picks = inside[rng.choice(len(inside), PHANTOM_CUBES)]
    images: list[npt.NDArray[np.int16]] = []
    masks: list[npt.NDArray[np.uint8]] = []
    for n, voxel in enumerate([np.argwhere(scan.nodules.labels > 0).mean(axis=0), *picks]):
        image, mask = _cube(scan.ct, scan.nodules, voxel)
        for axis in range(3):
            rows = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
            if n > 0:
                rows = rng.choice(PATCH_SIZE_PX, PHANTOM_SLICES, replace=False)
            images.extend(np.moveaxis(image, axis, 0)[rows])
            masks.extend(np.moveaxis(mask, axis, 0)[rows])
    name = np.full(len(images), f"phantom-{seed}")
    return LabelledSlices(np.stack(images), np.stack(masks), name, name)


def _cube(
    ct: CTVolume, nodules: LabelVolume, voxel: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    point = ct.geometry.index_to_lps(voxel)
    grid = canonical_box((point[0], point[1], point[2]), (PIXEL_MM,) * 3, (PATCH_SIZE_PX,) * 3)
    image = np.rint(resample(ct, grid).voxels).astype(np.int16)
    return image, (resample_labels(nodules, grid).labels > 0).astype(np.uint8)
