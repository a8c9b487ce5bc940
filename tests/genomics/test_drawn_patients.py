"""Drawn patients follow the fit, and none of them is a real one in disguise."""

import numpy as np
import pytest

from napari_radiogen.genomics.drawn_patients import (
    COMPONENTS,
    MetageneFit,
    apartness,
    draw_patients,
    fit_metagene_distribution,
)


def patients(count=50, metagenes=30, seed=0):
    """Three shared factors, and noise of its own in each metagene."""
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(3, metagenes))
    return rng.normal(size=(count, 3)) @ loadings + rng.normal(size=(count, metagenes))


def test_the_fit_is_few_components_and_a_diagonal_of_the_right_size():
    real = patients(2000)
    fit = fit_metagene_distribution(real)
    assert fit.components.shape == (COMPONENTS, 30)
    whole = fit.components.T @ fit.components + np.diag(fit.variance)
    assert np.abs(whole - np.cov(real.T)).max() < 0.15 * np.cov(real.T).max()
    strength = (fit.components**2).sum(axis=1)
    assert (np.diff(strength) <= 0).all()
    assert strength[3:].max() < 0.02 * strength[0]


def test_draws_have_the_spread_that_the_fit_states():
    fit = fit_metagene_distribution(patients())
    drawn = fit.draw(20_000, np.random.default_rng(0))
    stated = fit.components.T @ fit.components + np.diag(fit.variance)
    np.testing.assert_allclose(np.cov(drawn.T), stated, atol=0.06 * stated.max())


def test_no_drawn_patient_is_nearer_to_a_real_one_than_real_ones_are_to_each_other():
    real = patients()
    drawn = draw_patients(fit_metagene_distribution(real), real, 40)
    found = apartness(drawn, real)
    assert found.holds
    assert (found.drawn, found.real) == (40, 50)
    nearest = min(np.linalg.norm(a - b) for i, a in enumerate(real) for b in real[:i])
    assert found.real_to_real == pytest.approx(nearest)
    assert np.linalg.norm(drawn[:, None] - real, axis=2).min() >= nearest


def test_a_real_row_among_the_drawn_breaks_the_proof():
    real = patients()
    drawn = draw_patients(fit_metagene_distribution(real), real, 40)
    drawn[7] = real[3] + 1e-3
    assert not apartness(drawn, real).holds


def test_the_same_seed_draws_the_same_patients():
    real = patients()
    fit = fit_metagene_distribution(real)
    np.testing.assert_array_equal(draw_patients(fit, real, 5, 1), draw_patients(fit, real, 5, 1))
    assert not np.allclose(draw_patients(fit, real, 5, 1), draw_patients(fit, real, 5, 2))


def test_a_fit_that_repeats_a_real_row_is_refused():
    real = patients()
    copy = MetageneFit(real[0], np.zeros((1, 30)), np.full(30, 1e-6))
    with pytest.raises(ValueError, match="0 of 5 draws"):
        draw_patients(copy, real, 5)


def test_too_few_patients_are_refused():
    with pytest.raises(ValueError, match="3 or more"):
        fit_metagene_distribution(patients(2))
