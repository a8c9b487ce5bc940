import numpy as np
import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.genomics.gene_scale import fit_gene_scale, fit_single_genes

TRAIN = np.array([[1.0, 5.0, 2.0], [3.0, 5.0, 6.0], [2.0, 5.0, 4.0]])
NAMES = ("A", "B", "C")


def test_genes_lie_between_nought_and_one_and_come_back():
    scale = fit_gene_scale(TRAIN, NAMES, "fpkm")
    unit = scale.transform(TRAIN)
    assert unit[:, 0].tolist() == [0.0, 1.0, 0.5]
    assert unit[:, 1].tolist() == [0.0, 0.0, 0.0]
    assert scale.inverse(unit) == pytest.approx(TRAIN)
    assert scale.scale == "fpkm"


def test_what_training_patients_never_showed_is_clipped():
    scale = fit_gene_scale(TRAIN, NAMES)
    assert scale.transform(np.array([[9.0, 5.0, -3.0]])).tolist() == [[1.0, 0.0, 0.0]]


def test_single_genes_are_z_scores_under_their_own_names():
    genes = fit_single_genes(TRAIN, NAMES)
    assert genes.names == genes.gene_symbols == NAMES
    z = genes.transform(TRAIN)
    assert z[:, [0, 2]].mean(axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert z[:, [0, 2]].std(axis=0) == pytest.approx([1, 1], abs=1e-5)
    assert (z[:, 1] == 0).all()
    assert genes.members("C") == ("C",)


def test_missing_values_and_other_counts_are_refused():
    with pytest.raises(InputError, match="missing"):
        fit_gene_scale(np.array([[np.nan]]), ("A",))
    with pytest.raises(InputError, match="missing"):
        fit_single_genes(np.array([[np.nan]]), ("A",))
    scale = fit_gene_scale(TRAIN, NAMES)
    for turn in (scale.transform, scale.inverse):
        with pytest.raises(InputError, match="expected 3 genes, got 2"):
            turn(np.zeros((1, 2)))
