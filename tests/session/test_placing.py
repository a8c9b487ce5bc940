import numpy as np

from napari_radiogen.constants import NODULE_REACH_MM
from napari_radiogen.session import Session
from tests.session.fakes import CENTRE, OUTSIDE, make_engines, make_scan


def test_a_preview_covers_what_the_generator_paints(session):
    shown = session.preview(CENTRE)
    assert shown.centre_mm == CENTRE
    assert shown.half_mm == (24.0, 24.0, NODULE_REACH_MM)
    assert shown.refusal is None


def test_the_preview_refuses_just_what_a_click_would(session, told):
    rng = np.random.default_rng(0)
    low = session.scan.geometry.index_to_lps((0, 0, 0)) - 10
    high = session.scan.geometry.index_to_lps(session.scan.geometry.shape) + 10
    seen = set()
    for _ in range(120):
        point = tuple(float(c) for c in rng.uniform(low, high))
        refusal = session.preview(point).refusal
        told.failed.clear()
        session.place(point)
        assert bool(told.failed) == (refusal is not None)
        if refusal is not None:
            assert refusal in told.failed[0]
        seen.add(refusal)
    assert seen == {None, "outside the lung", "outside the scan"}


def test_a_preview_asks_nothing_and_changes_nothing(session, told):
    before = session.state.intent
    session.preview(OUTSIDE)
    assert session.state.intent == before
    assert told.failed == []
    assert told.results == []


def test_no_scan_or_model_no_preview():
    empty = Session(engines=make_engines())
    assert empty.preview(CENTRE) is None
    empty.open_scan(make_scan())
    assert empty.preview(CENTRE) is None


def test_while_the_lung_is_outlined_only_the_scan_bounds_it(session):
    session.lung = None
    assert session.preview(OUTSIDE).refusal is None
    assert session.preview((1e4, 0.0, 0.0)).refusal == "outside the scan"
