import numpy as np
import pytest

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.imaging.lung import in_lung, lung_mask

SPACING = (2.5, 1.5, 1.5)
SHAPE = (80, 180, 240)


def _ellipsoid(centre, radii):
    z, y, x = np.ogrid[tuple(slice(n) for n in SHAPE)]
    index = [
        (g - c / s) * s / r for g, c, r, s in zip((z, y, x), centre, radii, SPACING, strict=True)
    ]
    return sum(i**2 for i in index) < 1


@pytest.fixture(scope="module")
def chest():
    """Two ellipsoid lungs, a trachea, a nodule at the wall and one free inside."""
    hu = np.full(SHAPE, -1000, np.int16)
    hu[_ellipsoid((100, 135, 180), (400, 115, 160))] = 40
    left, right = (_ellipsoid((95, 135, x), (85, 80, 50)) for x in (245, 115))
    hu[left | right] = -860
    hu[60:, 86:98, 116:126] = -1000
    hu[74:76] = np.where(hu[74:76] == -860, 40, hu[74:76])
    at_wall = _ellipsoid((95, 135, 70), (7, 7, 7))
    free = _ellipsoid((95, 120, 245), (9, 9, 9))
    hu[at_wall | free] = 30
    return hu, left, right, at_wall, free


def _volume(hu, direction=(1, 0, 0, 0, 1, 0, 0, 0, 1), spacing=SPACING):
    return CTVolume(hu, VolumeGeometry(hu.shape, spacing, (-180, -135, -100), direction))


def test_lungs_are_found_and_nodules_stay_inside(chest) -> None:
    hu, left, right, at_wall, free = chest
    mask = lung_mask(_volume(hu)).labels > 0
    truth = left | right
    dice = 2 * (mask & truth).sum() / (mask.sum() + truth.sum())
    assert dice > 0.9
    assert mask[free].all()
    assert mask[at_wall & truth].mean() > 0.75


def test_trachea_and_air_around_the_body_are_left_out(chest) -> None:
    mask = lung_mask(_volume(chest[0])).labels
    assert not mask[62:80, 88:96, 118:124].any()
    assert not mask[:, :5].any()


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_orientation_of_the_array_does_not_matter(chest, axes) -> None:
    hu = chest[0]
    upright = lung_mask(_volume(hu)).labels
    turned = np.ascontiguousarray(np.flip(hu, 0).transpose(axes))
    # Column j of the direction is index axis j in x, y, z; z runs backwards.
    columns = np.diag([1.0, 1.0, -1.0])[::-1, ::-1][:, list(axes)][::-1, ::-1]
    spacing = tuple(SPACING[a] for a in axes)
    found = lung_mask(_volume(turned, columns.ravel(), spacing)).labels
    back = np.flip(found.transpose(np.argsort(axes)), 0)
    assert (back == upright).mean() > 0.995
    assert found.shape == turned.shape


def test_no_lung_gives_an_empty_mask() -> None:
    water = _volume(np.zeros((20, 40, 40), np.int16))
    air = _volume(np.full((20, 40, 40), -1000, np.int16))
    assert not lung_mask(water).labels.any()
    assert not lung_mask(air).labels.any()


def test_in_lung_knows_margin_and_edges() -> None:
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[5:15, 5:15, 5:15] = 1
    lung = LabelVolume(labels, VolumeGeometry(labels.shape, (1, 1, 1)))
    assert in_lung(lung, (9, 9, 9), margin_mm=3)
    assert in_lung(lung, (5, 9, 9))
    assert not in_lung(lung, (5, 9, 9), margin_mm=3)
    assert not in_lung(lung, (2, 9, 9))
    assert not in_lung(lung, (100, 9, 9))
    with pytest.raises(ValueError, match="negative"):
        in_lung(lung, (9, 9, 9), margin_mm=-1)
