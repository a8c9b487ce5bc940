import numpy as np
import pytest

from napari_radiogen.genomics.components import fit_components, normal_scores


def test_components_find_the_metagenes_that_tell_and_leave_the_rest():
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(200, 30))
    size = np.exp(genes[:, 3] - 0.5 * genes[:, 7] + 0.3 * rng.normal(size=200))
    components = fit_components(genes, size[:, None])
    assert components.shape == (1, 30)
    assert components[0, 3] > 0.5
    assert components[0, 7] < -0.2
    rest = np.delete(components[0], [3, 7])
    assert np.abs(rest).max() < 0.1
    new = rng.normal(size=(100, 30))
    truth = new[:, 3] - 0.5 * new[:, 7]
    assert np.corrcoef(new @ components[0], truth)[0, 1] > 0.95


def test_genes_that_foretell_nothing_give_no_component():
    rng = np.random.default_rng(1)
    components = fit_components(rng.normal(size=(200, 30)), rng.normal(size=(200, 1)))
    assert np.abs(components).sum() < 0.3


def test_normal_scores_keep_the_order_and_have_unit_spread():
    scores = normal_scores([3.0, 1.0, 100.0, 2.0])
    assert list(np.argsort(scores)) == [1, 3, 0, 2]
    assert normal_scores(np.arange(1000)).std() == pytest.approx(1, abs=0.01)
