import numpy as np
import pytest

from napari_radiogen.evaluation.plan import plan_draws
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.evaluation.wholeness import evaluate_wholeness, is_one_hill, shape_of
from tests.evaluation.doubles import Ball, DiscGenerator


class Pillar(DiscGenerator):
    """The same slice whatever its offset."""

    def generate(self, backgrounds_hu, metagenes, dz_mm, noise):
        return DiscGenerator.generate(self, backgrounds_hu, metagenes, np.zeros(len(noise)), noise)


def test_a_ball_is_whole_and_a_pillar_is_not(cohort):
    plan = plan_draws(cohort, ControlSettings(draws=1))
    ball = evaluate_wholeness(Ball(), cohort, plan)
    assert ball.synthetic.one_hill == ball.synthetic.closed == 1
    assert ball.synthetic.height_to_width == pytest.approx(1, abs=0.15)
    assert ball.volume_spearman > 0.95
    pillar = evaluate_wholeness(Pillar(), cohort, plan)
    assert pillar.synthetic.closed == 0
    assert pillar.synthetic.height_to_width > 2


@pytest.mark.parametrize(
    ("areas", "answer"),
    [
        ([0, 3, 9, 4, 0], True),
        ([0, 9, 8.5, 9, 0], True),
        ([0, 9, 1, 8, 0], False),
        ([5, 1, 9, 0, 0], False),
    ],
)
def test_one_hill(areas, answer):
    assert is_one_hill(np.array(areas, dtype=float)) is answer


def test_nothing_painted_has_no_shape():
    z = np.arange(3.0)
    assert np.isnan(shape_of([(z, np.zeros(3))]).closed)
