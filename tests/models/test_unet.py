import pytest
import torch

from napari_radiogen.models.checkpoint import parameter_count
from napari_radiogen.models.unet import UNet, dice_loss


@pytest.mark.parametrize(("base", "millions"), [(8, 0.93), (16, 3.73), (64, 59.7)])
def test_parameters_are_those_of_the_paper(base: int, millions: float) -> None:
    with torch.device("meta"):
        network = UNet(base=base)
    assert parameter_count(network) / 1e6 == pytest.approx(millions, rel=0.01)


@pytest.mark.parametrize(("dims", "shape"), [(2, (2, 1, 96, 32)), (3, (1, 2, 32, 32, 32))])
def test_logits_have_the_size_of_the_image(dims, shape) -> None:
    network = UNet(spatial_dims=dims, in_channels=shape[1], base=2).eval()
    assert network(torch.zeros(shape)).shape == (shape[0], 1, *shape[2:])


def test_a_side_that_five_pools_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="divisible by 32"):
        UNet(base=2)(torch.zeros(1, 1, 64, 50))


def test_only_slices_and_volumes() -> None:
    with pytest.raises(ValueError, match="2 or 3"):
        UNet(spatial_dims=4)


def test_dice_loss_runs_from_agreement_to_disagreement() -> None:
    target = torch.zeros(1, 1, 8, 8)
    target[..., :4] = 1
    sure = (target - 0.5) * 100
    assert float(dice_loss(sure, target)) == pytest.approx(0, abs=1e-3)
    assert float(dice_loss(-sure, target)) == pytest.approx(1 - 1 / 65, abs=1e-3)


def test_dropout_sleeps_in_evaluation_and_wakes_in_training() -> None:
    torch.manual_seed(0)
    network = UNet(base=4, dropout=0.5)
    image = torch.randn(2, 1, 32, 32)
    network.eval()
    assert torch.equal(network(image), network(image))
    network.train()
    assert not torch.equal(network(image), network(image))
