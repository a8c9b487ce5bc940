import numpy as np
import pytest
import torch
from monai.metrics import compute_dice, compute_hausdorff_distance

from napari_radiogen.analysis.segmentation import count_lesions, dice, hausdorff95


def ball(shape, centre, radius, spacing):
    grid = np.indices(shape).T * np.array(spacing) - np.array(centre)
    return ((grid**2).sum(-1) <= radius**2).T


SPACING = (2.5, 0.7, 0.8)
A = ball((13, 41, 37), (15, 14, 14), 7.0, SPACING)
B = ball((13, 41, 37), (17, 15, 12), 6.0, SPACING)


def batched(mask):
    return torch.from_numpy(mask)[None, None].float()


def test_dice_equals_monai_and_closed_form():
    assert dice(A, B) == pytest.approx(float(compute_dice(batched(A), batched(B))), abs=1e-6)
    assert dice(np.array([1, 1, 0], bool), np.array([0, 1, 1], bool)) == 0.5


def test_dice_of_empty_masks_is_what_the_caller_says():
    none = np.zeros(4, dtype=bool)
    assert dice(none, none) == 1.0
    assert dice(none, none, both_empty=0.0) == 0.0
    assert dice(none, ~none) == 0.0


def test_hausdorff95_equals_monai_on_anisotropic_voxels():
    expected = compute_hausdorff_distance(batched(A), batched(B), percentile=95, spacing=SPACING)
    assert hausdorff95(A, B, SPACING) == pytest.approx(float(expected), abs=1e-4)


def test_hausdorff95_of_a_shift_is_the_shift():
    a = np.zeros((1, 30, 30), dtype=bool)
    a[0, 10, 10] = True
    assert hausdorff95(a, np.roll(a, 4, axis=2), (1, 1, 0.5)) == pytest.approx(2.0)
    assert hausdorff95(a, np.zeros_like(a), (1, 1, 1)) == float("inf")


def test_lesions_are_counted_one_by_one():
    truth, found = np.zeros((2, 20, 20), dtype=bool)
    truth[1:4, 1:4] = truth[10:13, 10:13] = True
    found[3:6, 3:6] = found[1, 1] = True
    found[17:19, 1:3] = True
    counts = count_lesions(truth, found)
    assert (counts.hits, counts.misses, counts.false_positives) == (1, 1, 1)
    assert counts.sensitivity == 0.5
    assert (counts + counts).false_positives == 2
    assert np.isnan(count_lesions(np.zeros_like(truth), found).sensitivity)


def test_shapes_must_match():
    with pytest.raises(ValueError, match="shapes"):
        dice(A, A[1:])
