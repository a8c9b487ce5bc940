"""Intervals that resample whole patients, never their parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Statistic = Callable[[npt.NDArray[np.intp]], float]


def cluster_bootstrap(
    groups: Sequence[str],
    statistic: Statistic,
    *,
    resamples: int,
    rng: np.random.Generator,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile interval of a statistic under resampling of groups.

    Parameters
    ----------
    groups
        (N,) the patient of each row; all rows of a drawn patient come along,
        as often as the patient is drawn.
    statistic
        From row indices, repeats included, to a number.
    resamples, rng, level
        How many, by which generator, and the coverage in (0, 1).

    Raises
    ------
    ValueError
        When there are fewer than two groups.
    """
    names = np.asarray(groups)
    rows = [np.flatnonzero(names == name) for name in np.unique(names)]
    if len(rows) < 2:
        raise ValueError("an interval needs at least two patients")
    values = np.array(
        [
            statistic(np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))]))
            for _ in range(resamples)
        ]
    )
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def jackknife_interval(
    groups: Sequence[str], statistic: Statistic, *, z: float = 1.96
) -> tuple[float, float]:
    """Return the interval of a statistic by leaving out one group at a time.

    For what repeats would inflate, such as counts of significant correlations.

    Parameters
    ----------
    groups
        (N,) the patient of each row.
    statistic
        From distinct row indices to a number.
    z
        Standard errors on each side.

    Raises
    ------
    ValueError
        When there are fewer than two groups.
    """
    names = np.asarray(groups)
    every = np.arange(len(names))
    distinct = np.unique(names)
    if len(distinct) < 2:
        raise ValueError("an interval needs at least two patients")
    without = np.array([statistic(every[names != name]) for name in distinct])
    count = len(distinct)
    error = float(np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum()))
    whole = statistic(every)
    return whole - z * error, whole + z * error
