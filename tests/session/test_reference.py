import time
from dataclasses import replace

import numpy as np
import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.session.reference import Reference
from tests.session.fakes import FakeGenerator


@pytest.fixture(scope="module")
def generator():
    return FakeGenerator()


@pytest.fixture(scope="module")
def reference(generator):
    return Reference(generator)


def test_only_training_subjects_count(generator, reference):
    np.testing.assert_array_equal(
        reference.distribution("M02"), generator.subject_metagenes[:20, 1]
    )
    held_out = reference.gauge(generator.subject_metagenes[22])
    assert set(held_out.nearest) <= set(generator.subject_ids[:20])


def test_drawn_patients_are_the_yardstick_of_a_model_without_training_subjects():
    generator = FakeGenerator()
    generator.subjects = tuple(replace(s, split="drawn") for s in generator.subjects)
    reference = Reference(generator)
    assert len(reference.distribution("M01")) == 24
    own = reference.gauge(generator.subject_metagenes[22])
    assert (own.nearest[0], own.percentile) == ("S-0022", 0)


def test_percentiles(reference):
    scores = np.sort(reference.distribution("M01"))
    assert reference.percentile("M01", -99) == 0
    assert reference.percentile("M01", 99) == 100
    assert reference.percentile("M01", (scores[9] + scores[10]) / 2) == pytest.approx(50)
    assert reference.percentile("M01", scores[0]) == pytest.approx(2.5)
    with pytest.raises(InputError, match="M77"):
        reference.percentile("M77", 0)


def test_the_gauge_knows_its_own_and_strangers(generator, reference):
    own = reference.gauge(generator.subject_metagenes[4])
    assert own.nearest[0] == "S-0004"
    assert own.percentile == 0
    strange = reference.gauge(np.full(4, 5.0, np.float32))
    assert strange.percentile == 100
    assert strange.distance > 3 > own.distance
    assert len(strange.nearest) == 5


def test_a_left_out_training_subject_gets_its_own_rank(generator):
    scores = generator.subject_metagenes[:20]
    standard = (scores - scores.mean(0)) / scores.std(0)
    away = np.linalg.norm(standard[:, None] - standard[None], axis=-1)
    np.fill_diagonal(away, np.inf)
    loneliest = int(away.min(1).argmax())
    pushed = scores[loneliest] + 10 * (scores[loneliest] - scores.mean(0))
    assert Reference(generator).gauge(pushed).percentile == 100


def test_a_subjects_code_lies_on_its_own_point(generator, reference):
    for i in (0, 7, 23):
        place = reference.map_position(generator.codes.codes[i], "t-SNE")
        np.testing.assert_allclose(place, generator.codes.coordinates["t-SNE"][i], atol=1e-6)


def test_between_two_codes_the_marker_lies_between(generator, reference):
    codes, places = generator.codes.codes, generator.codes.coordinates["PCA"]
    near = codes[3] + 0.02 * (codes[4] - codes[3])
    place = reference.map_position(near, "PCA")
    assert np.linalg.norm(place - places[3]) < np.linalg.norm(place - places[4])
    assert (place >= places.min(0)).all()
    assert (place <= places.max(0)).all()


def test_an_unknown_map_is_refused(generator, reference):
    with pytest.raises(InputError, match="t-SNE"):
        reference.map_position(generator.codes.codes[0], "UMAP")


def test_the_marker_is_cheap(generator, reference):
    code = generator.codes.codes[0] + 0.1
    times = []
    for _ in range(50):
        start = time.perf_counter()
        reference.map_position(code, "t-SNE")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.005
