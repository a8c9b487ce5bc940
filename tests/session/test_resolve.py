from dataclasses import replace

import numpy as np
import pytest

from napari_radiogen.domain import NoduleSite
from napari_radiogen.errors import InputError
from napari_radiogen.session.resolve import Facts, keep_known, metagene_vector, resolve
from napari_radiogen.session.state import Intent
from tests.session.fakes import CENTRE, SERIES, FakeGenerator, make_scan

SITE = NoduleSite(SERIES, CENTRE)
INTENT = Intent("S-0001", edits=(("M02", 1.5),), site=SITE, seed=4)


@pytest.fixture(scope="module")
def facts():
    return Facts(make_scan(), FakeGenerator())


def test_the_request_is_hashable_and_repeats(facts):
    first, again = resolve(INTENT, facts), resolve(INTENT, facts)
    assert first == again
    assert len({first, again}) == 1
    assert first.metagenes[1] == 1.5
    assert (first.seed, first.subject_id, first.model_digest) == (4, "S-0001", "f" * 64)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 5},
        {"strength": 0.5},
        {"edits": ()},
        {"subject_id": "S-0002"},
        {"site": NoduleSite(SERIES, (0.0, 20.0, -30.0))},
    ],
)
def test_every_part_of_the_intent_counts(facts, change):
    assert resolve(replace(INTENT, **change), facts) != resolve(INTENT, facts)


@pytest.mark.parametrize(
    "change",
    [{"site": None}, {"subject_id": ""}, {"site": NoduleSite("another scan", CENTRE)}],
)
def test_nothing_is_asked_while_something_is_missing(facts, change):
    assert resolve(replace(INTENT, **change), facts) is None


def test_nothing_is_asked_without_scan_or_model(facts):
    assert resolve(INTENT, replace(facts, scan=None)) is None
    assert resolve(INTENT, replace(facts, generator=None)) is None


def test_the_vector_is_a_copy(facts):
    before = facts.generator.subject_metagenes.copy()
    metagene_vector(INTENT, facts.generator)[:] = 99
    np.testing.assert_array_equal(facts.generator.subject_metagenes, before)


def test_unknown_names_are_refused(facts):
    with pytest.raises(InputError, match="S-9999"):
        resolve(replace(INTENT, subject_id="S-9999"), facts)
    with pytest.raises(InputError, match="M77"):
        resolve(replace(INTENT, edits=(("M77", 1.0),)), facts)


def _refitted(**change):
    generator = FakeGenerator()
    generator.metagenes = replace(generator.metagenes, **change)
    return generator


def test_edits_stay_with_the_same_metagenes_only(facts):
    before = facts.generator
    assert keep_known(INTENT, FakeGenerator(digest="e" * 64), before) == INTENT
    weights = before.metagenes.weights[::-1].copy()
    genes = before.metagenes.gene_symbols[::-1]
    for other in (_refitted(weights=weights), _refitted(gene_symbols=genes)):
        assert keep_known(INTENT, other, before) == replace(INTENT, edits=())
