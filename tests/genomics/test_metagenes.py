import numpy as np
import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.genomics.metagenes import fit_metagenes


@pytest.fixture(scope="module")
def modules():
    """Forty patients, four modules of ten genes; half of module 2 runs against it."""
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(40, 4))
    sign = np.where(np.arange(40) % 2, -1.0, 1.0)
    member = np.repeat(np.arange(4), 10)
    signs = np.where(member == 2, sign, 1.0)
    values = 5 + latents[:, member] * signs + 0.3 * rng.normal(size=(40, 40))
    return values, tuple(f"G{i}" for i in range(40)), latents, member


def test_each_module_has_a_metagene_that_follows_it(modules):
    values, symbols, latents, _ = modules
    fitted = fit_metagenes(values, symbols, k=5)
    together = np.abs(np.corrcoef(fitted.transform(values).T, latents.T)[:5, 5:])
    assert together.max(axis=0).min() > 0.95


def test_members_are_the_genes_of_one_module(modules):
    values, symbols, _, member = modules
    fitted = fit_metagenes(values, symbols, k=5)
    for name in fitted.names:
        found = {member[symbols.index(g)] for g in fitted.members(name)}
        assert len(found) == 1


def test_scores_are_standardised_on_the_patients_of_the_fit(modules):
    values, symbols, _, _ = modules
    scores = fit_metagenes(values[:30], symbols, k=5).transform(values[:30])
    assert scores.mean(axis=0) == pytest.approx(0, abs=1e-4)
    assert scores.std(axis=0) == pytest.approx(1, abs=1e-4)


def test_relevance_puts_the_telling_metagene_first_and_turns_it_upwards(modules):
    values, symbols, latents, _ = modules
    fitted = fit_metagenes(values, symbols, k=5, relevance=-latents[:, [3]])
    first = fitted.transform(values)[:, 0]
    assert np.corrcoef(first, -latents[:, 3])[0, 1] > 0.95


def test_missing_values_and_too_few_genes_are_refused(modules):
    values, symbols, _, _ = modules
    broken = values.copy()
    broken[0, 0] = np.nan
    with pytest.raises(InputError, match="missing values"):
        fit_metagenes(broken, symbols, k=5)
    with pytest.raises(InputError, match="at least 50 genes"):
        fit_metagenes(values, symbols, k=50)


def test_a_vector_of_other_length_is_refused(modules):
    values, symbols, _, _ = modules
    with pytest.raises(InputError, match="expected 40 genes, got 39"):
        fit_metagenes(values, symbols, k=5).transform(values[:, :39])


def test_loadings_weigh_members_and_signs_count_them_alike(modules):
    values, symbols = modules[:2]
    alike = fit_metagenes(values, symbols, k=3)
    weighed = fit_metagenes(values, symbols, k=3, weighting="loading")
    assert np.abs(alike.weights).sum(axis=0) == pytest.approx(1, abs=1e-5)
    assert np.abs(weighed.weights).sum(axis=0) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(weighed.weights != 0, alike.weights != 0)
    for column in np.abs(alike.weights).T:
        assert np.ptp(column[column > 0]) == pytest.approx(0, abs=1e-6)
    assert max(np.ptp(c[c > 0]) for c in np.abs(weighed.weights).T) > 1e-3
