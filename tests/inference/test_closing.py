import math

import pytest
import torch

from napari_radiogen.inference.closing import rounded


def test_a_cone_of_four_radii_becomes_a_ball_of_one():
    dz = torch.tensor([0.0, 3.0, -6.0, 9.999, 12.0])
    radius = torch.full((5,), 10.0)
    given = rounded(dz, radius, 4.0)
    # The network's radius falls in proportion and is 0 at four radii.
    painted = 10 * (1 - given.abs() / 40)
    assert given[0] == 0
    assert given[2] < 0
    assert painted[1].item() == pytest.approx(math.sqrt(100 - 9), rel=1e-4)
    assert painted[2].item() == pytest.approx(8, rel=1e-4)
    assert painted[3].item() < 0.2
    assert painted[4] < 0


def test_without_a_central_slice_offsets_stay():
    dz = torch.tensor([-4.0, 4.0])
    assert torch.equal(rounded(dz, torch.zeros(2), 4.0), dz)
