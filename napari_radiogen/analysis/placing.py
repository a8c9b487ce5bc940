"""New codes on a map that is there: the map stays, only the new points move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA

from napari_radiogen.analysis.projection import PERPLEXITY

FloatArray = npt.NDArray[np.float64]
#: From codes (M, D) to their places (M, 2).
Placing = Callable[[npt.NDArray[Any]], FloatArray]
SEED = 0


def transformer(projection: str, codes: npt.NDArray[Any], places: npt.NDArray[Any]) -> Placing:
    """Return the ``transform`` of a map that was made earlier, from its codes and places.

    Parameters
    ----------
    projection
        ``PCA``, ``t-SNE`` or ``UMAP``.
    codes, places
        (N, D) and (N, 2).

    Raises
    ------
    ValueError
        For another projection.
    ModuleNotFoundError
        For UMAP without umap-learn.
    """
    makers = {"PCA": _pca, "t-SNE": _tsne, "UMAP": _umap}
    if projection not in makers:
        raise ValueError(f"expected {', '.join(makers)}, got {projection!r}")
    return makers[projection](np.asarray(codes, np.float64), np.asarray(places, np.float64))


def _pca(codes: FloatArray, places: FloatArray) -> Placing:
    fitted = PCA(n_components=2, random_state=SEED).fit(codes)
    sign = np.sign((fitted.transform(codes) * places).sum(axis=0))
    sign[sign == 0] = 1.0
    return lambda new: np.asarray(fitted.transform(np.asarray(new, np.float64)) * sign)


def _tsne(codes: FloatArray, places: FloatArray) -> Placing:
    from openTSNE import TSNEEmbedding, affinity, nearest_neighbors

    perplexity = min(PERPLEXITY, (len(codes) - 1) / 3)
    # An index of our choice: openTSNE's own choice would import numba, for seconds.
    index = nearest_neighbors.Sklearn(
        codes, min(len(codes) - 1, int(3 * perplexity)), metric="euclidean", n_jobs=1,
        random_state=SEED,
    )  # fmt: skip
    near = affinity.PerplexityBasedNN(
        knn_index=index, perplexity=perplexity, n_jobs=1, random_state=SEED
    )
    map_ = TSNEEmbedding(places.copy(), near, n_jobs=1, random_state=SEED)
    count = min(25, len(codes) - 1)

    def place(new: npt.NDArray[Any]) -> FloatArray:
        return np.asarray(
            map_.transform(np.asarray(new, np.float64), perplexity=min(5.0, count / 3), k=count),
            dtype=np.float64,
        )

    return place


def _umap(codes: FloatArray, places: FloatArray) -> Placing:
    from umap import UMAP

    near = min(15, len(codes) - 1)
    map_ = UMAP(n_neighbors=near, init=places, n_epochs=0, random_state=SEED, n_jobs=1)
    map_.fit(codes)
    # All as when the map was made, less the layout, which is given; no step of the fit was
    # wanted, but a transform takes its own number of steps.
    map_.embedding_, map_.n_epochs = places.astype(np.float32), None
    return lambda new: np.asarray(map_.transform(np.asarray(new, np.float64)), dtype=np.float64)
