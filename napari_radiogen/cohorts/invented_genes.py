"""Invented expression whose relation to image factors is known.

METHODS: 50 genes for each factor with loadings 0.9 Beta(4, 3), unit noise
per gene, batch and purity terms; the rest are null modules. Gene names are
openly synthetic, so that no invented link stands under a real symbol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import ExpressionMatrix

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GeneDesign:
    """How many genes follow what, and how loudly (log2 units).

    Parameters
    ----------
    genes, per_factor, null_module
        Genes in all, for each factor, and in each null module.
    signal
        Scale of loadings, times Beta(4, 3).
    noise, batch, purity
        Standard deviations per gene.
    batches
        Number of batches.
    """

    genes: int = 1000
    per_factor: int = 50
    null_module: int = 30
    signal: float = 0.9
    noise: float = 1.0
    batch: float = 0.3
    purity: float = 0.2
    batches: int = 3


def invent_expression(
    factors: dict[str, FloatArray],
    subject_ids: tuple[str, ...],
    design: GeneDesign,
    rng: np.random.Generator,
) -> tuple[ExpressionMatrix, dict[str, Any]]:
    """Draw log2 expression (N, G) that follows the factors, and its truth.

    Parameters
    ----------
    factors
        Name to (N,) standardised values.
    subject_ids
        (N,) rows.
    design
        Sizes and scales.
    rng
        The only source of randomness.

    Returns
    -------
    matrix, truth
        ``truth`` lists, for every gene, its module and loading.
    """
    n = len(subject_ids)
    modules, latents = _modules(factors, n, design, rng)
    order = rng.permutation(design.genes)
    modules = [modules[i] for i in order]
    loadings = design.signal * rng.beta(4, 3, design.genes)
    loadings *= np.where(rng.random(design.genes) < 0.15, -1.0, 1.0)
    loadings = np.where([m in latents for m in modules], loadings, 0.0)
    signal = np.stack([latents.get(m, np.zeros(n)) for m in modules], axis=1) * loadings
    batch = rng.integers(0, design.batches, n)
    shift = rng.normal(0, design.batch, (design.batches, design.genes))[batch]
    purity = np.outer(rng.normal(size=n), rng.normal(0, design.purity, design.genes))
    mean = np.clip(rng.gamma(2.2, 2.1, design.genes) + 4.0, 4.0, 14.0)
    values = mean + signal + shift + purity + rng.normal(0, design.noise, (n, design.genes))
    symbols = tuple(f"PLG{i + 1:05d}" for i in range(design.genes))
    matrix = ExpressionMatrix(values.astype(np.float32), subject_ids, symbols, "log2")
    truth = {
        "genes": {
            s: {"module": m, "loading": round(float(v), 6)}
            for s, m, v in zip(symbols, modules, loadings, strict=True)
        },
        "batch": dict(zip(subject_ids, map(int, batch), strict=True)),
    }
    return matrix, truth


def _modules(
    factors: dict[str, FloatArray], n: int, design: GeneDesign, rng: np.random.Generator
) -> tuple[list[str], dict[str, FloatArray]]:
    """Return each gene's module, and the latent (N,) of each module."""
    modules = [name for name in factors for _ in range(design.per_factor)]
    latents = dict(factors)
    for i in range((design.genes - len(modules)) // design.null_module):
        name = f"null-{i + 1:02d}"
        latents[name] = rng.normal(size=n)
        modules += [name] * design.null_module
    return modules + ["none"] * (design.genes - len(modules)), latents
