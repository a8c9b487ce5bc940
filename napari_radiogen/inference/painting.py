"""What every model on patches states, and how any generator paints a nodule from genes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from napari_radiogen.domain import Metagenes, Subject
from napari_radiogen.errors import ModelError
from napari_radiogen.imaging.windows import hu_to_unit
from napari_radiogen.inference.turning import blend_window, turn_of, turned, turned_back

FloatArray = npt.NDArray[np.float32]


class RawNodules(NamedTuple):
    """Slices (B, H, W) of a generator.

    ``image_hu`` is the raw output, before composition; ``mask`` and
    ``weight`` are probabilities; ``composed_hu`` equals the background
    exactly outside the nodule's region.
    """

    image_hu: FloatArray
    mask: FloatArray
    weight: FloatArray
    composed_hu: FloatArray


class Strokes(NamedTuple):
    """What a network gives (B, 1, H, W): slice in [-1, 1], log-odds of nodule, weight."""

    image: Tensor
    mask_logits: Tensor
    weight: Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class PatchModel:
    """A model of slices around tumours.

    Parameters
    ----------
    name, digest, cohort
        As ``radiogen models`` lists them.
    cohort_digest
        sha256 of the content of the cohort that it was trained on.
    subjects
        The cohort's, with splits, attributes and clinical columns.
    field_of_view_mm, size_px, hu_range
        Of the patches that the network was trained on.
    learned_permuted_genes
        True for a null model, whose genes were dealt to other subjects.
    """

    name: str
    digest: str
    cohort: str
    cohort_digest: str = ""
    subjects: tuple[Subject, ...]
    field_of_view_mm: float
    size_px: int
    hu_range: tuple[float, float]
    learned_permuted_genes: bool = False

    @property
    def pixel_mm(self) -> float:
        """Side of a patch's pixel."""
        return self.field_of_view_mm / self.size_px


@dataclass(frozen=True, eq=False, kw_only=True)
class Painter(PatchModel, ABC):
    """A generator that paints nodules from genes into a background.

    Parameters
    ----------
    system, cohort_kind, parameters
        As ``radiogen models`` lists them.
    metagenes
        From expression to the z-scores that the network reads, fitted on
        training patients; single genes are metagenes of one member.
    training_digest
        Of cohort and config less name, seed and permutation: equal for a
        model and its null.
    """

    system: str
    cohort_kind: str
    parameters: int
    metagenes: Metagenes
    training_digest: str = ""

    def encode(self, metagenes: npt.NDArray[Any]) -> FloatArray:
        """Turn z-scores (N, K) into codes (N, D)."""
        with torch.inference_mode():
            return np.asarray(self._encode(_tensor(metagenes)).numpy())

    def generate(
        self,
        backgrounds_hu: npt.NDArray[Any],
        metagenes: npt.NDArray[Any],
        dz_mm: npt.NDArray[Any],
        noise: list[int],
    ) -> RawNodules:
        """Paint nodules on backgrounds.

        Parameters
        ----------
        backgrounds_hu
            (B, H, W) in HU at the model's pixel size.
        metagenes
            (B, K) z-scores.
        dz_mm
            (B,) offset of each slice from its nodule's centre; the published
            systems do not know it.
        noise
            (B,) seeds; equal seeds give equal noise.

        Raises
        ------
        ModelError
            When a shape does not fit the model.
        """
        size, count = (self.size_px, self.size_px), len(self.metagenes.names)
        if backgrounds_hu.shape[1:] != size or metagenes.shape[1:] != (count,):
            raise ModelError(
                f"expected backgrounds (B, {size[0]}, {size[1]}) and {count} genes or metagenes, "
                f"got {backgrounds_hu.shape} and {metagenes.shape}",
                subject=self.name,
            )
        turns = [turn_of(seed) for seed in noise]
        seen = torch.from_numpy(turned(hu_to_unit(backgrounds_hu, self.hu_range), turns))[:, None]
        with torch.inference_mode():
            out = self._paint(seen, _tensor(metagenes), _tensor(dz_mm), noise)
            mask = turned_back(torch.sigmoid(out.mask_logits)[:, 0].numpy(), turns)
            added = turned_back((out.image - seen)[:, 0].numpy(), turns)
            weight = turned_back(out.weight[:, 0].numpy(), turns)
        # The network sees HU cut to its range; what it adds goes on the uncut background.
        change = added * (self.hu_range[1] - self.hu_range[0]) / 2
        raw = np.asarray(backgrounds_hu + change, dtype=np.float32)
        window = np.stack([blend_window(m > 0.5, (self.pixel_mm,) * 2) for m in mask])
        composed = np.asarray(backgrounds_hu + window * change, dtype=np.float32)
        return RawNodules(raw, mask, weight, composed)

    @abstractmethod
    def _encode(self, metagenes: Tensor) -> Tensor:
        """Turn z-scores (N, K) into codes (N, D)."""

    @abstractmethod
    def _paint(self, seen: Tensor, metagenes: Tensor, dz_mm: Tensor, seeds: list[int]) -> Strokes:
        """Paint on (B, 1, H, W) in [-1, 1] from (B, K), (B,) and (B,) seeds."""


def _tensor(values: npt.NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
