"""Expression of phantom patients: modules that follow latents, and their truth.

All gene names are openly synthetic (``PHG00001``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import ExpressionMatrix
from napari_radiogen.phantom.biology import LATENT_COUNT, LATENT_NAMES, latent_covariance

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TranscriptomePlan:
    """Size and noise of a simulated RNA-seq (log2 units).

    Parameters
    ----------
    genes
        Genes without a missing value.
    sparse_genes
        Further, lowly expressed genes with missing values.
    modules
        Co-expressed modules over `module_share` of the genes.
    gene_sd
        Median standard deviation of a gene between patients.
    batch, purity, technical
        Standard deviations of nuisance, in units of the gene's own.
    """

    genes: int = 5172
    sparse_genes: int = 16955
    modules: int = 60
    module_share: float = 0.5
    negative_share: float = 0.15
    gene_sd: float = 0.9
    batch: float = 0.25
    batches: int = 3
    purity: float = 0.25
    technical: float = 0.25


@dataclass(frozen=True, eq=False)
class Transcriptome:
    """Simulated expression (log2, NaN where missing) and how it came about.

    Parameters
    ----------
    expression
        (N, genes + sparse_genes).
    truth
        Module loadings, each gene's module and its loading.
    latents_by_gene
        (10, genes): see `expected_latents`.
    """

    expression: ExpressionMatrix
    truth: dict[str, Any]
    latents_by_gene: FloatArray


def module_loadings(rng: np.random.Generator, modules: int) -> FloatArray:
    """Return loadings (modules, 10) of modules on latents.

    Every latent has a module with .9, one with -.75 and a mixed one (.6 with
    .5 of another latent); the others follow none.
    """
    loadings = np.zeros((modules, LATENT_COUNT))
    for k in range(min(LATENT_COUNT, modules // 3)):
        loadings[3 * k, k] = 0.9
        loadings[3 * k + 1, k] = -0.75
        other = int(rng.choice([i for i in range(LATENT_COUNT) if i != k]))
        loadings[3 * k + 2, [k, other]] = 0.6, 0.5
    return loadings


def simulate(
    rng: np.random.Generator,
    latents: FloatArray,
    patient_ids: tuple[str, ...],
    plan: TranscriptomePlan | None = None,
) -> Transcriptome:
    """Simulate RNA-seq of patients with latents (N, 10).

    Returns
    -------
    Transcriptome
        Expression (N, genes + sparse_genes), never below 0, and the truth:
        module loadings, each gene's module and its loading.
    """
    plan = plan or TranscriptomePlan()
    loadings = module_loadings(rng, plan.modules)
    member, gene_loading = _membership(rng, plan)
    common = _module_activity(rng, latents, loadings)[:, np.maximum(member, 0)]
    common = common * gene_loading
    own = rng.standard_normal(common.shape) * np.sqrt(1 - gene_loading**2)
    deviation = common + own + _nuisance(rng, len(latents), plan)
    mean = np.clip(rng.gamma(2.2, 2.1, plan.genes) + 0.6, 0.3, 14)
    sd = plan.gene_sd * np.exp(0.3 * rng.standard_normal(plan.genes))
    dense = np.maximum(mean + sd * deviation, 0.01)
    values = np.concatenate([dense, _sparse(rng, len(latents), plan)], axis=1)
    genes = tuple(f"PHG{i + 1:05d}" for i in range(values.shape[1]))
    matrix = ExpressionMatrix(values.astype(np.float32), patient_ids, genes, "log2")
    return Transcriptome(
        matrix,
        _truth(loadings, member, gene_loading, genes),
        expected_latents(loadings, member, gene_loading, plan),
    )


def expected_latents(
    loadings: FloatArray,
    member: npt.NDArray[np.intp],
    gene_loading: FloatArray,
    plan: TranscriptomePlan,
) -> FloatArray:
    """Return how much the expected latents rise with each gene, (10, genes).

    A row holds the coefficients of the best linear prediction of a latent from
    all genes: the rise for one standard deviation more of one gene, all others
    equal. With module activities a = L b + e, genes g = W a + d and d
    independent between genes, they are ``C L' A^-1 (A^-1 + W' D^-1 W)^-1 W'
    D^-1``, where A and D are the variances of a and d (Woodbury). Batch and
    purity count as part of d; the floor at 0 is left aside.
    """
    covariance = latent_covariance()
    rest = np.clip(1 - (loadings**2).sum(axis=1), 0, 1)
    activity = np.linalg.inv(loadings @ covariance @ loadings.T + np.diag(rest))
    nuisance = plan.batch**2 + plan.purity**2 + plan.technical**2
    own = 1 - gene_loading**2 + nuisance
    spread = np.zeros((len(loadings), len(member)))
    inside = np.flatnonzero(member >= 0)
    spread[member[inside], inside] = gene_loading[inside]
    weighted = spread / own
    told = np.linalg.solve(activity + weighted @ spread.T, weighted)
    rise = covariance @ loadings.T @ activity @ told
    varies = np.diag(np.linalg.inv(activity))[np.maximum(member, 0)]
    return np.asarray(rise * np.sqrt(gene_loading**2 * varies + own))


def _membership(
    rng: np.random.Generator, plan: TranscriptomePlan
) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Return each gene's module (-1 for none) and its loading on it."""
    share = rng.pareto(1.6, plan.modules) + 0.25
    total = int(plan.genes * plan.module_share)
    ends = np.round(np.cumsum(share / share.sum()) * total).astype(int)
    member = np.full(plan.genes, -1, dtype=np.intp)
    order = rng.permutation(plan.genes)[:total]
    member[order] = np.searchsorted(ends, np.arange(total), side="right")
    loading = 0.95 * rng.beta(4, 3, plan.genes)
    loading *= np.where(rng.random(plan.genes) < plan.negative_share, -1, 1)
    return member, np.where(member >= 0, loading, 0.0)


def _module_activity(
    rng: np.random.Generator, latents: FloatArray, loadings: FloatArray
) -> FloatArray:
    driven = latents @ loadings.T
    rest = np.sqrt(np.clip(1 - (loadings**2).sum(axis=1), 0, 1))
    return np.asarray(driven + rest * rng.standard_normal(driven.shape))


def _nuisance(rng: np.random.Generator, patients: int, plan: TranscriptomePlan) -> FloatArray:
    batch = rng.integers(0, plan.batches, patients)
    shifts = plan.batch * rng.standard_normal((plan.batches, plan.genes))
    purity = rng.standard_normal((patients, 1)) * plan.purity * rng.standard_normal(plan.genes)
    technical = plan.technical * rng.standard_normal((patients, plan.genes))
    return np.asarray(shifts[batch] + purity + technical)


def _sparse(rng: np.random.Generator, patients: int, plan: TranscriptomePlan) -> FloatArray:
    """Return genes that are missing more often the lower they are expressed."""
    mean = np.clip(rng.gamma(1.3, 0.9, plan.sparse_genes), 0.05, 6)
    values = np.abs(mean + 0.7 * rng.standard_normal((patients, plan.sparse_genes))) + 0.01
    missing = rng.random(values.shape) < 1 / (1 + np.exp(1.8 * (values - 1.5)))
    missing[rng.integers(0, patients, plan.sparse_genes), np.arange(plan.sparse_genes)] = True
    values[missing] = np.nan
    return values


def _truth(
    loadings: FloatArray,
    member: npt.NDArray[np.intp],
    gene_loading: FloatArray,
    genes: tuple[str, ...],
) -> dict[str, Any]:
    rows = np.flatnonzero(member >= 0)
    return {
        "latents": list(LATENT_NAMES),
        "module_loadings": np.round(loadings, 4).tolist(),
        "gene_module": {genes[i]: int(member[i]) for i in rows},
        "gene_loading": {genes[i]: round(float(gene_loading[i]), 4) for i in rows},
    }
