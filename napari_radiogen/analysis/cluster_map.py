"""Which image features go with which metagenes, clustered as a map (Li 2018, fig. 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import false_discovery_control, rankdata, t

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClusterMap:
    """Correlations of F features with K metagenes over P patients.

    Parameters
    ----------
    rho
        (F, K) Spearman; 0 where a feature or metagene does not vary.
    p, q
        (F, K) two-sided p by Student's t, and Benjamini-Hochberg adjusted
        over the whole map; 1 where nothing varies.
    feature_tree, metagene_tree
        (F - 1, 4) and (K - 1, 4): average linkage on 1 - |rho| among
        features and among metagenes, as SciPy writes it.
    feature_order, metagene_order
        Leaves of the trees from left to right.
    patients
        P.
    """

    rho: FloatArray
    p: FloatArray
    q: FloatArray
    feature_tree: FloatArray
    metagene_tree: FloatArray
    feature_order: npt.NDArray[np.int64]
    metagene_order: npt.NDArray[np.int64]
    patients: int

    def discoveries(self, rate: float = 0.05) -> int:
        """Count the cells whose q is at most a false-discovery rate."""
        return int((self.q <= rate).sum())


def patient_means(
    features: npt.NDArray[Any], patients: Sequence[str]
) -> tuple[FloatArray, tuple[str, ...]]:
    """Average the features (N, F) of each patient's slices.

    Returns
    -------
    array, tuple
        (P, F) and the P patients, in alphabetical order.

    Raises
    ------
    ValueError
        When there is not one patient a row.
    """
    if len(patients) != len(features):
        raise ValueError(f"{len(features)} rows of features, {len(patients)} patients")
    names, row = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    total = np.zeros((len(names), features.shape[1]))
    np.add.at(total, row, np.asarray(features, dtype=np.float64))
    return total / np.bincount(row)[:, None], tuple(str(n) for n in names)


def cluster_map(features: npt.NDArray[Any], metagenes: npt.NDArray[Any]) -> ClusterMap:
    """Correlate features with metagenes over patients and order both by likeness.

    Spearman, average linkage on 1 - |rho|, Benjamini-Hochberg (METHODS 2).

    Parameters
    ----------
    features
        (P, F) patient means.
    metagenes
        (P, K) of the same patients.

    Raises
    ------
    ValueError
        When the rows do not match, there are fewer than 4 patients or 2
        features or metagenes, or a value is not finite.
    """
    a, b = (np.asarray(v, dtype=np.float64) for v in (features, metagenes))
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b) or len(a) < 4:
        raise ValueError(f"expected (P, F) and (P, K) with P >= 4, got {a.shape} and {b.shape}")
    if min(a.shape[1], b.shape[1]) < 2 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("expected at least 2 features and metagenes, all finite")
    whole = rank_correlation(np.hstack((a, b)))
    count = a.shape[1]
    rho = whole[:count, count:]
    p = spearman_p(rho, len(a))
    trees = [_tree(whole[:count, :count]), _tree(whole[count:, count:])]
    return ClusterMap(
        rho=rho,
        p=p,
        q=np.asarray(false_discovery_control(p.ravel(), method="bh")).reshape(p.shape),
        feature_tree=trees[0],
        metagene_tree=trees[1],
        feature_order=np.asarray(leaves_list(trees[0]), dtype=np.int64),
        metagene_order=np.asarray(leaves_list(trees[1]), dtype=np.int64),
        patients=len(a),
    )


def rank_correlation(values: FloatArray) -> FloatArray:
    """Return Spearman's rho among the columns of (P, C); 0 where one does not vary."""
    ranks = rankdata(values, axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    unit = ranks / np.where(length > 0, length, 1.0)
    return np.asarray(np.clip(unit.T @ unit, -1.0, 1.0))


def spearman_p(rho: FloatArray, patients: int) -> FloatArray:
    """Return two-sided p of Spearman's rho by Student's t with P - 2 degrees of freedom."""
    freedom = patients - 2
    with np.errstate(divide="ignore"):
        score = np.abs(rho) * np.sqrt(freedom / ((1 - rho) * (1 + rho)))
    return np.asarray(2 * t.sf(score, freedom))


def _tree(rho: FloatArray) -> FloatArray:
    distance = 1 - np.abs(rho)
    np.fill_diagonal(distance, 0.0)
    symmetric = np.maximum((distance + distance.T) / 2, 0.0)
    return np.asarray(linkage(squareform(symmetric, checks=False), method="average"))
