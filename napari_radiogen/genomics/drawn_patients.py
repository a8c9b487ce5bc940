"""Patients who are nobody: metagenes drawn from a shrunken fit of real ones.

A model of real patients may go where their rows may not. What goes in their
place is a normal distribution of few components, and vectors drawn from it
that lie no nearer to any real row than real rows lie to one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from sklearn.covariance import LedoitWolf

FloatArray = npt.NDArray[np.float32]

#: Most components of a fit.
COMPONENTS = 10
#: Share of real rows, percent, whose nearest neighbours are nearer than a drawn row may be.
NEAREST_PERCENTILE = 5.0
#: Draws for each row that is wanted before the fit is held to be too narrow.
MOST_TRIES = 100
#: Least variance that a metagene keeps of its own.
LEAST_VARIANCE = 1e-4


@dataclass(frozen=True, eq=False)
class MetageneFit:
    """A normal distribution of metagenes: components, and a diagonal for the rest.

    Parameters
    ----------
    mean
        (K,).
    components
        (C, K), each times its standard deviation.
    variance
        (K,) that the components leave to each metagene.
    """

    mean: FloatArray
    components: FloatArray
    variance: FloatArray

    def draw(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Return (count, K) drawn z-scores."""
        common = rng.standard_normal((count, len(self.components))) @ self.components
        own = rng.standard_normal((count, len(self.mean))) * np.sqrt(self.variance)
        return np.asarray(self.mean + common + own, dtype=np.float32)


@dataclass(frozen=True)
class Apartness:
    """How far drawn rows lie from real ones, in Euclidean distance of z-scores.

    Parameters
    ----------
    drawn_to_real
        The smallest distance of a drawn row to a real one.
    real_to_real, real_to_real_low
        The smallest distance of two real rows, and the 5th percentile of each
        row's distance to its nearest neighbour.
    drawn, real
        How many rows were compared.
    """

    drawn_to_real: float
    real_to_real: float
    real_to_real_low: float
    drawn: int
    real: int

    @property
    def holds(self) -> bool:
        """Whether no drawn row is nearer to a real one than real rows are to each other."""
        return self.drawn_to_real >= max(self.real_to_real, self.real_to_real_low)


def fit_metagene_distribution(scores: npt.NDArray[Any]) -> MetageneFit:
    """Fit a shrunken covariance (Ledoit and Wolf 2004) and keep its leading components.

    A component keeps what its variance exceeds the mean of those left out, as
    in probabilistic principal components (Tipping and Bishop 1999); the
    diagonal makes up each metagene's variance.

    Parameters
    ----------
    scores
        (N, K) z-scores of *training* patients, one row each.

    Raises
    ------
    ValueError
        When there are fewer than three rows, or some are not finite.
    """
    rows = np.asarray(scores, dtype=np.float64)
    if rows.ndim != 2 or len(rows) < 3 or not np.isfinite(rows).all():
        raise ValueError(f"expected 3 or more finite rows, got {rows.shape}")
    shrunken = LedoitWolf().fit(rows).covariance_
    values, vectors = np.linalg.eigh(shrunken)
    kept = min(COMPONENTS, len(values) - 1)
    rest = float(values[:-kept].mean())
    components = (vectors[:, -kept:] * np.sqrt(np.maximum(values[-kept:] - rest, 0))).T[::-1]
    variance = np.diag(shrunken) - (components**2).sum(axis=0)
    return MetageneFit(
        rows.mean(axis=0).astype(np.float32),
        components.astype(np.float32),
        np.maximum(variance, LEAST_VARIANCE).astype(np.float32),
    )


def draw_patients(
    fit: MetageneFit, real: npt.NDArray[Any], count: int, seed: int = 0
) -> FloatArray:
    """Draw rows, leaving out any that comes near a real row.

    Parameters
    ----------
    real
        (N, K) rows of all real patients, one each, test patients too.

    Returns
    -------
    array
        (count, K); `apartness` of it holds.

    Raises
    ------
    ValueError
        When hardly any draw keeps its distance: the fit repeats real rows.
    """
    bar = _bar(_between(real))
    drawn = fit.draw(count * MOST_TRIES, np.random.default_rng(seed))
    apart = drawn[cdist(drawn, real).min(axis=1) >= bar][:count]
    if len(apart) < count:
        raise ValueError(f"{len(apart)} of {count} draws keep {bar:.2f} away from real rows")
    return np.asarray(apart)


def apartness(drawn: npt.NDArray[Any], real: npt.NDArray[Any]) -> Apartness:
    """Compare the distances of drawn rows (M, K) to real ones (N, K) with those among the real."""
    nearest = _between(real)
    return Apartness(
        drawn_to_real=float(cdist(drawn, real).min()),
        real_to_real=float(nearest.min()),
        real_to_real_low=float(np.percentile(nearest, NEAREST_PERCENTILE)),
        drawn=len(drawn),
        real=len(real),
    )


def _between(real: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return each row's distance (N,) to its nearest neighbour."""
    between = cdist(real, real)
    np.fill_diagonal(between, np.inf)
    return np.asarray(between.min(axis=1))


def _bar(nearest: npt.NDArray[np.float64]) -> float:
    return float(max(nearest.min(), np.percentile(nearest, NEAREST_PERCENTILE)))
