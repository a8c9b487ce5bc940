"""What the protocol asks of a generator and of the network that measures it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import Metagenes, Subject

FloatArray = npt.NDArray[np.float32]
Progress = Callable[[float, str], None]


class Painted(Protocol):
    """A batch of slices by a generator, arrays (B, H, W)."""

    @property
    def image_hu(self) -> npt.NDArray[Any]:
        """Raw output in HU, before any composition."""

    @property
    def mask(self) -> npt.NDArray[Any]:
        """Probability of nodule."""

    @property
    def composed_hu(self) -> npt.NDArray[Any]:
        """Nodule blended into the background, HU."""


class PatchModel(Protocol):
    """Whatever was trained on a cohort's slices."""

    @property
    def name(self) -> str:
        """Of the model."""

    @property
    def digest(self) -> str:
        """sha256 of the weights."""

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Of the cohort that it was trained on, with their splits."""

    @property
    def cohort_digest(self) -> str:
        """sha256 of that cohort's content."""

    @property
    def size_px(self) -> int:
        """Side of a slice in pixels."""

    @property
    def pixel_mm(self) -> float:
        """Side of a pixel."""

    @property
    def hu_range(self) -> tuple[float, float]:
        """HU that map to [-1, 1]."""


class NoduleGenerator(PatchModel, Protocol):
    """Genes, background and noise to a nodule on a slice."""

    @property
    def metagenes(self) -> Metagenes:
        """From expression to what ``generate`` reads."""

    def generate(
        self,
        backgrounds_hu: FloatArray,
        metagenes: FloatArray,
        dz_mm: FloatArray,
        noise: list[int],
    ) -> Painted:
        """Paint on (B, H, W) HU from (B, K) z-scores, (B,) mm and (B,) seeds."""


class MeasuringNetwork(Protocol):
    """A segmenter that had no part in training any generator."""

    @property
    def name(self) -> str:
        """Of the model."""

    @property
    def digest(self) -> str:
        """sha256 of the weights."""

    @property
    def patients(self) -> frozenset[str]:
        """Whose slices it was trained or chosen on."""

    def masks(self, images_hu: FloatArray, pixel_mm: float) -> npt.NDArray[np.bool_]:
        """Outline the nodule nearest the centre of each slice (B, H, W)."""
