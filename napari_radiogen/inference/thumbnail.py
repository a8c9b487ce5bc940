"""A small synthetic slice that stands for a subject whose images are absent."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from napari_radiogen.inference.generator import Generator

FloatArray = npt.NDArray[np.float32]
#: Lung without a nodule: mean and texture, HU.
LUNG_HU, TEXTURE_HU = -850.0, 28.0
SEED = 0


def paint_thumbnail(generator: Generator, metagenes: npt.NDArray[Any]) -> FloatArray:
    """Paint the central slice (H, W), HU, of metagenes (K,) into even lung.

    The same background and noise for all subjects: only genes differ.
    """
    painted = generator.generate(
        _lung(generator.size_px)[None], metagenes[None], np.zeros(1, np.float32), [SEED]
    )
    return np.asarray(painted.composed_hu[0], dtype=np.float32)


@lru_cache(maxsize=4)
def _lung(size_px: int) -> FloatArray:
    noise = np.random.default_rng(SEED).normal(size=(size_px, size_px))
    smooth = ndi.gaussian_filter(noise, 1.2, mode="wrap")
    return np.asarray(LUNG_HU + TEXTURE_HU * smooth / smooth.std(), dtype=np.float32)
