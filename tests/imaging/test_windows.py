import numpy as np
import pytest

from napari_radiogen.imaging.windows import hu_to_unit, unit_to_hu


def test_ends_and_inverse() -> None:
    hu = np.array([-3000, -1000, -250, 500, 3000], dtype=np.int16)
    unit = hu_to_unit(hu)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, [-1, -1, 0, 1, 1], atol=1e-6)
    inside = np.linspace(-1000, 500, 31)
    np.testing.assert_allclose(unit_to_hu(hu_to_unit(inside)), inside, atol=1e-3)


def test_own_range_and_empty_range() -> None:
    assert hu_to_unit(np.array([0.0]), (-100.0, 100.0))[0] == pytest.approx(0)
    with pytest.raises(ValueError, match="low < high"):
        hu_to_unit(np.zeros(1), (5.0, 5.0))
