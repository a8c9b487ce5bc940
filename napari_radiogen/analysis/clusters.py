"""Clusters of codes and how well they part, in code space and never on a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

#: Numbers of clusters that are tried.
FEWEST, MOST = 2, 8
STARTS = 4


@dataclass(frozen=True, eq=False)
class Clusters:
    """Groups of codes.

    Parameters
    ----------
    labels
        (N,) from 0, the largest cluster first.
    silhouette
        Mean silhouette (Rousseeuw 1987) of the fitted codes, -1 to 1.
    """

    labels: npt.NDArray[np.int64]
    silhouette: float

    @property
    def count(self) -> int:
        """Number of clusters."""
        return int(self.labels.max()) + 1


def find_clusters(codes: npt.NDArray[Any], fitted: npt.NDArray[np.bool_]) -> Clusters:
    """Part codes (N, D) by k-means, with the k of the highest silhouette.

    Parameters
    ----------
    fitted
        (N,) training subjects: centres and silhouette are theirs alone, all
        others fall to the nearest centre.

    Raises
    ------
    ValueError
        With fewer than four fitted codes.
    """
    known = np.asarray(codes, dtype=np.float64)[fitted]
    if len(known) < 4:
        raise ValueError(f"expected at least 4 training subjects, got {len(known)}")
    best: tuple[float, KMeans] | None = None
    for k in range(FEWEST, min(MOST, len(known) - 2) + 1):
        means = KMeans(n_clusters=k, n_init=STARTS, random_state=0).fit(known)
        score = float(silhouette_score(known, means.labels_))
        if best is None or score > best[0]:
            best = score, means
    score, means = best  # type: ignore[misc]
    order = np.argsort(-np.bincount(means.labels_, minlength=means.n_clusters), kind="stable")
    rank = np.argsort(order)
    labels = rank[means.predict(np.asarray(codes, dtype=np.float64))]
    return Clusters(np.asarray(labels, dtype=np.int64), score)
