"""Transforms are named, fitted on training patients, and have an inverse."""

import numpy as np
import pytest

from napari_radiogen.domain import ExpressionMatrix, Scale
from napari_radiogen.errors import InputError
from napari_radiogen.genomics.preparation import (
    LOG2_NAME,
    drop_incomplete,
    fit_zscore,
    from_log2,
    to_log2,
    to_scale,
)

NAN = float("nan")


def matrix(values: list[list[float]], scale: Scale) -> ExpressionMatrix:
    rows = np.array(values, dtype=np.float32)
    patients = tuple(f"p{i}" for i in range(len(rows)))
    return ExpressionMatrix(rows, patients, tuple("ABCDE"[: rows.shape[1]]), scale)


@pytest.mark.parametrize("scale", ["fpkm", "counts"])
def test_linear_values_become_log2_and_come_back(scale: Scale) -> None:
    linear = matrix([[0, 3], [NAN, 1023]], scale)
    made, name = to_log2(linear)
    assert (name, made.scale) == (LOG2_NAME, "log2")
    np.testing.assert_array_equal(made.values, np.float32([[0, 2], [NAN, 10]]))
    np.testing.assert_allclose(from_log2(made).values, linear.values)


def test_log2_stays_and_zscores_are_refused() -> None:
    same = matrix([[1, 2]], "log2")
    assert to_scale(same, "log2") == (same, "none")
    with pytest.raises(InputError, match="z-scores cannot become log2"):
        to_scale(matrix([[1, 2]], "zscore"), "log2")
    with pytest.raises(InputError, match="log2 cannot become zscore"):
        to_scale(same, "zscore")
    with pytest.raises(InputError, match="expected log2"):
        from_log2(matrix([[1, 2]], "zscore"))


def test_zscores_are_fitted_on_training_and_invert() -> None:
    training = matrix([[1, 10], [3, NAN], [5, 14]], "log2")
    fitted = fit_zscore(training)
    np.testing.assert_allclose(fitted.mean, [3, 12])
    np.testing.assert_allclose(fitted.sd, [np.sqrt(8 / 3), 2], rtol=1e-6)
    other = matrix([[7, 12]], "log2")
    z = fitted.apply(other)
    assert z.scale == "zscore"
    np.testing.assert_allclose(z.values, [[4 / np.sqrt(8 / 3), 0]], rtol=1e-6)
    np.testing.assert_allclose(fitted.invert(z).values, other.values, rtol=1e-6)


def test_zscores_of_other_genes_scales_and_constants_are_refused() -> None:
    fitted = fit_zscore(matrix([[1, 10], [3, 12]], "log2"))
    with pytest.raises(InputError, match="other genes"):
        fitted.apply(matrix([[1, 2, 3]], "log2"))
    with pytest.raises(InputError, match="expected log2"):
        fitted.apply(matrix([[1, 2]], "fpkm"))
    with pytest.raises(InputError, match=r"1 genes do not vary \(B\)"):
        fit_zscore(matrix([[1, 10], [3, 10]], "log2"))
    with pytest.raises(InputError, match="expected log2"):
        fit_zscore(matrix([[1, 10], [3, 10]], "counts"))


def test_incomplete_genes_are_dropped_by_name() -> None:
    kept, dropped = drop_incomplete(matrix([[1, NAN, 3], [4, 5, 6]], "log2"))
    assert (kept.gene_symbols, dropped) == (("A", "C"), ("B",))
    np.testing.assert_array_equal(kept.values, [[1, 3], [4, 6]])
    with pytest.raises(InputError, match="every gene"):
        drop_incomplete(matrix([[NAN, 1], [1, NAN]], "log2"))
