"""Sizes and shapes of the published systems, as METHODS states them."""

import pytest
import torch
from pydantic import ValidationError

from napari_radiogen.errors import ModelError
from napari_radiogen.models.baselines import (
    BaselineGenerator,
    Inpainter,
    InpaintingConfig,
    MCGANBaselineConfig,
    PatchDiscriminator,
    central_hole,
)
from napari_radiogen.models.cgan import CGANConfig, CGANDiscriminator, CGANGenerator
from napari_radiogen.models.checkpoint import parameter_count
from napari_radiogen.models.gene_autoencoder import AutoencoderConfig, GeneAutoencoder
from napari_radiogen.models.mcgan_paper import (
    MCGANPaperConfig,
    PaperFusion,
    PaperGenerator,
    paper_discriminator,
    twice_squashed,
)
from napari_radiogen.models.unet import DEPTH, UNet
from napari_radiogen.models.vgg import VGG16Features

GENES = {"genes": 12, "hidden": 8, "code_dim": 8, "base": 4, "discriminator_base": 4}
SMALL = {
    "size_px": 64,
    "genes": 70,
    "code_channels": None,
    "widths": (4, 8, 8),
    "decoder_widths": (8, 4, 4),
    "convolutions": 1,
}


@pytest.fixture
def meta():
    with torch.device("meta"):
        yield


def test_paper_sizes_are_those_of_methods(meta):
    assert parameter_count(UNet(base=64)) == pytest.approx(59.7e6, rel=0.005)
    assert parameter_count(UNet(base=16)) == pytest.approx(3.7e6, rel=0.01)
    assert len(UNet(base=16).encoders) == DEPTH == 5
    config = MCGANPaperConfig()
    assert parameter_count(PaperGenerator(config)) == pytest.approx(44e6, rel=0.01)
    assert parameter_count(paper_discriminator(config)) == pytest.approx(8.6e6, rel=0.01)
    thirteen = VGG16Features().state_dict()
    assert sum(t.numel() for t in thirteen.values()) == 14_714_688
    assert len([k for k in thirteen if k.endswith("weight")]) == 13
    assert thirteen["features.28.weight"].shape == (512, 512, 3, 3)
    small = CGANConfig(size_px=64, base=16, discriminator_base=16)
    assert parameter_count(CGANGenerator(small)) == pytest.approx(0.5e6, rel=0.2)
    small = CGANConfig(size_px=64, base=32, discriminator_base=32)
    assert parameter_count(CGANGenerator(small)) == pytest.approx(1.6e6, rel=0.1)


def test_h_holds_the_paper_s_genes_zeros_and_features(meta):
    config = AutoencoderConfig()
    network = GeneAutoencoder(config)
    assert config.channels * config.cells == 65_536
    assert (config.genes, config.padding, config.features) == (60_607, 4_929, 192)
    image, genes = network(torch.empty(1, 1, 128, 128), torch.empty(1, 1, 64, 64))
    assert (tuple(image.shape), tuple(genes.shape)) == ((1, 1, 128, 128), (1, 60_607))
    assert network.features(torch.empty(1, 1, 128, 128), torch.empty(1, 1, 64, 64)).shape == (
        1,
        192,
    )


def test_cgan_starts_at_four_pixels_with_512_channels(meta):
    config = CGANConfig()
    assert config.widths == (512, 256, 128, 64, 32)
    image = CGANGenerator(config)(torch.empty(2, 100), torch.empty(2, 100))
    assert image.shape == (2, 1, 128, 128)
    assert CGANDiscriminator(config)(image, torch.empty(2, 100)).shape == (2,)


def test_paper_mode_paints_128_pixels_from_5172_genes(meta):
    config = MCGANPaperConfig()
    out = PaperGenerator(config)(
        torch.empty(1, 1, 128, 128), torch.empty(1, 5172), torch.empty(1, 10)
    )
    assert out.image.shape == out.mask_logits.shape == out.weight.shape == (1, 1, 128, 128)
    assert out.code.shape == (1, 128)
    told = paper_discriminator(config)(out.image, out.image, out.code)
    assert [tuple(v.shape) for v in told] == [(1, 1)] * 3


@pytest.mark.parametrize("dims", [2, 3])
def test_every_system_works_in_slices_and_volumes(dims):
    shape = (2, 1, *(32,) * dims)
    image = torch.rand(shape)
    config = MCGANPaperConfig(spatial_dims=dims, size_px=32, **GENES)
    genes = torch.randn(2, 12)
    out = PaperGenerator(config)(image, genes, torch.randn(2, config.noise_size))
    assert out.image.shape == out.mask_logits.shape == shape
    assert paper_discriminator(config)(image, image, out.code).genes.shape == (2, 1)
    config = MCGANBaselineConfig(spatial_dims=dims, size_px=32, **GENES)
    out = BaselineGenerator(config)(image, genes, torch.randn(2, config.noise_size))
    assert out.image.shape == out.weight.shape == shape
    hole_config = InpaintingConfig(
        spatial_dims=dims, size_px=32, base=4, discriminator_base=4, dropout=0.0
    )
    hole = central_hole(hole_config).expand(shape)
    assert Inpainter(hole_config)(image, hole).shape == shape
    assert PatchDiscriminator(hole_config)(image, image).shape == (2, 1, *(4,) * dims)
    cgan = CGANConfig(spatial_dims=dims, size_px=32, metagenes=5, base=4, discriminator_base=4)
    made = CGANGenerator(cgan)(torch.randn(2, 100), torch.randn(2, 5))
    assert made.shape == shape
    assert CGANDiscriminator(cgan)(made, torch.randn(2, 5)).shape == (2,)
    pair = {"widths": (4, 4), "decoder_widths": (4, 4), "code_channels": None, "convolutions": 1}
    h = AutoencoderConfig(spatial_dims=dims, size_px=32, genes=70, **pair)
    told, genes = GeneAutoencoder(h)(image, torch.rand(2, 1, *(16,) * dims))
    assert told.shape == shape
    assert genes.shape == (2, 70)


def test_paper_mode_s_blend_cannot_keep_or_replace_the_background():
    squashed = twice_squashed(torch.tensor([-50.0, 0.0, 50.0]))
    assert squashed.tolist() == pytest.approx([0.119, 0.5, 0.881], abs=1e-3)


def test_paper_mode_s_style_reaches_where_the_map_is_nought():
    torch.manual_seed(0)
    block = PaperFusion(2, 4, 3, 2).eval()
    x, background = torch.randn(1, 4, 8, 8), torch.zeros(1, 4, 8, 8)
    with torch.no_grad():
        block.layers[4].bias[4:] = -100.0  # the weight map is nought everywhere
        one, two = (block(x, background, torch.full((1, 3), v)) for v in (0.0, 1.0))
    assert (one - two).abs().min() > 0


def test_genes_background_and_noise_reach_the_image():
    torch.manual_seed(0)
    for config, build in (
        (MCGANPaperConfig(size_px=32, **GENES), PaperGenerator),
        (MCGANBaselineConfig(size_px=32, **GENES), BaselineGenerator),
    ):
        network = build(config)  # in training mode: untrained running statistics drown all
        first = [torch.rand(1, 1, 32, 32), torch.randn(1, 12), torch.randn(1, config.noise_size)]
        base = network(*first).image
        for i, one in enumerate(first):
            changed = [*first]
            changed[i] = one + 1.0
            assert not torch.allclose(base, network(*changed).image, atol=1e-6)


def test_h_leaves_the_padding_at_nought_and_refuses_sizes_that_do_not_fit():
    torch.manual_seed(0)
    config = AutoencoderConfig(**SMALL)
    network = GeneAutoencoder(config).eval()
    seen = []
    network.decoder.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    network(torch.rand(1, 1, 64, 64), torch.rand(1, 1, 32, 32))
    flat = seen[0].flatten(1)
    assert flat.shape[1] == 128
    assert flat[:, 70:].abs().max() == 0
    assert flat[:, :70].abs().min() > 0
    with pytest.raises(ValidationError, match="cannot hold"):
        AutoencoderConfig(**{**SMALL, "code_channels": 1})
    with pytest.raises(ValidationError, match="pools"):
        AutoencoderConfig(**{**SMALL, "size_px": 128})
    with pytest.raises(ValueError, match="power of two"):
        CGANGenerator(CGANConfig(size_px=96))


def test_vgg_takes_a_whole_state_dict_and_names_what_is_missing():
    network = VGG16Features()
    state = {k: torch.full_like(v, 0.01) for k, v in network.state_dict().items()}
    network.fill({**state, "classifier.0.weight": torch.zeros(3)})
    assert network.features[28].weight.max() == pytest.approx(0.01)
    assert network(torch.rand(1, 1, 32, 32)).shape == (1, 512, 2, 2)
    assert not any(p.requires_grad for p in network.parameters())
    with pytest.raises(ModelError, match=r"features\.0\.weight"):
        network.fill({})
    with pytest.raises(ModelError, match=r"features\.0\.bias"):
        network.fill({**state, "features.0.bias": torch.zeros(3)})


def test_the_hole_is_a_sphere_in_the_middle():
    hole = central_hole(InpaintingConfig(size_px=32, erased_share=0.5))
    assert hole.shape == (1, 1, 32, 32)
    assert hole.sum() == pytest.approx(torch.pi * 8**2, rel=0.05)
    assert torch.equal(hole, hole.flip(-1))


@pytest.mark.parametrize("whole", [False, True])
def test_only_global_genes_see_the_whole_region(whole):
    torch.manual_seed(0)
    network = GeneAutoencoder(
        AutoencoderConfig(
            size_px=64, genes=64, code_channels=None, widths=(4, 8, 8),
            decoder_widths=(8, 8, 4), convolutions=1, global_genes=whole,
        )
    ).eval()  # fmt: skip
    mean = torch.linspace(0.1, 0.9, 64)
    network.start_at(mean)
    if whole:
        torch.nn.init.normal_(network.whole_to_genes.weight)
    dark, spotted = torch.zeros(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)
    spotted[..., 52:, 52:] = 1.0
    tight = torch.zeros(1, 1, 32, 32)
    first, second = network.encode(dark, tight), network.encode(spotted, tight)
    assert bool((first[0, 0] != second[0, 0]).item()) is whole  # the gene of the far corner


def test_global_genes_start_at_the_training_mean():
    config = AutoencoderConfig(size_px=64, genes=64, code_channels=None, widths=(4, 8, 8),
                               decoder_widths=(8, 8, 4), global_genes=True)  # fmt: skip
    network = GeneAutoencoder(config).eval()
    torch.nn.init.zeros_(network.to_genes[-1].weight)
    torch.nn.init.zeros_(network.to_genes[-1].bias)
    mean = torch.linspace(0.1, 0.9, 64)
    network.start_at(mean)
    told = network.encode(torch.rand(1, 1, 64, 64), torch.rand(1, 1, 32, 32))
    torch.testing.assert_close(told[0], mean)
