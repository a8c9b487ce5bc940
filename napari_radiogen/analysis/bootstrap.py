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
