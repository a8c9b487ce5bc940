"""Metagenes: clusters of co-expressed genes, summarised by one score each."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from sklearn.cluster import KMeans

from napari_radiogen.constants import METAGENE_COUNT
from napari_radiogen.domain import Metagenes
from napari_radiogen.errors import InputError

FloatArray = npt.NDArray[np.float64]
#: How members of a cluster count in its score: see `fit_metagenes`.
Weighting = Literal["sign", "loading"]

#: A gene that varies less than this (log2) is constant for our purposes.
MIN_GENE_SD = 1e-3


def fit_metagenes(
    log2_values: npt.NDArray[np.floating],
    gene_symbols: tuple[str, ...],
    *,
    k: int = METAGENE_COUNT,
    relevance: npt.NDArray[np.floating] | None = None,
    weighting: Weighting = "sign",
    seed: int = 0,
) -> Metagenes:
    """Cluster genes by k-means on their z-scores and score each cluster.

    A metagene's value is the mean of its members, each signed to the
    cluster's first principal component (Li 2018; Zhou 2018), or weighted by
    it, standardised.

    Parameters
    ----------
    log2_values
        (N, G) log2 expression of *training* patients.
    gene_symbols
        (G,) names.
    k
        Number of metagenes.
    relevance
        (N, A) image attributes of the same patients. When given, M01 is the
        metagene with the strongest rank correlation to any of them, and its
        sign is turned so that the strongest correlation is positive;
        otherwise the largest metagene comes first.
    weighting
        ``sign``: members count alike, as published; ``loading``: as much as
        the first component loads on them, so that a gene which follows its
        cluster loosely adds little noise (ours).
    seed
        Of k-means.

    Raises
    ------
    InputError
        When values are missing or there are fewer different genes than clusters.
    """
    values = np.asarray(log2_values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise InputError("expression holds missing values; drop those genes first")
    if values.shape[1] < k:
        raise InputError(f"expected at least {k} genes for {k} metagenes, got {values.shape[1]}")
    mean = values.mean(axis=0)
    sd = np.maximum(values.std(axis=0), MIN_GENE_SD)
    z = (values - mean) / sd
    weights = _member_weights(z, k, seed, weighting)
    weights = _in_order(weights, z @ weights, relevance)
    raw = z @ weights
    width = len(str(k - 1)) if k < 100 else 2
    return Metagenes(
        names=tuple(f"M{i + 1:0{width}d}" for i in range(k)),
        gene_symbols=tuple(gene_symbols),
        gene_mean=mean.astype(np.float32),
        gene_sd=sd.astype(np.float32),
        weights=weights.astype(np.float32),
        mean=raw.mean(axis=0).astype(np.float32),
        sd=np.maximum(raw.std(axis=0), MIN_GENE_SD).astype(np.float32),
    )


def _member_weights(z: FloatArray, k: int, seed: int, weighting: Weighting) -> FloatArray:
    """Return (G, K) weights of the members, from the first component; 1 in all, absolutely."""
    profiles = z.T / np.maximum(np.linalg.norm(z.T, axis=1, keepdims=True), MIN_GENE_SD)
    if len(np.unique(profiles, axis=0)) < k:
        raise InputError(f"the genes are too alike for {k} metagenes")
    label = KMeans(n_clusters=k, n_init=4, random_state=seed).fit_predict(profiles)
    weights = np.zeros((z.shape[1], k))
    for cluster in range(k):
        members = np.flatnonzero(label == cluster)
        component = np.linalg.svd(z[:, members], full_matrices=False)[2][0]
        component = component * (1.0 if component.sum() >= 0 else -1.0)
        if weighting == "sign":
            component = np.where(component < 0, -1.0, 1.0)
        weights[members, cluster] = component / np.abs(component).sum()
    return weights


def _in_order(
    weights: FloatArray, scores: FloatArray, relevance: npt.NDArray[np.floating] | None
) -> FloatArray:
    """Sort metagenes by relevance to the images, or else by size."""
    if relevance is None:
        return weights[:, np.argsort(-(weights != 0).sum(axis=0), kind="stable")]
    ranks = rankdata(scores, axis=0)
    targets = rankdata(np.asarray(relevance), axis=0)
    together = np.corrcoef(ranks.T, targets.T)[: ranks.shape[1], ranks.shape[1] :]
    strongest = together[np.arange(len(together)), np.abs(together).argmax(axis=1)]
    order = np.argsort(-np.abs(strongest), kind="stable")
    return np.asarray((weights * np.where(strongest < 0, -1.0, 1.0))[:, order])
