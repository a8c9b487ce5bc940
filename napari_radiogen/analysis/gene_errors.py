"""How far predicted genes lie from true ones (Li 2018, section IV)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import jensenshannon

from napari_radiogen.analysis.cluster_map import spearman_p

FloatArray = npt.NDArray[np.float64]


def gene_errors(told: npt.NDArray[Any], asked: npt.NDArray[Any]) -> dict[str, FloatArray]:
    """Compare predicted with true genes, subject by subject.

    Parameters
    ----------
    told, asked
        (N, G) in [0, 1].

    Returns
    -------
    dict
        (N,) of each: ``mae``, ``mse``, ``rmse``; ``share_mae`` and ``share_rmse``
        of vectors that were divided by their sums; ``jensen_shannon``
        divergence, ``hellinger`` and ``bhattacharyya`` distance of the same,
        natural logarithms.

    Raises
    ------
    ValueError
        When the shapes differ, a value is negative, or all genes of a subject
        are nought.
    """
    a, b = np.asarray(told, dtype=np.float64), np.asarray(asked, dtype=np.float64)
    if a.ndim != 2 or a.shape != b.shape:
        raise ValueError(f"expected (N, G) twice, got {a.shape} and {b.shape}")
    if min(a.min(), b.min()) < 0 or not (a.any(axis=1).all() and b.any(axis=1).all()):
        raise ValueError("genes must not be negative, nor all nought")
    p, q = (v / v.sum(axis=1, keepdims=True) for v in (a, b))
    mse, share_mse = ((a - b) ** 2).mean(axis=1), ((p - q) ** 2).mean(axis=1)
    overlap = np.sqrt(p * q).sum(axis=1)
    with np.errstate(divide="ignore"):
        distance = -np.log(np.minimum(overlap, 1.0))
    return {
        "mae": np.abs(a - b).mean(axis=1),
        "mse": mse,
        "rmse": np.sqrt(mse),
        "share_mae": np.abs(p - q).mean(axis=1),
        "share_rmse": np.sqrt(share_mse),
        "jensen_shannon": np.asarray(jensenshannon(p, q, axis=1) ** 2),
        "hellinger": np.sqrt(np.maximum(1.0 - overlap, 0.0)),
        "bhattacharyya": distance,
    }


def gene_pearson(told: npt.NDArray[Any], asked: npt.NDArray[Any]) -> FloatArray:
    """Correlate each gene across subjects: (N, G) twice -> (G,); 0 where one does not vary."""
    a, b = (np.asarray(v, dtype=np.float64) for v in (told, asked))
    varies = (np.ptp(a, axis=0) > 0) & (np.ptp(b, axis=0) > 0)
    da, db = a - a.mean(axis=0), b - b.mean(axis=0)
    length = np.sqrt((da**2).sum(axis=0) * (db**2).sum(axis=0))
    r = np.where(varies, (da * db).sum(axis=0) / np.where(varies, length, 1.0), 0.0)
    return np.asarray(np.clip(r, -1.0, 1.0))


def pearson_p(r: FloatArray, subjects: int) -> FloatArray:
    """Return two-sided p of Pearson's r by Student's t with N - 2 degrees of freedom."""
    # The same law as of Spearman's rho: there it is an approximation, here of normal data.
    return spearman_p(r, subjects)
