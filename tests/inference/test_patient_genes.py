"""A table meets a model: what it is fed, or why it is fed nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.domain import GeneAliases, Metagenes, Scale
from napari_radiogen.errors import InputError
from napari_radiogen.inference.patient_genes import meet_model
from napari_radiogen.io.expression_scale import ScaleFinding
from napari_radiogen.io.expression_tables import ExpressionTable
from napari_radiogen.io.table_layout import Layout

NAN = float("nan")
MODEL = Metagenes(
    names=("M01", "M02"),
    gene_symbols=("B", "A", "MARCHF1"),
    gene_mean=np.float32([1, 2, 3]),
    gene_sd=np.float32([1, 2, 1]),
    weights=np.float32([[1, 0], [0, 1], [1, -1]]),
    mean=np.float32([0, 1]),
    sd=np.float32([2, 1]),
)
ALIASES = GeneAliases({"MARCH1": "MARCHF1"})


def table(
    values: list[list[float]], genes: tuple[str, ...], scale: Scale = "log2"
) -> ExpressionTable:
    rows = np.array(values, dtype=np.float32)
    patients = tuple(f"p{i}" for i in range(len(rows)))
    found = ScaleFinding(scale, True, "as stated")
    return ExpressionTable(Path("t.csv"), "CSV", rows, patients, genes, Layout("rows", ""), found)


def test_vector_is_in_the_order_of_the_model() -> None:
    feed = meet_model(table([[9, 6, 2, 5]], ("X", "A", "B", "MARCH1")), MODEL, ALIASES)
    # z = (2-1)/1, (6-2)/2, (5-3)/1 = 1, 2, 2; M01 = (1 + 2) / 2, M02 = 2 - 2 - 1
    np.testing.assert_allclose(feed.vector("p0"), [1.5, -1])
    assert feed.report.renamed == {"MARCHF1": "MARCH1"}
    assert feed.report.extra == ("X",)
    assert feed.transform == "none"


def test_linear_values_are_transformed_by_name() -> None:
    genes = MODEL.gene_symbols
    feed = meet_model(table([[3, 63, 31]], genes, "fpkm"), MODEL)
    np.testing.assert_allclose(feed.vector("p0"), [1.5, -1], rtol=1e-6)
    assert (feed.transform, feed.warnings) == ("log2(x + 1)", ())
    counted = meet_model(table([[3, 63, 31]], genes, "counts"), MODEL)
    assert "without correction for depth" in counted.warnings[0]


def test_missing_and_duplicated_genes_are_never_filled() -> None:
    feed = meet_model(table([[1, 1]], ("A", "B")), MODEL)
    assert feed.scores is None
    with pytest.raises(InputError, match=r"t.csv: lacks 1 of the 3 genes .*\(MARCHF1\)"):
        feed.vector("p0")
    twice = meet_model(table([[1, 1, 1, 1]], ("A", "B", "A", "MARCHF1")), MODEL)
    with pytest.raises(InputError, match=r"more than once \(A\)"):
        twice.vector("p0")


def test_a_scale_that_cannot_be_is_a_problem() -> None:
    feed = meet_model(table([[1, 1, 1]], MODEL.gene_symbols, "zscore"), MODEL)
    assert feed.transform is None
    with pytest.raises(InputError, match="z-scores cannot become log2"):
        feed.vector("p0")
    own = meet_model(
        table([[1, 1, 1]], MODEL.gene_symbols, "zscore"), replace(MODEL, scale="zscore")
    )
    assert own.transform == "none"


def test_a_patient_without_a_wanted_value_is_refused_alone() -> None:
    feed = meet_model(table([[2, NAN, 5], [2, 6, 5]], MODEL.gene_symbols), MODEL)
    assert feed.missing_values == {"A": 1}
    np.testing.assert_allclose(feed.vector("p1"), [1.5, -1])
    with pytest.raises(InputError, match=r"'p0' has no value for 1 of the 3 genes .*\(A\)"):
        feed.vector("p0")
    with pytest.raises(InputError, match="no patient 'p7'"):
        feed.vector("p7")
