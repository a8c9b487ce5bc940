import pytest

from napari_radiogen.session import Session
from napari_radiogen.session.view import ViewState
from tests.session.fakes import CENTRE, FakeGenerator, FakeSegmenter, make_engines, make_scan

THERE = (14.0, 24.0, -34.0)


@pytest.fixture
def session():
    made = Session(
        generator=FakeGenerator(), segmenter=FakeSegmenter(), engines=make_engines(), seed=4
    )
    made.open_scan(make_scan())
    made.choose_subject("S-0001")
    made.place(CENTRE)
    made.set_seed(77)
    return made


def test_a_window_set_by_hand_hides_the_preset_until_one_is_chosen(session):
    view = session.view
    assert view.limits(session.state.window) == (-1350.0, 150.0)
    view.set_by_hand(-500.4, 900.2)
    assert view.level_width("Lung") == (-500.0, 900.0)
    session.choose_window("Lung")
    assert view.limits(session.state.window) == (-1350.0, 150.0)


def test_a_window_is_never_narrower_than_one_hu():
    view = ViewState()
    view.set_by_hand(40, -300)
    assert view.limits("Lung") == (39.5, 40.5)


def test_an_unknown_window_is_refused_and_changes_nothing(session):
    said = []
    session.failed.connect(said.append)
    session.choose_window("Kidney")
    assert session.state.window == "Lung"
    assert "Lung, Soft tissue" in said[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.choose_subject("S-0005"),
        lambda s: s.synthesise_mean_of(("S-0002", "S-0003")),
        lambda s: s.place(THERE),
        lambda s: s.set_metagene("M01", 1.0),
        lambda s: s.set_strength(0.5),
    ],
    ids=["patient", "mean", "place", "gene", "strength"],
)
def test_locked_noise_stays_whatever_changes(session, change):
    change(session)
    assert session.state.seed == 77
    assert session.result.request.seed == 77


@pytest.mark.parametrize(
    ("change", "drawn"),
    [
        (lambda s: s.choose_subject("S-0005"), True),
        (lambda s: s.synthesise_mean_of(("S-0002", "S-0003")), True),
        (lambda s: s.place(THERE), True),
        (lambda s: s.set_metagene("M01", 1.0), False),
        (lambda s: s.set_strength(0.5), False),
    ],
    ids=["patient", "mean", "place", "gene", "strength"],
)
def test_unlocked_noise_is_drawn_for_another_patient_or_place(session, change, drawn):
    session.view.seed_locked = False
    change(session)
    assert (session.state.seed != 77) is drawn
    session.undo()
    assert session.state.seed == 77


def test_a_reroll_and_a_typed_seed_work_in_both_states(session):
    for locked in (True, False):
        session.view.seed_locked = locked
        session.set_seed(12)
        assert session.state.seed == 12
        session.reroll()
        assert session.state.seed != 12


def test_the_first_place_keeps_the_seed():
    made = Session(generator=FakeGenerator(), engines=make_engines(), seed=4)
    made.view.seed_locked = False
    made.open_scan(make_scan())
    made.place(CENTRE)
    assert made.state.seed == 0
