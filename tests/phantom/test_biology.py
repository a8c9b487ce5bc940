"""Six latents shape the nodule, four do nothing, and genes follow them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogen.phantom.biology import (
    EFFECTS,
    FIRST_NULL_LATENT,
    LATENT_COUNT,
    draw_clinical,
    draw_latents,
    latent_covariance,
    morphology_of,
)
from napari_radiogen.phantom.transcriptome import Transcriptome, TranscriptomePlan, simulate

PLAN = TranscriptomePlan(genes=1200, sparse_genes=300)
PATIENTS = 150


@pytest.fixture(scope="module")
def latents() -> np.ndarray:
    return draw_latents(np.random.default_rng(0), PATIENTS)


@pytest.fixture(scope="module")
def made(latents: np.ndarray) -> Transcriptome:
    ids = tuple(f"P{i}" for i in range(PATIENTS))
    return simulate(np.random.default_rng(1), latents, ids, PLAN)


def test_each_effect_grows_with_its_latent() -> None:
    for index, name in enumerate(EFFECTS.values()):
        low, high = np.zeros(LATENT_COUNT), np.zeros(LATENT_COUNT)
        low[index], high[index] = -1, 1
        assert getattr(morphology_of(high), name) > getattr(morphology_of(low), name)


def test_null_latents_change_nothing() -> None:
    loud = np.zeros(LATENT_COUNT)
    loud[FIRST_NULL_LATENT:] = 5
    assert morphology_of(loud) == morphology_of(np.zeros(LATENT_COUNT))


def test_radius_is_nine_mm_on_average_and_clipped() -> None:
    assert morphology_of(np.zeros(LATENT_COUNT)).radius_mm == pytest.approx(9)
    assert morphology_of(np.full(LATENT_COUNT, 9.0)).radius_mm == 18
    assert morphology_of(np.full(LATENT_COUNT, -9.0)).radius_mm == 4


def test_covariance_can_be_drawn_from() -> None:
    assert np.linalg.eigvalsh(latent_covariance()).min() > 0


def test_clinical_labels_are_never_both_mutant(latents: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    rows = [draw_clinical(rng, b) for b in latents]
    both = [r for r in rows if r["EGFR mutation status"] == r["KRAS mutation status"] == "Mutant"]
    assert not both
    assert {r["EGFR mutation status"] for r in rows} == {"Mutant", "Wildtype"}


def test_complete_genes_are_complete_and_sparse_ones_are_not(made: Transcriptome) -> None:
    missing = np.isnan(made.expression.values).any(axis=0)
    assert not missing[: PLAN.genes].any()
    assert missing[PLAN.genes :].all()


def test_gene_names_are_openly_synthetic(made: Transcriptome) -> None:
    assert made.expression.gene_symbols[0] == "PHG00001"
    assert all(g.startswith("PHG") for g in made.expression.gene_symbols)


def test_patients_and_genes_correlate_as_in_tumours(made: Transcriptome) -> None:
    dense = made.expression.values[:, : PLAN.genes]
    between = np.corrcoef(dense)[np.triu_indices(PATIENTS, 1)]
    assert np.median(between) == pytest.approx(0.90, abs=0.04)
    genes = np.abs(np.corrcoef(dense[:, :600].T)[np.triu_indices(600, 1)])
    assert 0.04 < np.median(genes) < 0.11


def test_what_genes_say_of_latents_is_their_best_linear_prediction() -> None:
    rng = np.random.default_rng(2)
    latents = draw_latents(rng, 4000)
    plan = TranscriptomePlan(genes=160, sparse_genes=0, modules=30, batch=0, purity=0)
    made = simulate(rng, latents, tuple(map(str, range(len(latents)))), plan)
    values = made.expression.values.astype(float)
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    fitted = np.linalg.lstsq(z, latents - latents.mean(axis=0), rcond=None)[0].T
    for expected, found in zip(made.latents_by_gene, fitted, strict=True):
        assert np.corrcoef(expected, found)[0, 1] > 0.9
        assert np.linalg.norm(expected) == pytest.approx(np.linalg.norm(found), rel=0.15)


def test_first_module_follows_the_first_latent(made: Transcriptome, latents: np.ndarray) -> None:
    index = {g: i for i, g in enumerate(made.expression.gene_symbols)}
    own = [
        np.sign(made.truth["gene_loading"][g]) * made.expression.values[:, index[g]]
        for g, m in made.truth["gene_module"].items()
        if m == 0
    ]
    score = np.mean(own, axis=0)
    assert np.corrcoef(score, latents[:, 0])[0, 1] > 0.6
    assert abs(np.corrcoef(score, latents[:, 8])[0, 1]) < 0.35
