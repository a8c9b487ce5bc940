"""Raw genes and a baseline's code beside a generator: the right numbers of the right subjects."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from napari_radiogen.domain import ExpressionMatrix
from napari_radiogen.errors import InputError, ModelError
from napari_radiogen.evaluation import gene_maps
from napari_radiogen.evaluation.gene_maps import baseline_encoder, make_gene_maps, subject_genes
from napari_radiogen.genomics.gene_scale import single_genes
from napari_radiogen.genomics.metagenes import fit_metagenes
from napari_radiogen.inference.gene_painter import GenePainter
from napari_radiogen.models.baselines import BaselineGenerator, MCGANBaselineConfig

GENES = tuple(f"G{i}" for i in range(8))


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(5, 2, (12, 8)).astype(np.float32)


@pytest.fixture
def store(values):
    """A cohort with one more gene and its columns in another order."""
    order = [3, 0, 8, 7, 1, 2, 6, 5, 4]
    wide = np.hstack([values, np.ones((12, 1), np.float32)])[:, order]
    symbols = tuple((*GENES, "MORE")[i] for i in order)
    ids = tuple(f"S{i:02d}" for i in range(12))
    table = ExpressionMatrix(wide[::-1], ids[::-1], symbols, "log2")
    return SimpleNamespace(expression=table, path=Path("cohort"))


@pytest.fixture
def generator(values):
    metagenes = fit_metagenes(values, GENES, k=3)
    return SimpleNamespace(
        name="mine",
        digest="d" * 64,
        metagenes=metagenes,
        subject_ids=tuple(f"S{i:02d}" for i in range(12)),
        subject_metagenes=metagenes.transform(values),
    )


def painter(network, **changes):
    rng = np.random.default_rng(1)
    order = tuple(GENES[i] for i in rng.permutation(8))
    scale = single_genes(order, rng.normal(5, 1, 8), rng.uniform(1, 3, 8))
    facts = {
        "name": "base",
        "digest": "b" * 64,
        "system": "mcgan-baseline",
        "cohort": "planted:x",
        "cohort_kind": "planted",
        "parameters": 1,
        "metagenes": scale,
        "subjects": (),
        "field_of_view_mm": 48.0,
        "size_px": 32,
        "hu_range": (-1000.0, 500.0),
        "network": network,
    }
    return GenePainter(**(facts | changes))


@pytest.fixture
def baseline():
    torch.manual_seed(0)
    sizes = MCGANBaselineConfig(size_px=32, base=4, discriminator_base=4, genes=8, code_dim=8)
    return painter(BaselineGenerator(sizes).eval())


def test_genes_are_those_of_the_generator_in_its_order(generator, store, values):
    genes = subject_genes(generator, store)
    metagenes = generator.metagenes
    assert np.allclose(genes, (values - metagenes.gene_mean) / metagenes.gene_sd, atol=1e-5)


def test_a_cohort_of_others_is_refused(generator, store):
    generator.subject_metagenes = generator.subject_metagenes[::-1]
    with pytest.raises(InputError, match="not those that mine was trained on"):
        subject_genes(generator, store)
    few = store.expression
    store.expression = ExpressionMatrix(
        few.values[:, 1:], few.patient_ids, few.gene_symbols[1:], "log2"
    )
    with pytest.raises(InputError, match=r"lacks 1 genes of mine \(G3\)"):
        subject_genes(generator, store)


def test_the_folded_layer_is_the_baselines_own_code(generator, store, baseline, values):
    encoder = baseline_encoder(baseline, generator.metagenes)
    own = baseline.metagenes
    columns = [GENES.index(g) for g in own.gene_symbols]
    expected = baseline.encode((values[:, columns] - own.gene_mean) / own.gene_sd)
    assert np.allclose(encoder.encode(subject_genes(generator, store)), expected, atol=1e-4)


def test_what_has_no_such_code_is_refused(generator, baseline):
    with pytest.raises(ModelError, match="is a mcgan-paper, not an mcgan-baseline"):
        baseline_encoder(painter(torch.nn.Identity(), system="mcgan-paper"), generator.metagenes)
    other = single_genes(("X", *GENES[1:]), np.zeros(8), np.ones(8))
    with pytest.raises(ModelError, match="reads other genes"):
        baseline_encoder(painter(baseline.network, metagenes=other), generator.metagenes)


def test_every_projection_of_both(generator, store, baseline, monkeypatch):
    monkeypatch.setattr(gene_maps, "PROJECTIONS", {"PCA": lambda codes: codes[:, :2]})
    told = []
    made = make_gene_maps(generator, store, baseline, lambda *words: told.append(words))
    assert made.model_digest == generator.digest
    assert np.array_equal(made.genes.coordinates["PCA"], made.genes.codes[:, :2])
    assert np.array_equal(made.baseline.coordinates["PCA"], made.baseline.codes[:, :2])
    assert told == [(0.0, "PCA of raw genes"), (0.5, "PCA of baseline code")]
    assert make_gene_maps(generator, store).baseline is None
