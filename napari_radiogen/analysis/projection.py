"""Projections of gene codes to the plane, for looking at, never for judging."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from openTSNE import TSNE
from sklearn.decomposition import PCA

FloatArray = npt.NDArray[np.float32]

#: Neighbours that t-SNE tries to keep.
PERPLEXITY = 30.0
#: Steps between two calls of ``step``.
EVERY = 25
TSNE_STEPS = 750


def pca(codes: npt.NDArray[np.floating]) -> FloatArray:
    """Project codes (N, D) to their first two principal components (N, 2)."""
    return np.asarray(PCA(n_components=2, random_state=0).fit_transform(codes), dtype=np.float32)


def tsne(
    codes: npt.NDArray[np.floating],
    *,
    seed: int = 0,
    step: Callable[[float], None] | None = None,
) -> FloatArray:
    """Project codes (N, D) to the plane (N, 2) by t-SNE (van der Maaten 2008).

    Parameters
    ----------
    step
        Told the share that is done, now and then; what it raises stops the work.
    """
    perplexity = min(PERPLEXITY, (len(codes) - 1) / 3)
    done = 0

    def tell(_iteration: int, _error: float, _embedding: object) -> bool:
        nonlocal done
        done += EVERY
        if step is not None:
            step(min(done / TSNE_STEPS, 1.0))
        return False

    model = TSNE(
        perplexity=perplexity,
        random_state=seed,
        n_jobs=1,
        initialization="pca",
        callbacks=tell,
        callbacks_every_iters=EVERY,
    )
    return np.asarray(model.fit(np.asarray(codes, dtype=np.float64)), dtype=np.float32)


def umap(codes: npt.NDArray[np.floating], *, seed: int = 0) -> FloatArray:
    """Project codes (N, D) to the plane (N, 2) by UMAP (McInnes 2018).

    umap-learn imports for seconds, hence only when called.

    Raises
    ------
    ModuleNotFoundError
        Without the ``gui`` or the ``train`` extra.
    """
    from umap import UMAP

    model = UMAP(n_components=2, random_state=seed, n_jobs=1)
    return np.asarray(model.fit_transform(codes), dtype=np.float32)
