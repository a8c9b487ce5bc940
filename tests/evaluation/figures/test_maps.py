import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from napari_radiogen.analysis.separability import group_codes
from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.figures.maps import COLOURS, about, gene_maps, gene_spaces
from napari_radiogen.evaluation.tables.given import GivenModels
from tests.evaluation.figures.reading import assert_says_what_it_is, tiles, words
from tests.evaluation.figures.stand_ins import Painter


@pytest.fixture(scope="module")
def spaces(bench, models):
    plus, _, baseline = models.painters
    return gene_spaces(baseline, plus, bench, seed=0)


def test_the_same_subjects_lie_in_three_spaces(spaces, bench, models):
    raw, theirs, code = spaces.vectors.values()
    rows = range(len(bench.plan.subjects))
    expected = bench.scores(models.painters[0].metagenes, list(rows))[:, :2]
    np.testing.assert_array_equal(raw, bench.cohort.expression.rows(bench.ids(rows)))
    np.testing.assert_array_equal(code, expected)
    np.testing.assert_array_equal(theirs, -expected)


def test_samples_are_the_nearest_of_their_own_cluster(spaces):
    code = list(spaces.vectors.values())[2]
    counts = np.bincount(spaces.labels)
    assert list(counts) == sorted(counts, reverse=True)
    for k, rows in enumerate(spaces.samples):
        own = np.flatnonzero(spaces.labels == k)
        assert set(rows) <= set(own)
        assert len(rows) == min(6, len(own))
        far = np.linalg.norm(code - code[own].mean(axis=0), axis=1)
        others = np.setdiff1d(own, rows)
        assert far[rows].max() <= far[others].min(initial=np.inf) + 1e-5


def test_figure_4_keeps_the_clusters_colours_in_every_map(bench, models, spaces):
    page = gene_maps(models, bench, "mcgan")
    maps = [a for a in page.figure.axes if a.get_title()]
    assert [a.get_title().split(",")[0] for a in maps] == [
        "Raw genes",
        "Code of the baseline",
        "Code of the proposed",
    ]
    for axes in maps:
        points = axes.collections[0::2]
        assert [len(p.get_offsets()) for p in points] == list(np.bincount(spaces.labels))
        colours = [p.get_facecolor()[0][:3] for p in points]
        expected = [[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLOURS]
        np.testing.assert_allclose(colours, expected)
    expected = [
        silhouette_score(v, group_codes(v, 3, seed=0).labels) for v in spaces.vectors.values()
    ]
    assert [a.get_xlabel() for a in maps] == [f"silhouette {s:.2f}" for s in expected]
    shown = tiles(page)
    chosen = [bench.plan.subjects[i].subject_id for rows in spaces.samples for i in rows]
    assert sorted(n for _, n, _ in shown) == sorted(chosen) == sorted(page.subjects)
    for _, name, pixels in shown:
        row = [s.subject_id for s in bench.plan.subjects].index(name)
        np.testing.assert_array_equal(pixels, bench.real([row])[0])
    for k in range(3):
        assert about(bench, spaces.labels, k) in words(page)
    baseline, plus = models.painters[2], models.painters[0]
    assert_says_what_it_is(page, baseline, plus)


@pytest.mark.parametrize(
    ("given", "missing"), [("mcgan", "mcgan-baseline"), ("mcgan-baseline", "mcgan")]
)
def test_the_missing_model_is_named(given, missing, bench):
    with pytest.raises(ModelError, match=f"needs a model of system {missing};"):
        gene_maps(GivenModels(painters=(Painter(given),)), bench, "mcgan")
