import numpy as np
import pytest

from napari_radiogen.analysis.cluster_map import cluster_map
from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.figures.cluster import (
    clustered_features,
    feature_names,
    found,
)
from napari_radiogen.evaluation.tables.cluster_maps import features_and_genes
from napari_radiogen.evaluation.tables.given import GivenModels
from tests.evaluation.figures.reading import assert_says_what_it_is, words


def test_figure_6_draws_the_correlations_in_the_order_of_its_trees(bench, models):
    page = clustered_features(models, bench)
    data = features_and_genes(bench.cohort, models.mappers[0])
    table = cluster_map(data.features, data.metagenes)
    heat, above, beside, bar = page.figure.axes
    drawn = np.asarray(heat.images[0].get_array())
    assert drawn.shape == (6, 3)
    ordered = table.rho[np.ix_(table.feature_order, table.metagene_order)]
    np.testing.assert_array_equal(drawn, ordered)
    written = [t.get_text() for t in heat.get_yticklabels()]
    assert written == [feature_names(models.mappers[0])[i] for i in table.feature_order]
    assert [t.get_text() for t in heat.get_xticklabels()] == [
        data.names[i] for i in table.metagene_order
    ]
    assert len(above.collections[0].get_segments()) == 2
    assert len(beside.collections[0].get_segments()) == 5
    assert bar.get_ylabel() == "Spearman rho"
    assert_says_what_it_is(page, models.mappers[0])


def test_area_goes_with_the_gene_of_size_and_the_dots_say_so(bench, models):
    data = features_and_genes(bench.cohort, models.mappers[0])
    table = cluster_map(data.features, data.metagenes)
    assert table.patients == 12
    assert np.abs(table.rho[0]).max() > 0.9
    marked = int((table.q <= 0.05).sum())
    page = clustered_features(models, bench)
    assert len(page.figure.axes[0].collections[0].get_offsets()) == marked > 0
    assert f"Dots: {marked} of 18 cells" in words(page)
    assert found(table) in page.caption


def test_the_missing_autoencoder_is_named(bench):
    with pytest.raises(ModelError, match="needs a model of system autoencoder"):
        clustered_features(GivenModels(), bench)
