import pytest
import torch

from napari_radiogen.models.gene_regressor import GeneRegressor, masked_mean
from napari_radiogen.models.losses import (
    background_l1,
    dice_loss,
    discriminator_loss,
    gene_sparsity,
    generator_loss,
    shape_variety,
)
from napari_radiogen.models.mcgan import (
    Discriminator,
    Generator,
    MCGANConfig,
    Verdict,
    draw_noise,
)

CONFIG = MCGANConfig(metagenes=10, base=4, discriminator_base=4, code_dim=16)


def _noise(config, seeds):
    return draw_noise(config, [torch.Generator().manual_seed(s) for s in seeds])


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return Generator(CONFIG).eval()


@pytest.fixture(scope="module")
def background():
    return torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_shapes_and_ranges(generator, background):
    code = generator.encode(torch.zeros(2, 10))
    out = generator(background, code, torch.zeros(2), _noise(CONFIG, [0, 1]))
    assert code.shape == (2, 16)
    assert out.image.shape == out.mask_logits.shape == out.weight.shape == (2, 1, 64, 64)
    assert out.image.abs().max() <= 1
    assert out.weight.min() >= 0
    assert out.weight.max() <= 1


def test_gene_components_reach_the_code_with_both_signs():
    encoder = Generator(CONFIG).gene_encoder
    components = torch.zeros(2, 10)
    components[0, 3], components[1, 5] = 1.0, -0.5
    start = encoder.start_from(components)
    first = encoder.layers[0].weight.detach()
    assert torch.equal(first[:4], start[:4])
    assert torch.equal(first[0], -first[2])
    assert start[4:].abs().sum() == 0
    assert first[4:].abs().sum() > 0
    genes = torch.zeros(2, 10)
    genes[1, 3] = 1.0
    told = encoder.layers[0](genes)
    assert (told[1, 0] - told[0, 0]).item() == pytest.approx(first[0, 3].item())


@pytest.mark.parametrize("what", ["genes", "dz", "seed"])
def test_every_condition_reaches_the_image(generator, background, what):
    genes = torch.zeros(2, 10)
    dz = torch.zeros(2)
    seeds = [5, 5]
    if what == "genes":
        genes[1] = 2.0
    elif what == "dz":
        dz[1] = 8.0
    else:
        seeds = [5, 6]
    same = background[:1].repeat(2, 1, 1, 1)
    out = generator(same, generator.encode(genes), dz, _noise(CONFIG, seeds))
    assert (out.image[0] - out.image[1]).abs().max() > 1e-4


def test_equal_requests_give_equal_pixels(generator, background):
    code = generator.encode(torch.ones(2, 10))
    one, two = (
        generator(background, code, torch.ones(2), _noise(CONFIG, [3, 4])).image for _ in range(2)
    )
    assert torch.equal(one, two)


def test_the_background_shows_through_where_the_weight_is_nought(generator, background):
    code = generator.encode(torch.zeros(2, 10))
    out = generator(background, code, torch.zeros(2), _noise(CONFIG, [0, 1]))
    largest_change = (2 * out.weight + 1e-5) - (out.image - background).abs()
    assert largest_change.min() >= 0


def test_half_precision_keeps_a_small_weight_s_part_of_the_image(background):
    torch.manual_seed(0)
    faint = Generator(CONFIG).eval()
    with torch.no_grad():
        faint.head.bias[2] = -8.0  # A weight near 0.0003, below what bfloat16 tells from nought.
        code, noise = faint.encode(torch.zeros(2, 10)), _noise(CONFIG, [0, 1])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = faint(background, code, torch.zeros(2), noise)
    change = (out.image - background).abs()
    assert out.image.dtype == torch.float32
    assert 0 < change.mean() < 0.001


def test_three_dimensions_work_with_the_same_classes():
    config = MCGANConfig(
        metagenes=5, base=4, discriminator_base=4, code_dim=8, spatial_dims=3, size_px=32
    )
    network = Generator(config)
    image = torch.zeros(1, 1, 32, 32, 32)
    out = network(image, network.encode(torch.zeros(1, 5)), torch.zeros(1), _noise(config, [0]))
    assert out.image.shape == image.shape
    told = Discriminator(config)(image, image, torch.zeros(1, 5), torch.zeros(1))
    assert [tuple(v.shape) for v in told] == [(1, 1), (1, 1), (1,)]


def test_the_discriminator_reads_mask_and_genes_only_where_it_should(background):
    torch.manual_seed(0)
    judge = Discriminator(CONFIG).eval()
    mask = torch.zeros_like(background)
    full = torch.ones_like(background)
    zero, one = torch.zeros(2, 10), torch.ones(2, 10)
    base = judge(background, mask, zero, torch.zeros(2))
    other_mask = judge(background, full, zero, torch.zeros(2))
    other_genes = judge(background, mask, one, torch.zeros(2))
    assert torch.equal(base.image, other_mask.image)
    assert not torch.allclose(base.segmentation, other_mask.segmentation)
    assert torch.equal(base.segmentation, other_genes.segmentation)
    assert not torch.allclose(base.genes, other_genes.genes)


def test_regressor_and_masked_mean():
    x = torch.zeros(1, 2, 8, 8)
    x[:, 0, :4] = 3.0
    weight = torch.zeros(1, 1, 8, 8)
    weight[:, :, :4] = 1
    assert masked_mean(x, weight).tolist() == [[3.0, 0.0]]
    told = GeneRegressor(2, 7)(torch.zeros(3, 1, 64, 64), torch.zeros(3, 1, 64, 64), torch.zeros(3))
    assert told.shape == (3, 7)


def _verdict(value):
    return Verdict(*(torch.full((2, 1), value) for _ in range(3)))


def test_a_perfect_discriminator_loses_nothing_and_a_fooled_one_does():
    zero_one = Verdict(torch.ones(2, 1), torch.ones(2, 1), torch.zeros(2))
    wrong_mask = Verdict(torch.ones(2, 1), torch.zeros(2, 1), torch.zeros(2))
    perfect = discriminator_loss(_verdict(1.0), zero_one, wrong_mask, _verdict(0.0))
    fooled = discriminator_loss(_verdict(1.0), zero_one, wrong_mask, _verdict(1.0))
    assert perfect == 0
    assert fooled > 1
    assert generator_loss(_verdict(1.0)) == 0


def test_background_loss_forgives_change_inside_the_mask_only():
    background = torch.zeros(1, 1, 32, 32)
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 10:20, 10:20] = 1
    inside = background + mask
    outside = background.clone()
    outside[..., 0, 0] = 1
    assert background_l1(inside, background, mask) == 0
    assert background_l1(outside, background, mask) > 0


def test_dice_sparsity_and_variety():
    mask = torch.zeros(2, 1, 16, 16)
    mask[..., 4:8, 4:8] = 1
    assert dice_loss(mask, mask) == pytest.approx(0, abs=1e-6)
    assert dice_loss(1 - mask, mask) > 0.9
    read = torch.tensor([[3.0, 0.0], [4.0, 0.0]])
    assert gene_sparsity(read, torch.zeros(2, 2)) == 5
    assert gene_sparsity(read, read) == 0
    moved = mask.clone()
    moved[1] = mask[1].roll(4, dims=-1)
    assert shape_variety(mask) == 1
    assert shape_variety(moved) == 0
