"""Metagenes of a cohort: from training patients alone, and told gene by gene."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from napari_radiogen.cohorts.metagene_table import format_metagenes, training_metagenes
from napari_radiogen.domain import ExpressionMatrix, Subject

MODULES, MEMBERS, PATIENTS = 4, 8, 10


def _cohort(
    change: float = 0.0, train: int = 6, genes: int = MODULES * MEMBERS
) -> tuple[ExpressionMatrix, list[Subject]]:
    """Genes in modules that move together; ``change`` alters all but training patients."""
    rng = np.random.default_rng(0)
    drivers = rng.normal(size=(PATIENTS, MODULES))
    values = np.repeat(drivers, MEMBERS, axis=1)[:, :genes] + rng.normal(0, 0.05, (PATIENTS, genes))
    values[train:] += change * rng.normal(size=values[train:].shape)
    subjects = [
        Subject(f"S{i}", f"P{i}", "train" if i < train else "test") for i in range(PATIENTS)
    ]
    symbols = tuple(f"G{i:02d}" for i in range(genes))
    ids = tuple(s.subject_id for s in subjects)
    return ExpressionMatrix(values.astype(np.float32), ids, symbols, "log2"), subjects


def test_genes_that_move_together_share_a_metagene() -> None:
    fitted = training_metagenes(*_cohort())
    rows = list(csv.DictReader(io.StringIO(format_metagenes(fitted))))
    assert [r["gene"] for r in rows] == [f"G{i:02d}" for i in range(MODULES * MEMBERS)]
    # 32 genes make six metagenes: a module may be split, but never mixed with another.
    for metagene in fitted.names:
        members = [int(r["gene"][1:]) for r in rows if r["metagene"] == metagene]
        assert len({m // MEMBERS for m in members}) == 1
        weights = [float(r["weight"]) for r in rows if r["metagene"] == metagene]
        assert np.allclose(np.abs(weights), 1 / len(members), atol=1e-5)


def test_patients_of_other_splits_change_nothing() -> None:
    one, other = (format_metagenes(training_metagenes(*_cohort(c))) for c in (0.0, 5.0))
    assert one == other


@pytest.mark.parametrize("said", [{"train": 2}, {"genes": 9}])
def test_too_little_to_cluster_gives_none(said: dict[str, int]) -> None:
    assert training_metagenes(*_cohort(**said)) is None


def test_genes_that_are_all_alike_give_none() -> None:
    expression, subjects = _cohort()
    flat = np.ones_like(expression.values)
    same = ExpressionMatrix(flat, expression.patient_ids, expression.gene_symbols, "log2")
    assert training_metagenes(same, subjects) is None
