"""Learned gene codes: what the generator reads of a tumour's expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

CodeSource = Literal["patient", "edited", "mean", "interpolated"]


@dataclass(frozen=True, eq=False)
class GeneCode:
    """One code.

    Parameters
    ----------
    vector
        (D,) float32, the output of the model's gene mapping.
    source
        Where the genes came from.
    encoder_digest
        sha256 of the weights that made it.
    """

    vector: npt.NDArray[np.float32]
    source: CodeSource
    encoder_digest: str


@dataclass(frozen=True, eq=False)
class GeneCodeTable:
    """The codes of a cohort's subjects and their place on the map.

    Parameters
    ----------
    subject_ids
        (N,) keys of everything below.
    codes
        (N, D) float32.
    coordinates
        Name of a projection (``t-SNE``, ``UMAP``, ``PCA``) to (N, 2) float32.
    """

    subject_ids: tuple[str, ...]
    codes: npt.NDArray[np.float32]
    coordinates: dict[str, npt.NDArray[np.float32]]
