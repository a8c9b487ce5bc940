"""Rank correlation across subjects, draw by draw, without flattering gaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

FloatArray = npt.NDArray[np.float64]


def spearman(truth: npt.ArrayLike, measured: npt.ArrayLike) -> FloatArray:
    """Correlate ranks across subjects.

    Parameters
    ----------
    truth
        (N,) one value a subject.
    measured
        (..., N) in the order of ``truth``.

    Returns
    -------
    ndarray
        (...,) coefficients; 0 where either side is constant, because what
        never varies follows nothing.

    Raises
    ------
    ValueError
        When the last axes differ or a value is not finite.
    """
    x, y = np.asarray(truth, dtype=float), np.asarray(measured, dtype=float)
    if x.ndim != 1 or y.shape[-1:] != x.shape:
        raise ValueError(f"truth has shape {x.shape}, measured {y.shape}: subjects must match")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("values must be finite: fill gaps with worst_case first")
    return pearson(rankdata(x), rankdata(y, axis=-1))


def pearson(x: FloatArray, y: FloatArray) -> FloatArray:
    """Correlate (N,) with (..., N) along the last axis; 0 where either is constant."""
    dx = x - x.mean()
    dy = y - y.mean(axis=-1, keepdims=True)
    scale = np.sqrt((dx**2).sum() * (dy**2).sum(axis=-1))
    constant = (np.ptp(x) == 0) | (np.ptp(y, axis=-1) == 0)
    return np.where(constant, 0.0, (dy @ dx) / np.where(constant, 1.0, scale))


def worst_case(truth: npt.ArrayLike, measured: npt.ArrayLike) -> FloatArray:
    """Fill what could not be measured so that it can only lower a correlation.

    A missing value becomes the extreme of its own draw that lies farthest from
    where the subject belongs: the smallest for a subject whose truth is above
    the median, else the largest. Dropping the subject, or calling an empty
    mask 0 mm, would reward a generator for failing on its hardest subjects.

    Parameters
    ----------
    truth
        (N,) finite.
    measured
        (D, N) draws by subjects, nan where the mask was empty.

    Returns
    -------
    ndarray
        (D, N) finite; a draw without any value becomes constant.
    """
    x, values = np.asarray(truth, dtype=float), np.array(measured, dtype=float)
    large = x > np.median(x)
    for draw in values:
        missing = ~np.isfinite(draw)
        if missing.all():
            draw[:] = 0.0
        elif missing.any():
            low, high = draw[~missing].min(), draw[~missing].max()
            draw[missing] = np.where(large, low, high)[missing]
    return values


def gene_share(measured: npt.ArrayLike) -> float:
    """Return the share of an attribute's variance that subjects explain over draws.

    The intraclass correlation ICC(1) of a one-way random-effects table
    (Shrout and Fleiss 1979), floored at 0.

    Parameters
    ----------
    measured
        (D, N) draws by subjects, finite, D and N at least 2.
    """
    values = np.asarray(measured, dtype=float)
    draws, subjects = values.shape
    means = values.mean(axis=0)
    between = draws * ((means - values.mean()) ** 2).sum() / (subjects - 1)
    within = ((values - means) ** 2).sum() / (subjects * (draws - 1))
    total = between + (draws - 1) * within
    return float(max(0.0, (between - within) / total)) if total > 0 else 0.0
