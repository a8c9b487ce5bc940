import numpy as np
import pytest

from napari_radiogen.session.selection import differences, inside
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
    assert found[0].metagene == "M03"
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
    found = {d.metagene: d.effect for d in differences(generator, generator.subject_ids[:5])}
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
