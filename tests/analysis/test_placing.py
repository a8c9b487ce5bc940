"""New codes on a map that stays: each projection's own transform, and the quick rule."""

import numpy as np
import pytest

from napari_radiogen.analysis.neighbours import by_neighbours, known_among
from napari_radiogen.analysis.placing import transformer
from napari_radiogen.analysis.projection import pca, tsne


@pytest.fixture(scope="module")
def codes():
    """Two groups far apart."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0, 1, (30, 6)), rng.normal(8, 1, (30, 6))]).astype(np.float32)


def test_pca_places_as_the_projection_would(codes):
    places = pca(codes) * [-1, 1]  # whatever sign the map was given
    place = transformer("PCA", codes, places)
    assert np.allclose(place(codes), places, atol=1e-4)
    assert np.allclose(place(codes[:1] / 2 + codes[1:2] / 2), places[:2].mean(axis=0), atol=1e-4)


@pytest.fixture(scope="module")
def embedded(codes):
    told = []
    return tsne(codes, step=told.append), told


def test_tsne_tells_how_far_it_is(embedded):
    told = embedded[1]
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] <= 1


def test_tsne_stops_when_told():
    class StopError(Exception):
        pass

    def stop(share):
        raise StopError

    with pytest.raises(StopError):
        tsne(np.random.default_rng(0).normal(size=(20, 3)), step=stop)


def test_tsne_places_new_codes_with_their_kind_and_moves_nobody(codes, embedded):
    places = embedded[0]
    before = places.copy()
    place = transformer("t-SNE", codes, places)
    new = place(np.array([codes[:30].mean(axis=0), codes[30:].mean(axis=0)]))
    middles = np.array([places[:30].mean(axis=0), places[30:].mean(axis=0)])
    apart = np.linalg.norm(middles[0] - middles[1])
    assert (np.linalg.norm(new - middles, axis=1) < apart / 3).all()
    assert np.array_equal(new, place(np.array([codes[:30].mean(axis=0), codes[30:].mean(axis=0)])))
    assert np.array_equal(places, before)


@pytest.mark.slow
def test_umap_places_on_the_map_it_is_given(codes):
    pytest.importorskip("umap", reason="umap-learn is not installed")
    places = np.asarray(pca(codes))  # any layout: the transform must keep to it
    place = transformer("UMAP", codes, places)
    new = place(codes[[3, 40]] + np.float32(0.01))
    assert np.linalg.norm(new - places[[3, 40]], axis=1).max() < np.ptp(places[:, 0]) / 5


def test_an_unknown_projection_is_refused(codes):
    with pytest.raises(ValueError, match="expected PCA, t-SNE, UMAP, got 'LLE'"):
        transformer("LLE", codes, codes[:, :2])


def test_known_codes_fall_on_their_points_and_others_between(codes):
    places = codes[:, :2].astype(float)
    found = by_neighbours(codes, places, codes[[4, 9]], 3)
    assert np.array_equal(found, places[[4, 9]])
    nearly = codes[[4, 9]] * np.float32(1 + 1e-7)
    assert np.array_equal(by_neighbours(codes, places, nearly, 3), places[[4, 9]])
    assert known_among(codes, np.vstack([nearly, codes[:1] + 0.01])).tolist() == [True, True, False]
    between = by_neighbours(codes[[0, 40]], places[[0, 40]], codes[[0, 40]].mean(axis=0)[None], 2)
    assert np.allclose(between, places[[0, 40]].mean(axis=0), rtol=1e-4)
