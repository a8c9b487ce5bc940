"""Every published system: a few steps on a miniature cohort, then its model in use."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from napari_radiogen.errors import CohortError, InputError, ModelError
from napari_radiogen.evaluation.control import evaluate_control
from napari_radiogen.evaluation.plan import require_fit, subject_metagenes
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.inference.gene_mapping import load_gene_mapper
from napari_radiogen.inference.gene_painter import load_painter
from napari_radiogen.inference.library import find_model
from napari_radiogen.inference.region_painters import (
    load_middle_filler,
    load_sheet_painter,
    tiled,
)
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.models.vgg import VGG16Features
from napari_radiogen.trainers.autoencoder import AutoencoderTraining
from napari_radiogen.trainers.catalogue import CATALOGUE, read_any_config
from napari_radiogen.trainers.cgan import CGANTraining
from napari_radiogen.trainers.config import read_config
from napari_radiogen.trainers.devices import make_fabric
from napari_radiogen.trainers.gene_gan import MCGANBaselineTraining, MCGANPaperTraining
from napari_radiogen.trainers.inpainting import InpaintingTraining
from napari_radiogen.trainers.perceptual import UNetFeatures, feature_network
from napari_radiogen.trainers.region_data import draw_regions, region_set
from napari_radiogen.trainers.run import RunOptions
from napari_radiogen.trainers.systems_run import run_published
from tests.evaluation.doubles import ThresholdNetwork

CONFIGS = Path(__file__).parents[2] / "training" / "configs"
#: Of the miniature cohort.
GENES = 120
QUICK = {"batch": 4, "steps": 3, "validate_every": 3, "sheet_every": 3, "accelerator": "cpu"}
SIZES = {"size_px": 64, "base": 4, "discriminator_base": 4}
GENE_SIZES = {**SIZES, "hidden": 8, "code_dim": 8}
H_SIZES = {
    "size_px": 64,
    "genes": 1,
    "code_channels": None,
    "widths": [4, 4, 4],
    "decoder_widths": [4, 4, 4],
    "convolutions": 1,
}
SYSTEMS = {
    "autoencoder": (AutoencoderTraining, H_SIZES),
    "cgan": (CGANTraining, {**SIZES, "metagenes": 10}),
    "mcgan-paper": (MCGANPaperTraining, GENE_SIZES),
    "mcgan-baseline": (MCGANBaselineTraining, GENE_SIZES),
    "inpainting": (InpaintingTraining, SIZES),
}
ONE_THREAD = RunOptions(threads=1)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    """VGG16 with random weights, as a file that a person might have."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("vgg") / "vgg16.safetensors"
    save_file(VGG16Features().state_dict(), file)
    return file


@pytest.fixture(scope="module")
def runs(cohort, stand_in, tmp_path_factory):
    """Train each system once; a run folder by its name."""
    folder = tmp_path_factory.mktemp("runs")
    for name, (kind, network) in SYSTEMS.items():
        values = {**QUICK, "name": f"tiny-{name}", "network": network}
        if name == "autoencoder":
            values["feature_vgg"] = stand_in
        run_published(cohort, kind.model_validate(values), folder / name, options=ONE_THREAD)
    return {name: folder / name for name in SYSTEMS}


@pytest.fixture(scope="module")
def slices(cohort):
    """Central test slices, their masks, and natural backgrounds of the test split."""
    store = open_cohort(cohort)
    test = store.slices["split"] == "test"
    central = np.flatnonzero(test & (store.slices["central"] == 1))
    free = np.flatnonzero(test & (store.slices["role"] == "background"))
    image = store.image.astype(np.float32)
    return image[central], store.mask[central], image[free]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_run_ends_in_a_model_that_is_found_and_a_card(runs, cohort, system):
    entry = find_model(runs[system])
    store = open_cohort(cohort)
    assert (entry.name, entry.system) == (f"tiny-{system}", system)
    assert entry.cohort == store.name
    assert entry.subject_ids == tuple(s.subject_id for s in store.subjects)
    card = (runs[system] / "model.md").read_text()
    assert "Research use only" in card
    assert "its expression is invented" in card
    assert store.split_digest[:16] in card
    rows = (runs[system] / "log.csv").read_text().splitlines()
    assert len(rows) == 2
    assert (runs[system] / "sheets" / "000003.png").is_file()


def test_h_maps_images_to_genes_and_genes_to_images(runs, cohort, slices, stand_in):
    mapper = load_gene_mapper(str(runs["autoencoder"]))
    store = open_cohort(cohort)
    images, masks, backgrounds = slices
    genes = mapper.to_genes(images, masks)
    assert genes.shape == (len(images), GENES)
    assert genes.min() >= 0
    assert genes.max() <= 1
    assert mapper.scale.gene_symbols == store.expression.gene_symbols
    log2 = mapper.scale.inverse(genes)
    assert mapper.scale.transform(log2) == pytest.approx(genes, abs=1e-4)
    unit = mapper.scale.transform(store.expression.values[:3])
    painted = mapper.to_images(unit)
    assert painted.shape == (3, 64, 64)
    assert painted.min() >= -1000
    assert painted.max() <= 500
    assert mapper.features(images, masks).shape == (len(images), 8)
    assert mapper.autoencode(images, masks) == pytest.approx(mapper.to_images(genes))
    assert "VGG16" in mapper.feature_loss
    assert str(stand_in) not in (runs["autoencoder"] / "model.md").read_text()
    with pytest.raises(ModelError, match="empty"):
        mapper.to_genes(images, np.zeros_like(masks))
    with pytest.raises(ModelError, match="slices and masks"):
        mapper.to_genes(backgrounds[:, :32], masks)
    with pytest.raises(ModelError, match="genes"):
        mapper.to_images(unit[:, :-1])


def test_the_cgan_paints_sixty_four_nodules_of_one_gene_vector(runs, cohort):
    painter = load_sheet_painter(str(runs["cgan"]))
    store = open_cohort(cohort)
    expected = painter.metagenes.transform(store.expression.values)
    assert painter.subject_metagenes == pytest.approx(expected, abs=1e-5)
    sheet = painter.sheet(painter.subject_metagenes[0], seed=3)
    assert sheet.shape == (64, 64, 64)
    assert np.array_equal(sheet, painter.sheet(painter.subject_metagenes[0], seed=3))
    assert not np.array_equal(sheet, painter.sheet(painter.subject_metagenes[0], seed=4))
    assert not np.array_equal(sheet[0], sheet[1])
    whole = tiled(sheet)
    assert whole.shape == (512, 512)
    assert np.array_equal(whole[64:128, :64], sheet[8])
    with pytest.raises(ModelError, match="metagenes"):
        painter.sheet(np.zeros(3), seed=0)
    with pytest.raises(ValueError, match="square"):
        tiled(sheet[:5])


@pytest.mark.parametrize("system", ["mcgan-paper", "mcgan-baseline"])
def test_painters_from_genes_take_what_the_protocol_gives(runs, cohort, slices, system):
    painter = load_painter(str(runs[system]))
    store = open_cohort(cohort)
    require_fit(painter, store)
    genes = subject_metagenes(store, painter.metagenes, store.split.test[:2])
    assert genes.shape == (2, GENES)
    train = subject_metagenes(store, painter.metagenes, store.split.train)
    assert train.mean(axis=0) == pytest.approx(np.zeros(GENES), abs=1e-4)
    background = np.repeat(slices[2][:1], 2, axis=0)
    dz = np.zeros(2, dtype=np.float32)
    out = painter.generate(background, genes, dz, [5, 5])
    assert out.image_hu.shape == out.mask.shape == out.composed_hu.shape == (2, 64, 64)
    again = painter.generate(background, genes, dz, [5, 6])
    assert out.image_hu[0] == pytest.approx(again.image_hu[0], abs=0.05)
    assert not np.allclose(out.image_hu[1], again.image_hu[1], atol=0.05)
    assert painter.encode(genes).shape == (2, 8)
    with pytest.raises(ModelError, match=f"{GENES} genes"):
        painter.generate(background, genes[:, :5], dz, [1, 2])


def test_control_can_be_judged_of_a_published_generator(runs, cohort):
    painter = load_painter(str(runs["mcgan-paper"]))
    quick = ControlSettings(
        draws=1, resamples=20, leakage_draws=1, diversity_draws=2, sweep_draws=1
    )
    report = evaluate_control(painter, ThresholdNetwork(), open_cohort(cohort), settings=quick)
    assert report.composite_exact
    assert report.repeat_difference_hu == 0
    # As published: the blend cannot keep the background, so the raw output differs everywhere.
    assert report.background_psnr_db < 40


def test_the_filler_touches_the_middle_only(runs, slices):
    filler = load_middle_filler(str(runs["inpainting"]))
    out = filler.fill(slices[2][:2])
    changed = out.composed_hu != slices[2][:2]
    y, x = (np.indices((64, 64)) - 31.5) * filler.field_of_view_mm / 64
    inside = np.hypot(y, x) <= filler.hole_mm / 2
    assert changed[:, inside].mean() > 0.95
    assert not changed[:, ~inside].any()
    assert np.array_equal(out.image_hu, filler.fill(slices[2][:2]).image_hu)


def test_a_model_of_another_system_is_refused(runs):
    with pytest.raises(ModelError, match="is a cgan; expected mcgan"):
        load_painter(str(runs["cgan"]))
    with pytest.raises(ModelError, match="not a autoencoder"):
        load_gene_mapper(str(runs["cgan"]))


def test_the_printed_loss_and_permuted_genes_train_too(cohort, tmp_path):
    config = MCGANPaperTraining.model_validate(
        {**QUICK, "network": GENE_SIZES, "mismatch": "genes", "permute": 1, "sheet_every": 0}
    )
    run_published(cohort, config, tmp_path / "run", options=ONE_THREAD)
    assert load_painter(str(tmp_path / "run")).learned_permuted_genes
    card = (tmp_path / "run" / "model.md").read_text()
    assert "null model" in card
    assert "another patient's genes" in card


def test_a_stopped_run_goes_on_to_the_same_weights(cohort, tmp_path):
    values = {**QUICK, "network": {**SIZES, "metagenes": 10}, "sheet_every": 0}
    whole = CGANTraining.model_validate({**values, "steps": 4, "validate_every": 2})
    expected = run_published(cohort, whole, tmp_path / "whole", options=ONE_THREAD)
    stops = iter([False, False, False, True])
    with pytest.raises(Exception, match="cancelled"):
        run_published(
            cohort, whole, tmp_path / "part", options=ONE_THREAD, cancelled=lambda: next(stops)
        )
    again = RunOptions(resume=True, threads=1)
    resumed = run_published(cohort, whole, tmp_path / "part", options=again)
    assert resumed.weights.keys() == expected.weights.keys()
    assert all(torch.equal(resumed.weights[k], v) for k, v in expected.weights.items())


def test_a_cohort_of_another_size_and_too_many_genes_are_refused(cohort, stand_in, tmp_path):
    large = CGANTraining.model_validate({**QUICK, "network": {**SIZES, "size_px": 128}})
    with pytest.raises(CohortError, match="64 px wide"):
        run_published(cohort, large, tmp_path / "a")
    full = {**H_SIZES, "code_channels": 1}
    small = AutoencoderTraining.model_validate({**QUICK, "network": full, "feature_vgg": stand_in})
    with pytest.raises(InputError, match="cannot hold 120 genes"):
        run_published(cohort, small, tmp_path / "b")


def test_regions_are_the_box_of_the_mask_and_turn_together(cohort):
    store = open_cohort(cohort)
    genes = np.zeros((len(store.subjects), 2), dtype=np.float32)
    genes[:, 0] = np.arange(len(genes))
    data = region_set(store, "train", genes)
    assert data.loose.shape[2:] == (64, 64)
    assert data.tight.shape[2:] == (32, 32)
    # Tight regions hold the nodule, loose ones lung as well.
    assert data.tight.mean() > data.loose.mean() + 0.1
    same = draw_regions(data, 4, turned=False, rng=torch.Generator().manual_seed(0))
    turned = draw_regions(data, 4, turned=True, rng=torch.Generator().manual_seed(0))
    assert torch.equal(same.genes, turned.genes)
    assert same.loose.sum() == pytest.approx(turned.loose.sum().item(), rel=1e-5)
    dealt = region_set(store, "train", genes, permute=1).genes
    assert sorted(dealt[:, 0].tolist()) == sorted(data.genes[:, 0].tolist())
    assert dealt[:, 0].tolist() != data.genes[:, 0].tolist()


def test_the_feature_network_is_named_and_must_not_know_test_patients(cohort, stand_in, tmp_path):
    store = open_cohort(cohort)
    network, label = feature_network(stand_in, None, store)
    assert isinstance(network, VGG16Features)
    assert label.startswith("VGG16")
    network, label = feature_network(None, None, store)
    assert isinstance(network, UNetFeatures)
    assert label.startswith("frozen U-Net encoder in place of VGG16")
    assert network(torch.rand(1, 1, 64, 64)).shape[2:] == (4, 4)
    assert not any(p.requires_grad for p in network.parameters())
    (tmp_path / "odd.pth").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="cannot be read as weights"):
        feature_network(tmp_path / "odd.pth", None, store)
    torch.save(VGG16Features().state_dict(), tmp_path / "vgg.pth")
    assert feature_network(tmp_path / "vgg.pth", None, store)[1].startswith("VGG16")


def test_paper_and_small_configs_come_along_for_each_system():
    for system in SYSTEMS:
        for size in ("small", "paper"):
            found, _ = read_any_config(CONFIGS / f"{system}-{size}.yaml")
            assert found == system


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_catalogue_builds_what_a_run_trains(cohort, stand_in, system):
    kind, network = SYSTEMS[system]
    values = {**QUICK, "name": "tiny", "network": network}
    if system == "autoencoder":
        values["feature_vgg"] = stand_in
    config = kind.model_validate(values)
    built = CATALOGUE[system].build(open_cohort(cohort), config, make_fabric(config))
    losses = built.step(built.draw(), 0, 0.0)
    assert all(np.isfinite(v) for v in losses.values())


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_defaults_of_a_system_are_its_small_config(system):
    kind = SYSTEMS[system][0]
    small = read_config(kind, CONFIGS / f"{system}-small.yaml", {})
    assert small.network == kind().network
    assert small.steps == kind().steps


def test_published_gans_keep_their_last_weights_whatever_validation_says(
    cohort, tmp_path, monkeypatch
):
    told = iter((3.0, 2.0, 1.0))
    monkeypatch.setattr(
        "napari_radiogen.trainers.gene_gan_judge.GeneJudge.scores",
        lambda *_: {"diameter": 0.0, "score": next(told)},
    )
    kind, network = SYSTEMS["mcgan-baseline"]
    values = {**QUICK, "name": "last", "network": network, "steps": 3, "validate_every": 1}
    run_published(cohort, kind.model_validate(values), tmp_path / "run", options=ONE_THREAD)
    assert "weights of step 3." in (tmp_path / "run" / "model.md").read_text()
