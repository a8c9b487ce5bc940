"""Do codes fall into groups, and do the groups mean anything? In code space, never on a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples

FloatArray = npt.NDArray[np.float64]
LabelArray = npt.NDArray[np.int64]
#: Starts of k-means, of which the best is kept.
STARTS = 10


@dataclass(frozen=True, eq=False)
class CodeGroups:
    """Groups of codes.

    Parameters
    ----------
    labels
        (N,) group of each code, 0 the largest.
    silhouette
        (N,) of each code, in [-1, 1]; NaN when there are fewer than two groups.
    """

    labels: LabelArray
    silhouette: FloatArray


def group_codes(codes: npt.NDArray[Any], groups: int, *, seed: int) -> CodeGroups:
    """Sort codes (N, D) into groups by k-means, the largest group first."""
    fitted = KMeans(groups, n_init=STARTS, random_state=seed).fit(np.asarray(codes, dtype=float))
    order = np.argsort(-np.bincount(fitted.labels_, minlength=groups), kind="stable")
    labels = np.argsort(order)[fitted.labels_].astype(np.int64)
    return CodeGroups(labels, silhouettes(codes, labels))


def silhouettes(codes: npt.NDArray[Any], labels: LabelArray) -> FloatArray:
    """Return each code's silhouette (N,), Euclidean; NaN unless there are 2 to N - 1 groups."""
    if not 2 <= len(np.unique(labels)) < len(labels):
        return np.full(len(labels), np.nan)
    return np.asarray(silhouette_samples(np.asarray(codes, dtype=float), labels), dtype=np.float64)


def shuffled_columns(codes: npt.NDArray[Any], rng: np.random.Generator) -> FloatArray:
    """Deal each column of codes (N, D) anew: the same values, none of their relations."""
    return np.asarray(rng.permuted(np.asarray(codes, dtype=np.float64), axis=0))


def thirds(train: npt.NDArray[Any], values: npt.NDArray[Any]) -> LabelArray:
    """Sort values (N,) into low, middle and high by the thirds of training values (M,)."""
    edges = np.quantile(np.asarray(train, dtype=float), [1 / 3, 2 / 3])
    return np.asarray(np.searchsorted(edges, np.asarray(values, dtype=float)), dtype=np.int64)
