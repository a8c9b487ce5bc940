"""How a painted patch is turned by its seed, and how it fades into a scan."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage as ndi

from napari_radiogen.constants import BLEND_CORE_MM, BLEND_REACH_MM

FloatArray = npt.NDArray[np.float32]


def turn_of(seed: int) -> int:
    """Return which of the eight symmetries of a square a seed stands for.

    Genes say nothing of a nodule's orientation, so it belongs to the noise.
    """
    return int(torch.randint(8, (1,), generator=torch.Generator().manual_seed(seed)))


def turned(images: FloatArray, turns: list[int]) -> FloatArray:
    """Apply each image's symmetry to (B, H, W): a flip from 4 on, then quarter turns."""
    flipped = [i[:, ::-1] if t >= 4 else i for i, t in zip(images, turns, strict=True)]
    return np.stack([np.rot90(i, t % 4) for i, t in zip(flipped, turns, strict=True)])


def turned_back(images: FloatArray, turns: list[int]) -> FloatArray:
    """Undo :func:`turned`."""
    upright = [np.rot90(i, -(t % 4)) for i, t in zip(images, turns, strict=True)]
    return np.stack([i[:, ::-1] if t >= 4 else i for i, t in zip(upright, turns, strict=True)])


def blend_window(inside: npt.NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> FloatArray:
    """Return how much of the object is let through: 1 near a mask, 0 afar.

    Exactly 0 from ``BLEND_REACH_MM`` on, so that composition leaves the rest
    of a scan untouched; 0 everywhere for an empty mask.
    """
    if not inside.any():
        return np.zeros(inside.shape, dtype=np.float32)
    distance = ndi.distance_transform_edt(~inside, sampling=spacing_mm)
    fade = (BLEND_REACH_MM - distance) / (BLEND_REACH_MM - BLEND_CORE_MM)
    return np.asarray(np.clip(fade, 0.0, 1.0), dtype=np.float32)
