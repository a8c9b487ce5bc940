"""Gene expression of patients and its summary in metagenes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from napari_radiogen.errors import InputError

#: ``counts`` reads; ``fpkm`` FPKM, RPKM or TPM; ``log2`` of linear values plus
#: one, or of intensities; ``zscore`` per gene over some cohort.
Scale = Literal["counts", "fpkm", "log2", "zscore"]
FloatArray = npt.NDArray[np.float32]


def _require_unique(names: tuple[str, ...], what: str) -> None:
    if len(set(names)) != len(names):
        seen: set[str] = set()
        twice = next(n for n in names if n in seen or seen.add(n))  # type: ignore[func-returns-value]
        raise InputError(f"{what} {twice!r} appears more than once")


@dataclass(frozen=True, eq=False)
class ExpressionMatrix:
    """Expression values (patients, genes) with their names and their scale."""

    values: FloatArray
    patient_ids: tuple[str, ...]
    gene_symbols: tuple[str, ...]
    scale: Scale

    def __post_init__(self) -> None:
        expected = (len(self.patient_ids), len(self.gene_symbols))
        if self.values.shape != expected:
            raise InputError(f"values have shape {self.values.shape}, names say {expected}")
        _require_unique(self.patient_ids, "patient")
        _require_unique(self.gene_symbols, "gene")

    def rows(self, patient_ids: tuple[str, ...]) -> FloatArray:
        """Return the rows of some patients, in the order asked for.

        Raises
        ------
        InputError
            When a patient has no row.
        """
        position = {p: i for i, p in enumerate(self.patient_ids)}
        missing = [p for p in patient_ids if p not in position]
        if missing:
            raise InputError(f"no expression for {', '.join(missing[:5])}")
        return self.values[[position[p] for p in patient_ids]]


@dataclass(frozen=True, eq=False)
class Metagenes:
    """A fitted map from genes to metagene z-scores.

    ``score = ((x - gene_mean) / gene_sd) @ weights``, then standardised by
    ``mean`` and ``sd``: all of it fitted on training patients only.

    Parameters
    ----------
    names
        (K,) ``M01`` and on.
    gene_symbols
        (G,) in the order that every vector must have.
    gene_mean, gene_sd
        (G,) on the scale that was fitted.
    weights
        (G, K) signed membership weights.
    mean, sd
        (K,) of the raw scores on training patients.
    scale
        Of the expression that was fitted and that `transform` takes.
    """

    names: tuple[str, ...]
    gene_symbols: tuple[str, ...]
    gene_mean: FloatArray
    gene_sd: FloatArray
    weights: FloatArray
    mean: FloatArray
    sd: FloatArray
    scale: Scale = "log2"

    def transform(self, values: npt.NDArray[np.floating]) -> FloatArray:
        """Turn expression (N, G) on the fitted scale into metagene z-scores (N, K)."""
        if values.shape[-1] != len(self.gene_symbols):
            raise InputError(f"expected {len(self.gene_symbols)} genes, got {values.shape[-1]}")
        z = self.gene_scores(values)
        return np.asarray((z @ self.weights - self.mean) / self.sd, dtype=np.float32)

    def gene_scores(self, values: npt.NDArray[np.floating]) -> FloatArray:
        """Turn expression (N, G) on the fitted scale into z-scores of single genes (N, G)."""
        return np.asarray((values - self.gene_mean) / self.gene_sd, dtype=np.float32)

    def members(self, name: str) -> tuple[str, ...]:
        """Return the genes of a metagene, the heaviest first."""
        column = self.weights[:, self.names.index(name)]
        order = np.argsort(-np.abs(column), kind="stable")
        return tuple(self.gene_symbols[i] for i in order if column[i] != 0)

    def loading(self, symbol: str) -> FloatArray:
        """Return (K,) how far each metagene moves when a gene rises by its SD.

        Raises
        ------
        InputError
            When there is no such gene.
        """
        if symbol not in self.gene_symbols:
            raise InputError(
                "unknown gene; search the metagenes for one that the model has", symbol
            )
        row = self.weights[self.gene_symbols.index(symbol)]
        return np.asarray(row / self.sd, dtype=np.float32)

    def genes_moved(self, change: npt.NDArray[np.floating]) -> FloatArray:
        """Return the smallest change of genes (G,), in SD, that moves the metagenes by (K,).

        Least squares through the membership weights: all members of a
        metagene move alike, each in its sign.
        """
        return np.asarray(self._gene_shares @ (change * self.sd), dtype=np.float32)

    @cached_property
    def _gene_shares(self) -> npt.NDArray[np.float64]:
        weights = np.asarray(self.weights, dtype=np.float64)
        return np.asarray(weights @ np.linalg.pinv(weights.T @ weights))
