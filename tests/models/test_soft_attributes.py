import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.windows import unit_to_hu
from napari_radiogen.models.soft_attributes import soft_attributes

SIDE, PIXEL_MM = 64, 0.75
RANGE = (-1000.0, 500.0)


def star(rng):
    """A nodule of random size, brightness and spicules on a lung with vessels."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    angle, distance = np.arctan2(y, x), np.hypot(y, x)
    spikes = rng.uniform(0, 0.5) * np.cos(rng.integers(4, 9) * angle + rng.uniform(0, 6))
    mask = distance < rng.uniform(5, 14) * (1 + spikes)
    lung = gaussian_filter(rng.normal(size=(SIDE, SIDE)), 1.5) * rng.uniform(0, 1.5) - 0.8
    image = gaussian_filter(np.where(mask, rng.uniform(-0.6, 0.3), lung), 0.8)
    return image.astype(np.float32), mask


@pytest.fixture(scope="module")
def nodules():
    rng = np.random.default_rng(0)
    return [star(rng) for _ in range(60)]


def tensors(nodules):
    image = torch.from_numpy(np.stack([i for i, _ in nodules]))[:, None]
    mask = torch.from_numpy(np.stack([m for _, m in nodules]).astype(np.float32))[:, None]
    return image, mask


def test_it_ranks_nodules_as_the_measurement_does(nodules):
    hard = [slice_attributes(unit_to_hu(i, RANGE), m, PIXEL_MM) for i, m in nodules]
    soft = soft_attributes(*tensors(nodules), PIXEL_MM).numpy()
    for k, name in enumerate(ATTRIBUTES):
        truth = [h[name] for h in hard]
        assert spearmanr(soft[:, k], truth).statistic > 0.93, name
    assert soft[:, 0] == pytest.approx([h["diameter"] for h in hard], rel=1e-4)


@pytest.mark.parametrize(("column", "mover"), [(0, "mask"), (1, "image"), (2, "image")])
def test_descent_moves_an_attribute(nodules, column, mover):
    image, mask = tensors(nodules[:4])
    mask = 0.9 * mask + 0.05
    moved = {"image": image, "mask": mask}[mover].requires_grad_()
    before = soft_attributes(image, mask, PIXEL_MM)[:, column]
    (gradient,) = torch.autograd.grad(before.sum(), moved)
    step = 0.5 / gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    changed = {"image": image, "mask": mask, mover: (moved + step * gradient).detach()}
    after = soft_attributes(changed["image"], changed["mask"], PIXEL_MM)[:, column]
    assert (after > before).all()


def test_brightness_does_not_pull_at_the_mask(nodules):
    image, mask = tensors(nodules[:2])
    mask.requires_grad_()
    mean = soft_attributes(image.requires_grad_(), mask, PIXEL_MM)[:, 1].sum()
    (gradient,) = torch.autograd.grad(mean, mask)
    assert not gradient.any()


def test_an_empty_mask_gives_numbers():
    empty = torch.zeros(1, 1, SIDE, SIDE)
    assert soft_attributes(empty, empty, PIXEL_MM).isfinite().all()
