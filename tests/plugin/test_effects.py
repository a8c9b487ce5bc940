import numpy as np

from napari_radiogen.plugin.effects import (
    all_effects,
    code_effects,
    main_effect,
    strength_of_effects,
)
from tests.session.fakes import FakeGenerator


def test_sliders_are_ordered_by_what_they_do_to_a_nodule():
    generator = FakeGenerator()
    generator.effects[1] = (0.1, -0.6, 0.0)
    generator.effects[0] = (0.3, 0.0, 0.0)
    strength = strength_of_effects(generator)
    assert list(np.argsort(-strength)[:2]) == [1, 0]


def test_without_measured_effects_the_code_decides():
    generator = FakeGenerator()
    assert np.array_equal(strength_of_effects(generator), code_effects(generator))


def test_the_word_beside_a_slider_names_the_largest_effect():
    assert main_effect(np.array([0.4, -0.1, 0.0], np.float32)) == "size ▲"
    assert main_effect(np.array([0.1, -0.4, 0.0], np.float32)) == "density ▼"
    assert main_effect(np.array([0.01, -0.02, 0.0], np.float32)) == ""
    assert "mean HU -0.40" in all_effects(np.array([0.1, -0.4, 0.0], np.float32))
