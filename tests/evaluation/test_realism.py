import csv
import io

import numpy as np
import pytest

from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.blinded_sheet import draw_blinded
from napari_radiogen.evaluation.realism import Sheet, evaluate_realism, features, tell_apart
from tests.evaluation.doubles import SIZE, Ball, ThresholdNetwork, disc

PATIENTS = tuple(f"P{i:02d}" for i in range(30))


def _sheet(shift_hu):
    rng = np.random.default_rng(0)

    def nodules(hu):
        radii = rng.uniform(4, 12, len(PATIENTS))
        masks = np.stack([disc(r) for r in radii])
        noise = rng.normal(0, 20, (len(PATIENTS), SIZE, SIZE))
        return (np.where(masks, hu, -850) + noise).astype(np.float32), masks

    real, real_masks = nodules(0)
    made, made_masks = nodules(shift_hu)
    return Sheet(real, made, real_masks, made_masks, PATIENTS)


def _auc(sheet):
    from sklearn.metrics import roc_auc_score

    scores, labels, owners = tell_apart(sheet, (-1000.0, 500.0))
    assert owners == PATIENTS * 2
    return roc_auc_score(labels, scores)


def test_other_nodules_are_told_apart_and_the_same_kind_is_not():
    assert _auc(_sheet(300.0)) > 0.9
    assert 0.2 < _auc(_sheet(0.0)) < 0.8


def test_the_report_names_its_cohort_and_compares_with_chance(cohort):
    report, sheet = evaluate_realism(Ball(), ThresholdNetwork(), cohort)
    assert report.cohort_kind == "planted"
    assert (report.subjects, report.patients) == (24, 12)
    assert report.ci95[0] <= report.auc <= report.ci95[1]
    assert set(report.radiomics) == set(report.radiomics_chance)
    assert report.radiomics["diameter"] < 0.5
    shifted = features(sheet.real + 200 * sheet.real_masks, sheet.real_masks, cohort.pixel_mm)
    plain = features(sheet.real, sheet.real_masks, cohort.pixel_mm)
    assert shifted["mean_hu"] == pytest.approx(plain["mean_hu"] + 200)


class Blind(ThresholdNetwork):
    def masks(self, images, pixel_mm):
        return np.zeros(images.shape, bool)


def test_a_model_that_paints_no_nodule_is_one_line(cohort):
    with pytest.raises(ModelError, match="finds no nodule in 24 painted slices"):
        evaluate_realism(Ball(), Blind(), cohort)


def test_the_blinded_sheet_is_half_synthetic_and_its_key_says_which():
    sheet = _sheet(0.0)
    picture, key = draw_blinded(sheet, count=12, seed=3)
    assert picture.startswith(b"\x89PNG")
    rows = list(csv.DictReader(io.StringIO(key)))
    assert [r["number"] for r in rows] == [str(i) for i in range(1, 13)]
    kinds = [r["kind"] for r in rows]
    assert kinds.count("real") == kinds.count("synthetic") == 6
    assert kinds != ["real"] * 6 + ["synthetic"] * 6
    assert len({r["patient"] for r in rows}) == 12
    assert draw_blinded(sheet, count=12, seed=3)[1] == key
