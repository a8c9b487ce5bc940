"""Projections of gene codes to the plane, for looking at, never for judging."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from openTSNE import TSNE
from sklearn.decomposition import PCA

FloatArray = npt.NDArray[np.float32]

#: Neighbours that t-SNE tries to keep.
PERPLEXITY = 30.0


def pca(codes: npt.NDArray[np.floating]) -> FloatArray:
    """Project codes (N, D) to their first two principal components (N, 2)."""
    return np.asarray(PCA(n_components=2, random_state=0).fit_transform(codes), dtype=np.float32)


def tsne(codes: npt.NDArray[np.floating], *, seed: int = 0) -> FloatArray:
    """Project codes (N, D) to the plane (N, 2) by t-SNE (van der Maaten 2008)."""
    perplexity = min(PERPLEXITY, (len(codes) - 1) / 3)
    model = TSNE(perplexity=perplexity, random_state=seed, n_jobs=1, initialization="pca")
    return np.asarray(model.fit(np.asarray(codes, dtype=np.float64)), dtype=np.float32)


def umap(codes: npt.NDArray[np.floating], *, seed: int = 0) -> FloatArray:
    """Project codes (N, D) to the plane (N, 2) by UMAP (McInnes 2018).

    umap-learn imports for seconds, hence only when called.

    Raises
    ------
    ModuleNotFoundError
        Without the ``train`` extra.
    """
    from umap import UMAP

    model = UMAP(n_components=2, random_state=seed, n_jobs=1)
    return np.asarray(model.fit_transform(codes), dtype=np.float32)
