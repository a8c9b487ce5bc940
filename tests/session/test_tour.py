import pytest

from napari_radiogen.session.tour import STEPS, Tour, TourMemory


@pytest.fixture
def seen():
    return []


@pytest.fixture
def tour(seen):
    made = Tour()
    made.moved.connect(seen.append)
    return made


def test_it_goes_from_the_first_step_to_the_end_and_is_over(tour, seen):
    tour.start()
    for _ in STEPS:
        tour.next()
    assert seen == [*STEPS, None]
    assert tour.number == 0
    tour.next()
    assert seen[-1] is None
    assert len(seen) == len(STEPS) + 1


def test_back_stops_at_the_first_step(tour, seen):
    tour.start()
    tour.next()
    tour.back()
    tour.back()
    assert seen == [STEPS[0], STEPS[1], STEPS[0]]
    assert tour.number == 1
    assert not tour.is_last


def test_closing_ends_it_once(tour, seen):
    tour.close()
    assert seen == []
    tour.start()
    tour.close()
    tour.close()
    assert seen == [STEPS[0], None]


def test_it_is_short_and_each_step_is_one_sentence():
    assert 4 <= len(STEPS) <= 6
    for step in STEPS:
        assert len(step.sentence) < 90
        assert step.sentence.endswith(".")
        assert step.sentence.count(". ") == 0


def test_that_it_was_offered_is_kept(tmp_path):
    memory = TourMemory(tmp_path / "state")
    assert not memory.offered
    memory.remember()
    assert TourMemory(tmp_path / "state").offered


@pytest.mark.parametrize("text", ["", "[]", '{"offered": "yes"}', "{"])
def test_what_is_unreadable_says_nothing(tmp_path, text):
    (tmp_path / "tour.json").write_text(text)
    assert not TourMemory(tmp_path).offered


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path):
    (tmp_path / "file").write_text("")
    memory = TourMemory(tmp_path / "file")
    memory.remember()
    assert not memory.offered
