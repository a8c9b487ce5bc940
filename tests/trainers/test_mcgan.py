import csv
import json

import numpy as np
import pytest
import torch

from napari_radiogen.errors import Cancelled, InputError, RadiogenError
from napari_radiogen.inference.generator import load_generator
from napari_radiogen.inference.library import find_model
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.models.checkpoint import unpack
from napari_radiogen.models.mcgan import GeneratorOutput
from napari_radiogen.trainers import mcgan_package
from napari_radiogen.trainers.config import read_config
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_judge import Judge, TrainedGenerator, choose_use
from napari_radiogen.trainers.mcgan_package import fit_cohort_metagenes
from napari_radiogen.trainers.mcgan_run import run_mcgan
from napari_radiogen.trainers.run import Clock, RunFolder, RunOptions
from napari_radiogen.trainers.slices import area_share, augment, central_rows, draw_batch, slice_set
from napari_radiogen.trainers.state import FORMAT

TINY = {
    "name": "tiny",
    "network": {"metagenes": 10, "base": 4, "discriminator_base": 4, "code_dim": 16},
    "batch": 4,
    "warm_steps": 2,
    "steps": 4,
    "regressor_steps": 4,
    "validate_every": 2,
    "r1_every": 1,
}
ONE = RunOptions(threads=1)


@pytest.fixture(scope="module")
def run(cohort):
    out = cohort.parent / "run"
    run_mcgan(cohort, MCGANTraining.model_validate(TINY), out, options=ONE)
    return out


def test_a_run_leaves_config_log_weights_and_card(run, cohort):
    rows = list(csv.DictReader((run / "log.csv").open()))
    assert [r["step"] for r in rows] == ["2", "4"]
    about = json.loads((run / "run.json").read_text())
    assert about["config"]["name"] == "tiny"
    assert about["cohort"]["digest"] == open_cohort(cohort).digest
    card = (run / "model.md").read_text()
    assert "Research use only" in card
    assert "expression is invented" in card


def test_the_model_opens_with_the_cohort_s_subjects_and_maps(run, cohort):
    generator = load_generator(str(run))
    store = open_cohort(cohort)
    assert generator.subject_ids == tuple(s.subject_id for s in store.subjects)
    assert generator.cohort_kind == "planted"
    assert set(generator.codes.coordinates) == {"t-SNE", "UMAP", "PCA"}
    expected = generator.metagenes.transform(store.expression.values)
    assert generator.subject_metagenes == pytest.approx(expected, abs=1e-5)


def test_a_permuted_run_is_a_null_model_in_half_precision(cohort, tmp_path):
    config = MCGANTraining.model_validate({**TINY, "permute": 1, "name": "tiny-null"})
    run_mcgan(cohort, config, tmp_path / "null", options=ONE)
    assert "null model" in (tmp_path / "null" / "model.md").read_text()
    ours = (cohort.parent / "run" / "model.safetensors").stat().st_size
    assert (tmp_path / "null" / "model.safetensors").stat().st_size < ours
    assert find_model(tmp_path / "null").name == "tiny-null"


def test_a_run_in_half_precision_with_an_outline_and_agreeing_genes_gives_a_model(cohort, tmp_path):
    asked = {
        "weighting": "loading",
        "agreement": True,
        "segmenter_steps": 4,
        "precision": "bf16-mixed",
        "central": 0.5,
        "outline": 2.0,
    }
    config = MCGANTraining.model_validate({**TINY, **asked})
    run_mcgan(cohort, config, tmp_path / "run", options=ONE)
    (last,) = list(csv.DictReader((tmp_path / "run" / "log.csv").open()))[-1:]
    assert np.isfinite(float(last["outline"]))
    store = open_cohort(cohort)
    fitted = fit_cohort_metagenes(store, 10, "loading")
    generator = load_generator(str(tmp_path / "run"))
    assert generator.metagenes.weights == pytest.approx(fitted.weights)


def test_a_stopped_run_goes_on_exactly(run, cohort, tmp_path):
    def stop(done, note):
        if note.startswith("step 3/"):
            raise Cancelled

    config = MCGANTraining.model_validate(TINY)
    with pytest.raises(Cancelled):
        run_mcgan(cohort, config, tmp_path / "run", options=ONE, progress=stop)
    resumed = RunOptions(resume=True, threads=1)
    run_mcgan(cohort, config, tmp_path / "run", options=resumed)
    one, two = (
        unpack((f / "checkpoint.safetensors").read_bytes(), kind=FORMAT)
        for f in (run, tmp_path / "run")
    )
    assert {n.split(".")[1] for n in one[0] if n.startswith("network.")} >= {
        "generator",
        "discriminator",
        "average",
        "auxiliary",
    }
    assert [k for k in one[0] if not torch.equal(one[0][k], two[0][k])] == []
    assert one[1]["optimisers"] == two[1]["optimisers"]


def test_a_map_that_fails_costs_no_run(cohort, tmp_path, monkeypatch):
    def fail(codes):
        assert (tmp_path / "run" / "model.safetensors").is_file()
        raise ModuleNotFoundError

    told = []
    monkeypatch.setattr(mcgan_package, "umap", fail)
    options = RunOptions(threads=1, say=told.append)
    run_mcgan(cohort, MCGANTraining.model_validate(TINY), tmp_path / "run", options=options)
    generator = load_generator(str(tmp_path / "run"))
    assert set(generator.codes.coordinates) == {"t-SNE", "PCA"}
    assert "map UMAP could not be made" in (tmp_path / "run" / "model.md").read_text()
    assert "UMAP" in told[-1]


def test_permuting_deals_the_same_genes_to_other_subjects(cohort):
    store = open_cohort(cohort)
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    plain = slice_set(store, "train", scores).metagenes.numpy()
    dealt = slice_set(store, "train", scores, permute=3).metagenes.numpy()
    assert not np.array_equal(plain, dealt)
    assert np.array_equal(np.sort(plain, axis=0), np.sort(dealt, axis=0))


def test_training_slices_hold_training_patients_only(cohort):
    store = open_cohort(cohort)
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    data = slice_set(store, "train", scores)
    assert set(data.subject_ids) == {s.subject_id for s in store.split.train}


def test_a_batch_pairs_each_slice_with_another_subject_and_large_slices_on_request(cohort):
    store = open_cohort(cohort)
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    data = slice_set(store, "train", scores)
    batch = draw_batch(data, 8, 0.0, torch.Generator().manual_seed(0), least_share=0.6)
    assert batch.image.shape == batch.other_image.shape == (8, 1, 64, 64)
    assert batch.mask.flatten(1).sum(dim=1).min() > 0
    shares = area_share(data)
    assert shares.max() == 1
    assert shares.min() == 0


def test_the_same_share_of_both_halves_is_asked_at_the_centre():
    assert central_rows(16, 0.25).tolist() == [0, 1, 8, 9]
    assert central_rows(16, 0.0).tolist() == []


def test_a_batch_turns_image_mask_and_background_alike(cohort):
    store = open_cohort(cohort)
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    data = slice_set(store, "train", scores)
    batch = draw_batch(data, 16, 0.0, torch.Generator().manual_seed(5), least_share=0.6)
    changed = (batch.image - batch.paired).abs() > 0.3
    inside = batch.mask > 0
    assert (changed & inside).sum() > 0.8 * changed.sum()


def test_augmentation_moves_images_together_and_never_their_intensity():
    image = torch.rand(2, 1, 64, 64)
    one, two = augment(image, image.clone(), rng=torch.Generator().manual_seed(1))
    assert torch.equal(one, two)
    assert set(one.flatten().tolist()) <= set(image.flatten().tolist())


def test_a_stop_and_a_used_folder_are_refused(cohort, run, tmp_path):
    config = MCGANTraining.model_validate(TINY)
    with pytest.raises(Cancelled):
        run_mcgan(cohort, config, tmp_path / "stopped", options=ONE, cancelled=lambda: True)
    assert not (tmp_path / "stopped" / "model.safetensors").exists()
    with pytest.raises(RadiogenError, match="not empty"):
        RunFolder(run)


def test_the_clock_stops_at_the_last_step_or_when_time_is_up():
    notes = []
    clock = Clock(3, None, lambda f, m: notes.append((f, m)), None)
    assert [clock.goes_on(i, "x") for i in (1, 2, 3)] == [True, True, False]
    assert notes[-1][0] == 1.0
    assert "step 3/3" in notes[-1][1]
    hurried = Clock(10**6, 1e-9, None, None)
    assert not hurried.goes_on(1, "x")


def test_configs_refuse_what_they_do_not_know(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("system: mcgan\nname: mine\nsteps: 5\n")
    assert read_config(MCGANTraining, file, {"seed": 3}).model_dump()["seed"] == 3
    file.write_text("stepps: 5\n")
    with pytest.raises(InputError, match="stepps"):
        read_config(MCGANTraining, file, {})
    with pytest.raises(InputError, match="steps"):
        read_config(MCGANTraining, None, {"steps": 0})


class _FixedJudge:
    """Scores settings from a table instead of measuring."""

    def __init__(self, table):
        self.table = table

    def scores(self, generator, noise_scale=1.0):
        return {"score": self.table.get(noise_scale, 0.0)}


def test_the_best_noise_is_taken_and_of_equals_the_quietest():
    trained = TrainedGenerator(None, 5, {"score": 0.3}, 1.0)
    assert choose_use(trained, _FixedJudge({1.0: 0.9, 0.5: 0.5})).noise_scale == 1.0
    alike = choose_use(trained, _FixedJudge({1.0: 0.9, 0.5: 0.89}))
    assert alike.noise_scale == 0.5
    assert alike.validation == {"score": 0.89}


class _Painter(torch.nn.Module):
    """Paints a disc whose area follows the first metagene, whose HU the second."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def encode(self, metagenes):
        return metagenes

    def forward(self, background, code, dz_mm, noise):
        y, x = torch.meshgrid(torch.arange(64.0) - 31.5, torch.arange(64.0) - 31.5, indexing="ij")
        radius = (20 + code[:, 0]).view(-1, 1, 1, 1)
        logits = radius - torch.hypot(y, x)
        image = (0.1 * code[:, 1]).view(-1, 1, 1, 1).expand_as(logits)
        return GeneratorOutput(image, logits, logits)


def test_effects_say_what_a_metagene_does(cohort):
    store = open_cohort(cohort)
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    judge = Judge(slice_set(store, "validation", scores), store)
    painter = _Painter(MCGANTraining.model_validate(TINY).network)
    effects = judge.effects(TrainedGenerator(painter, 1, {}, 1.0))
    assert effects.shape == (10, 3)
    # One unit is a pixel of radius: 2 x 0.75 mm of diameter.
    assert effects[0, 0] * judge.spread["diameter"] == pytest.approx(1.5, rel=0.05)
    assert effects[1, 1] > 0
    assert abs(effects[1, 0]) < 1e-6
    assert np.abs(effects[2:]).max() < 1e-6
