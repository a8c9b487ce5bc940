import dataclasses

import numpy as np
import pytest

from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.control import evaluate_control
from napari_radiogen.evaluation.settings import ControlSettings
from tests.evaluation.doubles import DiscGenerator, ThresholdNetwork

QUICK = ControlSettings(draws=4, resamples=100, leakage_draws=2, diversity_draws=3)


def judge(cohort, generator, **options):
    return evaluate_control(generator, ThresholdNetwork(), cohort, settings=QUICK, **options)


@pytest.fixture(scope="module")
def honest(cohort):
    permuted = [DiscGenerator(name=f"p{i}", digest=f"p{i}", scramble=i) for i in (1, 2)]
    return judge(cohort, DiscGenerator(), permuted=permuted)


def test_a_faithful_generator_is_recognised(honest):
    for name in ("diameter", "mean_hu"):
        fidelity = honest.attributes[name]
        assert fidelity.control.spearman > 0.95
        assert fidelity.control.spearman_mean >= fidelity.control.spearman
        low, high = fidelity.control.ci95
        assert 0.85 < low <= fidelity.control.spearman <= high <= 1
        assert fidelity.r2 > 0.9
        assert fidelity.slope == pytest.approx(1, abs=0.1)
        assert fidelity.ceiling > 0.8
        assert fidelity.gene_share > 0.9
    assert honest.leakage < 0.02
    assert honest.background_psnr_db == float("inf")
    assert honest.composite_exact
    assert honest.mask_dice == pytest.approx(1.0)
    assert honest.repeat_difference_hu == 0
    assert honest.measuring_unet.dice == pytest.approx(1.0)
    assert (honest.subjects, honest.patients, honest.draws) == (24, 12, 4)


def test_sweeps_show_what_each_gene_does(honest, cohort):
    for name in ("diameter", "mean_hu"):
        assert honest.sweeps.slope_cosine[name] > 0.9
    deaf = judge(cohort, DiscGenerator(deaf=True))
    assert abs(deaf.sweeps.monotonicity["diameter"]) < 0.5
    assert honest.sweeps.monotonicity["diameter"] > deaf.sweeps.monotonicity["diameter"]


def test_of_many_genes_those_that_tell_most_are_swept(monkeypatch, cohort):
    swept = []

    class Counting(DiscGenerator):
        def generate(self, backgrounds_hu, metagenes, dz_mm, noise):
            alone = (metagenes != 0).sum(axis=1) == 1
            swept.extend(np.flatnonzero(row)[0] for row in metagenes[alone])
            return super().generate(backgrounds_hu, metagenes, dz_mm, noise)

    monkeypatch.setattr("napari_radiogen.evaluation.sweeps.MOST_SWEPT", 2)
    monkeypatch.setattr("napari_radiogen.evaluation.control.MOST_SWEPT", 2)
    report = judge(cohort, Counting())
    # The third gene tells nothing of any attribute.
    assert set(swept) == {0, 1}
    assert report.sweeps.slope_cosine["diameter"] > 0.9


def test_a_faithful_nodule_finds_its_patient_and_copies_nobody(honest, cohort):
    assert honest.retrieval.mrr > 3 * honest.retrieval.chance_top1
    assert honest.retrieval.top1 <= honest.retrieval.top5
    assert honest.retrieval.chance_top1 == pytest.approx(1 / 24)
    deaf = judge(cohort, DiscGenerator(deaf=True))
    assert deaf.retrieval.mrr < honest.retrieval.mrr
    assert honest.memorisation > 0.5


def test_the_ceiling_of_the_planted_factor_is_quoted_where_known(honest):
    assert honest.attributes["diameter"].ceiling_of_factor == 0.9
    assert honest.attributes["mean_hu"].ceiling_of_factor is None


def test_without_genes_control_is_at_chance(honest):
    for name in ("diameter", "mean_hu"):
        control = honest.mean_genes[name]
        assert abs(control.spearman) < 0.3
        assert control.ci95[0] < 0 < control.ci95[1]


def test_permuted_models_set_the_bar(honest):
    values = [run.spearman["diameter"] for run in honest.permuted]
    mean, largest = honest.null("diameter")
    assert mean == pytest.approx(np.mean(values))
    assert largest == np.abs(values).max()
    assert honest.above_null("diameter")
    low = honest.attributes["diameter"].control.ci95[0]
    strong = dataclasses.replace(honest.permuted[0], spearman={"diameter": -low})
    assert not dataclasses.replace(honest, permuted=(strong,)).above_null("diameter")


def test_a_gene_blind_generator_has_no_control(cohort):
    report = judge(cohort, DiscGenerator(deaf=True))
    for fidelity in report.attributes.values():
        assert abs(fidelity.control.spearman) < 0.3
        assert abs(fidelity.slope) < 0.3
    assert report.permuted == ()
    assert report.above_null("diameter") is None
    assert np.isnan(report.null("diameter")).all()


def test_a_leak_is_measured(cohort):
    report = judge(cohort, DiscGenerator(leak_hu=40))
    assert report.leakage > 0.02
    assert 20 < report.background_psnr_db < 60


def test_a_touched_background_is_not_exact(cohort):
    assert not judge(cohort, DiscGenerator(touches_background=True)).composite_exact


def test_vanished_nodules_are_counted_and_never_flatter(cohort, honest):
    report = judge(cohort, DiscGenerator(vanish_above=1.0))
    assert report.empty_masks["true_genes"] > 0
    assert report.empty_masks["mean_genes"] == 0
    for name in ("diameter", "mean_hu"):
        worse, whole = report.attributes[name], honest.attributes[name]
        assert worse.control.spearman < whole.control.spearman - 0.1
    assert report.mask_dice < 0.95


def test_noise_without_effect_is_a_collapse(cohort, honest):
    report = judge(cohort, DiscGenerator(same_whatever_noise=True))
    assert report.diversity == pytest.approx(0.0, abs=1e-6)
    assert honest.diversity > 0.25


def test_an_answer_that_changes_is_reported(cohort):
    report = judge(cohort, DiscGenerator(forgetful=np.random.default_rng(0)))
    assert report.repeat_difference_hu > 0


def test_the_same_seed_gives_the_same_report(cohort, honest):
    again = judge(cohort, DiscGenerator(), permuted=()).to_json()
    first = honest.to_json()
    for key in ("mean_genes", "leakage", "diversity", "mask_dice"):
        assert again[key] == first[key]
    other = evaluate_control(
        DiscGenerator(), ThresholdNetwork(), cohort, settings=dataclasses.replace(QUICK, seed=1)
    )
    assert other.to_json()["mean_genes"] != first["mean_genes"]


def test_progress_rises_to_the_end(cohort):
    seen = []
    judge(cohort, DiscGenerator(), progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


def test_a_small_cohort_is_said_to_be_small(honest):
    text = " | ".join(honest.warnings)
    assert "24 test subjects, expected at least 60" in text
    assert "12 test patients, expected at least 40" in text
    assert "4 draws, expected at least 16" in text
    assert "permuted" not in text


def test_a_null_needs_models_of_its_own(cohort):
    with pytest.raises(ModelError, match="twice"):
        judge(cohort, DiscGenerator(), permuted=[DiscGenerator(name="again")])


def test_json_has_the_form_of_the_protocol(honest):
    report = honest.to_json()
    for name in ("diameter", "mean_hu", "spiculation"):
        needed = {"spearman", "spearman_mean", "ci95", "r2", "slope", "ceiling"}
        assert needed <= set(report["attributes"][name])
        assert set(report["permuted"][name]) == {"mean", "max_abs"}
        assert {"spearman", "spearman_mean"} <= set(report["mean_genes"][name])
        assert name in report["measuring_unet"]["bias"]
    assert report["permuted"]["runs"] == 2
    assert {
        "leakage",
        "background_psnr_db",
        "composite_exact",
        "diversity",
        "mask_dice",
        "retrieval_top1",
        "memorisation",
        "memorisation_alarm",
        "monotonicity",
        "slope_cosine",
        "subjects",
        "patients",
        "draws",
    } <= set(report)
