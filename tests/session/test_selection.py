import numpy as np
import pytest

from napari_radiogen.domain import Subject
from napari_radiogen.session.selection import clinical_differences, differences, inside
from tests.session.fakes import FakeGenerator


def test_an_outline_holds_those_inside_it_by_identity():
    places = np.array([(0.0, 0.0), (1.0, 1.0), (3.0, 3.0), (0.9, 0.1)])
    triangle = np.array([(-0.5, -0.5), (2.0, -0.5), (2.0, 2.5)])
    assert inside(("d", "c", "b", "a"), places, triangle) == ("d", "c", "a")
    assert inside(("d", "c", "b", "a"), places, triangle[::-1]) == ("d", "c", "a")
    assert inside(("d", "c", "b", "a"), places, triangle[:2]) == ()


def test_the_hollow_of_a_lasso_holds_nobody():
    u_shape = np.array([(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)], float)
    places = np.array([(0.5, 2.0), (1.5, 2.0), (2.5, 2.0)])
    assert inside(("left", "hollow", "right"), places, u_shape) == ("left", "right")


def test_the_metagene_that_sets_them_apart_comes_first_with_cohens_d():
    generator = FakeGenerator()
    chosen = ("S-0003", "S-0017", "S-0008")
    rows = [3, 17, 8]
    generator.subject_metagenes[rows, 2] -= 6.0
    found = differences(generator, chosen)
    assert found[0].name == "M03"
    ours = generator.subject_metagenes[rows, 2].astype(float)
    rest = np.delete(generator.subject_metagenes[:, 2].astype(float), rows)
    spread = np.sqrt((2 * ours.var(ddof=1) + 20 * rest.var(ddof=1)) / 22)
    assert found[0].effect == pytest.approx((ours.mean() - rest.mean()) / spread)
    assert found[0].effect < 0
    assert found[0].selected == pytest.approx(ours.mean())
    sizes = [abs(d.effect) for d in found]
    assert sizes == sorted(sizes, reverse=True)
    assert len(differences(generator, chosen, count=1)) == 1


def test_nobody_one_or_all_are_not_compared():
    generator = FakeGenerator()
    everybody = generator.subject_ids
    for chosen in ((), everybody[:1], everybody, everybody[1:], ("nobody", "unknown")):
        assert differences(generator, chosen) == ()


def test_a_metagene_without_spread_has_no_effect():
    generator = FakeGenerator()
    generator.subject_metagenes[:, 1] = 0.5
    found = {d.name: d.effect for d in differences(generator, generator.subject_ids[:5])}
    assert found["M02"] == 0.0
    assert np.isfinite(list(found.values())).all()


def test_the_mean_of_those_selected_is_one_step_that_undo_takes_back(session):
    session.choose_subject("S-0002")
    session.set_metagene("M01", 2.0)
    before = session.state.intent
    session.select(("S-0004", "S-0009", "S-0011"))
    session.synthesise_mean_of(session.state.selected)
    expected = session.generator.subject_metagenes[[4, 9, 11]].mean(axis=0)
    np.testing.assert_allclose(session.vector, expected, rtol=1e-6)
    assert session.result.request.metagenes == pytest.approx(tuple(expected))
    session.undo()
    assert session.state.intent == before
    session.redo()
    assert session.state.averaged == ("S-0004", "S-0009", "S-0011")


def people(**columns):
    """Ten subjects S0..S9 with clinical columns."""
    return [
        Subject(
            f"S{i}", f"P{i}", "train", {k: v[i] for k, v in columns.items() if v[i] is not None}
        )
        for i in range(10)
    ]


def test_columns_of_numbers_are_compared_by_their_means():
    ages = [str(40 + i) for i in range(9)] + [""]
    found = clinical_differences(people(age=ages), ("S0", "S1", "S2"))
    assert [(d.name, d.share, d.known) for d in found] == [("age", False, (3, 6))]
    assert (found[0].selected, found[0].rest) == (41.0, 45.5)
    spread = np.sqrt((2 * 1.0 + 5 * 3.5) / 7)
    assert found[0].effect == pytest.approx((41.0 - 45.5) / spread)


def test_columns_of_words_are_compared_by_the_share_of_each_word():
    sex = ["f"] * 4 + ["m"] * 5 + [None]
    found = {d.name: d for d in clinical_differences(people(sex=sex), ("S0", "S1", "S4", "S9"))}
    assert found["sex: f"].selected == pytest.approx(2 / 3)
    assert found["sex: f"].rest == pytest.approx(2 / 6)
    assert found["sex: f"].known == (3, 6)  # S9 is known neither way
    assert found["sex: m"].effect == pytest.approx(-found["sex: f"].effect)


def test_one_word_makes_a_column_one_of_words():
    grade = ["1", "2", "3", "2", "1", "2", "3", "x", "1", "2"]
    names = {d.name for d in clinical_differences(people(grade=grade), ("S0", "S1"), count=9)}
    assert names == {"grade: 1", "grade: 2", "grade: 3", "grade: x"}


def test_measurements_count_and_too_few_do_not():
    subjects = [Subject(f"S{i}", f"P{i}", "train", {}, {"d": float(i)}) for i in range(6)]
    assert [d.name for d in clinical_differences(subjects, ("S0", "S1"))] == ["d"]
    assert clinical_differences(subjects, ("S0",)) == ()
    assert clinical_differences(subjects, ("nobody", "S1")) == ()
