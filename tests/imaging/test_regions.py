import numpy as np
import pytest

from napari_radiogen.imaging.regions import tight_region, tight_regions


def test_the_tight_region_is_the_box_of_the_mask_stretched_to_a_square():
    image = np.full((20, 30), -1.0)
    image[4:8, 10:20] = 1.0
    image[4:8, 15:20] = 3.0
    mask = (image > 0).astype(np.uint8)
    told = tight_region(image, mask, 16)
    assert told.shape == (16, 16)
    assert told.dtype == np.float32
    assert told[:, :7] == pytest.approx(1.0)
    assert told[:, 9:] == pytest.approx(3.0)
    assert tight_regions(image[None], mask[None], 8).shape == (1, 8, 8)


def test_a_mask_of_one_pixel_is_a_region():
    image = np.arange(25.0).reshape(5, 5)
    mask = np.zeros((5, 5))
    mask[2, 3] = 1
    assert (tight_region(image, mask, 4) == 13).all()


def test_an_empty_mask_and_another_shape_are_refused():
    with pytest.raises(ValueError, match="not empty"):
        tight_region(np.zeros((4, 4)), np.zeros((4, 4)), 8)
    with pytest.raises(ValueError, match="expected a mask"):
        tight_region(np.zeros((4, 4)), np.ones((4, 5)), 8)
