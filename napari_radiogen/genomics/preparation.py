"""Preparing expression: named transforms, fitted where they need a cohort (METHODS 1.6)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import ExpressionMatrix, Scale
from napari_radiogen.errors import InputError

FloatArray = npt.NDArray[np.float32]

#: A gene that varies less than this over patients has no z-score.
MIN_SD = 1e-6
LOG2_NAME = "log2(x + 1)"
COUNTS_WARNING = (
    "counts go in as log2(x + 1) without correction for depth or gene length: "
    "right only for a model that was trained on counts so prepared"
)


@dataclass(frozen=True, eq=False)
class ZScore:
    """Per-gene standardisation, fitted on training patients.

    Parameters
    ----------
    gene_symbols
        (G,) that it was fitted on.
    mean, sd
        (G,) on the log2 scale.
    """

    gene_symbols: tuple[str, ...]
    mean: FloatArray
    sd: FloatArray

    def apply(self, matrix: ExpressionMatrix) -> ExpressionMatrix:
        """Turn log2 values into z-scores.

        Raises
        ------
        InputError
            When the matrix is of other genes or on another scale.
        """
        self._check(matrix, "log2")
        return replace(matrix, values=(matrix.values - self.mean) / self.sd, scale="zscore")

    def invert(self, matrix: ExpressionMatrix) -> ExpressionMatrix:
        """Turn z-scores that this transform made back into log2 values.

        Raises
        ------
        InputError
            As for `apply`.
        """
        self._check(matrix, "zscore")
        return replace(matrix, values=matrix.values * self.sd + self.mean, scale="log2")

    def _check(self, matrix: ExpressionMatrix, scale: Scale) -> None:
        if matrix.scale != scale:
            raise InputError(f"expected {scale} values, got {matrix.scale}")
        if matrix.gene_symbols != self.gene_symbols:
            raise InputError("the z-scores were fitted on other genes or another order of them")


def fit_zscore(training: ExpressionMatrix) -> ZScore:
    """Fit per-gene mean and SD on training patients, over the values that are there.

    Raises
    ------
    InputError
        When values are not log2, or a gene is constant or measured less than twice.
    """
    if training.scale != "log2":
        raise InputError(f"expected log2 values, got {training.scale}")
    values = training.values.astype(np.float64)
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / count
    sd = np.sqrt(np.where(known, (values - mean) ** 2, 0).sum(axis=0) / count)
    flat = [training.gene_symbols[i] for i in np.flatnonzero(sd < MIN_SD)]
    if flat:
        raise InputError(f"{len(flat)} genes do not vary ({', '.join(flat[:5])}): no z-score")
    return ZScore(training.gene_symbols, mean.astype(np.float32), sd.astype(np.float32))


def to_log2(matrix: ExpressionMatrix) -> tuple[ExpressionMatrix, str]:
    """Bring values to the log2 scale and name what was done.

    Raises
    ------
    InputError
        For z-scores: the means and SDs that made them are not in the table.
    """
    if matrix.scale == "log2":
        return matrix, "none"
    if matrix.scale == "zscore":
        raise InputError(
            "z-scores cannot become log2 values: the means and SDs they were made with are not "
            "in the table; give log2, FPKM or counts"
        )
    return replace(matrix, values=np.log2(matrix.values + 1), scale="log2"), LOG2_NAME


def from_log2(matrix: ExpressionMatrix) -> ExpressionMatrix:
    """Undo `to_log2`: log2 values to linear ones.

    Raises
    ------
    InputError
        When the values are not log2.
    """
    if matrix.scale != "log2":
        raise InputError(f"expected log2 values, got {matrix.scale}")
    return replace(matrix, values=np.exp2(matrix.values) - 1, scale="fpkm")


def to_scale(matrix: ExpressionMatrix, scale: Scale) -> tuple[ExpressionMatrix, str]:
    """Bring values to the scale that a model was trained on and name what was done.

    Raises
    ------
    InputError
        When no transform leads there without a training cohort.
    """
    if matrix.scale == scale:
        return matrix, "none"
    if scale == "log2":
        return to_log2(matrix)
    raise InputError(
        f"{matrix.scale} cannot become {scale} without the training cohort that defines it"
    )


def drop_incomplete(matrix: ExpressionMatrix) -> tuple[ExpressionMatrix, tuple[str, ...]]:
    """Drop every gene with a missing value and name those dropped (METHODS 1.6).

    Raises
    ------
    InputError
        When no gene is complete.
    """
    complete = np.isfinite(matrix.values).all(axis=0)
    if not complete.any():
        raise InputError("every gene has a missing value: nothing is left")
    kept = tuple(matrix.gene_symbols[i] for i in np.flatnonzero(complete))
    dropped = tuple(matrix.gene_symbols[i] for i in np.flatnonzero(~complete))
    values = np.ascontiguousarray(matrix.values[:, complete])
    return ExpressionMatrix(values, matrix.patient_ids, kept, matrix.scale), dropped
