"""Single genes as networks read them: scaled to [0, 1], or as z-scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import Metagenes
from napari_radiogen.domain.expression import Scale
from napari_radiogen.errors import InputError
from napari_radiogen.genomics.metagenes import MIN_GENE_SD

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GeneScale:
    """A fitted map from expression to [0, 1], gene by gene, clipped (METHODS 1.2).

    Parameters
    ----------
    gene_symbols
        (G,) in the order that every vector must have.
    low, span
        (G,) smallest value and range on training patients.
    scale
        Of the expression that was fitted and that `transform` takes.
    """

    gene_symbols: tuple[str, ...]
    low: FloatArray
    span: FloatArray
    scale: Scale = "log2"

    def transform(self, values: npt.NDArray[Any]) -> FloatArray:
        """Turn expression (N, G) on the fitted scale into [0, 1].

        Raises
        ------
        InputError
            When the number of genes differs.
        """
        self._check(values)
        return np.asarray(np.clip((values - self.low) / self.span, 0, 1), dtype=np.float32)

    def inverse(self, unit: npt.NDArray[Any]) -> FloatArray:
        """Turn [0, 1] (N, G) back into expression on the fitted scale.

        Raises
        ------
        InputError
            When the number of genes differs.
        """
        self._check(unit)
        return np.asarray(unit * self.span + self.low, dtype=np.float32)

    def _check(self, values: npt.NDArray[Any]) -> None:
        if values.shape[-1] != len(self.gene_symbols):
            raise InputError(f"expected {len(self.gene_symbols)} genes, got {values.shape[-1]}")


def fit_gene_scale(
    values: npt.NDArray[Any], gene_symbols: tuple[str, ...], scale: Scale = "log2"
) -> GeneScale:
    """Fit the range of each gene on *training* patients (N, G).

    Raises
    ------
    InputError
        When values are missing.
    """
    known = _complete(values)
    low = known.min(axis=0)
    span = np.maximum(known.max(axis=0) - low, MIN_GENE_SD)
    return GeneScale(tuple(gene_symbols), low.astype(np.float32), span.astype(np.float32), scale)


def fit_single_genes(
    values: npt.NDArray[Any], gene_symbols: tuple[str, ...], scale: Scale = "log2"
) -> Metagenes:
    """Fit z-scores of single genes on *training* patients (N, G) (METHODS 1.4, paper mode).

    Raises
    ------
    InputError
        When values are missing.
    """
    known = _complete(values)
    sd = np.maximum(known.std(axis=0), MIN_GENE_SD)
    return single_genes(gene_symbols, known.mean(axis=0), sd, scale)


def single_genes(
    gene_symbols: tuple[str, ...],
    gene_mean: npt.NDArray[Any],
    gene_sd: npt.NDArray[Any],
    scale: Scale = "log2",
) -> Metagenes:
    """Return metagenes of one member each: its z-score, under the gene's own name."""
    count = len(gene_symbols)
    return Metagenes(
        names=tuple(gene_symbols),
        gene_symbols=tuple(gene_symbols),
        gene_mean=np.asarray(gene_mean, dtype=np.float32),
        gene_sd=np.asarray(gene_sd, dtype=np.float32),
        weights=np.eye(count, dtype=np.float32),
        mean=np.zeros(count, dtype=np.float32),
        sd=np.ones(count, dtype=np.float32),
        scale=scale,
    )


def _complete(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    known = np.asarray(values, dtype=np.float64)
    if not np.isfinite(known).all():
        raise InputError("expression holds missing values; drop those genes first")
    return known
