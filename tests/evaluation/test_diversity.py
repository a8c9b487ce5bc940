import numpy as np
import pytest

from napari_radiogen.evaluation.diversity import (
    MINIMUM_BOX_PX,
    MS_SSIM_WEIGHTS,
    centred_box,
    dissimilarity,
)
from tests.evaluation.doubles import disc


def test_equal_images_are_not_diverse_and_noise_is():
    rng = np.random.default_rng(0)
    images = rng.random((3, 32, 32)).astype(np.float32)
    assert dissimilarity(np.stack([images[0]] * 3)) == pytest.approx(0.0, abs=1e-6)
    assert dissimilarity(images) > 0.8


def test_dissimilarity_is_the_mean_over_pairs():
    rng = np.random.default_rng(1)
    a, b = (0.5 + 0.1 * rng.normal(size=(2, 40, 40))).astype(np.float32)
    pair = dissimilarity(np.stack([a, b]))
    assert dissimilarity(np.stack([a, a, b])) == pytest.approx(2 / 3 * pair, abs=1e-6)


def test_dissimilarity_grows_with_the_change():
    image = np.where(disc(8), 0.7, 0.1).astype(np.float32)
    scores = [
        dissimilarity(np.stack([image, np.where(disc(r), 0.7, 0.1).astype(np.float32)]))
        for r in (8, 9, 11, 15)
    ]
    assert scores == sorted(scores)


def test_the_box_holds_every_mask_and_has_a_floor():
    masks = np.stack([disc(3), np.roll(disc(3), 14, axis=1)])
    box = centred_box(masks)
    assert masks[:, box, box].sum() == masks.sum()
    assert (box.start + box.stop) == 64
    assert np.ptp([box.start, box.stop]) < 64
    small = centred_box(disc(0)[None])
    assert small.stop - small.start == MINIMUM_BOX_PX


def test_ms_ssim_weights_sum_to_one():
    assert sum(MS_SSIM_WEIGHTS) == pytest.approx(1.0)
