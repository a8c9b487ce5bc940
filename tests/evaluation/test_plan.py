import dataclasses

import numpy as np
import pytest

from napari_radiogen.constants import NODULE_PATIENT
from napari_radiogen.domain import ExpressionMatrix, Subject
from napari_radiogen.errors import CohortError, ModelError
from napari_radiogen.evaluation.plan import (
    plan_draws,
    require_fit,
    require_unseen,
    subject_metagenes,
)
from napari_radiogen.evaluation.settings import ControlSettings
from tests.evaluation.doubles import GENES, DiscGenerator, identity_metagenes

SETTINGS = ControlSettings(draws=16)


@pytest.fixture(scope="module")
def plan(cohort):
    return plan_draws(cohort, SETTINGS)


def without(cohort, keep):
    slices = {name: column[keep] for name, column in cohort.slices.items()}
    altered = dataclasses.replace(cohort, slices=slices)
    altered.__dict__.update(image=cohort.image[keep], mask=cohort.mask[keep])
    return altered


def test_only_test_subjects_are_planned(plan, cohort):
    assert plan.subjects == cohort.split.test
    assert {cohort.slices["split"][row] for row in plan.central} == {"test"}
    assert (cohort.slices["dz_mm"][plan.central] == 0).all()


def test_backgrounds_are_natural_and_of_another_test_patient(plan, cohort):
    rows = plan.backgrounds
    assert rows.shape == (16, len(plan.subjects))
    assert (cohort.slices["role"][rows] == "background").all()
    assert (cohort.slices["split"][rows] == "test").all()
    assert not cohort.mask[rows.ravel()].any()
    assert (cohort.slices["patient_id"][rows] != np.array(plan.patients)).all()


def test_validation_subjects_are_planned_where_a_recipe_is_chosen(cohort, plan):
    moved = tuple(
        dataclasses.replace(s, split="validation") if s.split == "test" else s
        for s in cohort.subjects
    )
    column = np.where(cohort.slices["split"] == "test", "validation", cohort.slices["split"])
    altered = dataclasses.replace(cohort, subjects=moved, slices={**cohort.slices, "split": column})
    planned = plan_draws(altered, SETTINGS, "validation")
    assert [s.subject_id for s in planned.subjects] == [s.subject_id for s in plan.subjects]
    assert np.array_equal(planned.backgrounds, plan.backgrounds)
    with pytest.raises(CohortError, match="3 test subjects"):
        plan_draws(altered, SETTINGS)


def test_no_background_repeats_while_there_are_others(plan):
    assert all(len(set(column)) == 16 for column in plan.backgrounds.T)


def test_swaps_never_return_the_subject(plan):
    count = len(plan.subjects)
    assert sorted(plan.partners) == list(range(count))
    assert (plan.partners != np.arange(count)).all()


def test_a_background_that_shows_a_nodule_is_refused(cohort):
    altered = dataclasses.replace(cohort)
    altered.__dict__.update(mask=np.ones_like(cohort.mask))
    with pytest.raises(CohortError, match="shows a nodule"):
        plan_draws(altered, SETTINGS)


def test_without_backgrounds_of_others_there_is_no_test(cohort):
    own = (cohort.slices["role"] != "background") | (cohort.slices["patient_id"] == "P10")
    with pytest.raises(CohortError, match="no test patient other than P10"):
        plan_draws(without(cohort, own), SETTINGS)


def test_a_subject_without_central_slice_or_attribute_is_refused(cohort, plan):
    keep = np.arange(len(cohort.slices["role"])) != plan.central[3]
    with pytest.raises(CohortError, match=f"{plan.subjects[3].subject_id} has 0 central"):
        plan_draws(without(cohort, keep), SETTINGS)
    blank = tuple(dataclasses.replace(s, attributes={}) for s in cohort.subjects)
    with pytest.raises(CohortError, match="attribute diameter"):
        plan_draws(dataclasses.replace(cohort, subjects=blank), SETTINGS)


def test_genes_are_matched_by_symbol(cohort, plan):
    backwards = identity_metagenes(GENES[::-1])
    scores = subject_metagenes(cohort, backwards, plan.subjects)
    expected = cohort.expression.rows(tuple(s.subject_id for s in plan.subjects))
    np.testing.assert_array_equal(scores, expected[:, ::-1])


def test_a_missing_gene_is_named_and_counts_are_refused(cohort, plan):
    with pytest.raises(ModelError, match="1 genes are not in the cohort: PHG9"):
        subject_metagenes(cohort, identity_metagenes(("PHG1", "PHG9")), plan.subjects)
    table = cohort.expression
    counts = ExpressionMatrix(table.values, table.patient_ids, table.gene_symbols, "counts")
    with pytest.raises(CohortError, match="log2"):
        subject_metagenes(
            dataclasses.replace(cohort, expression=counts), identity_metagenes(), plan.subjects
        )


def test_a_measuring_network_that_saw_test_patients_is_refused(cohort):
    tested = cohort.split.test[0].patient_id
    trained = {s.patient_id for s in cohort.split.train}
    require_unseen("judge", trained, cohort)
    with pytest.raises(ModelError, match=f"judge: was trained or chosen on 1 .* {tested}"):
        require_unseen("judge", trained | {tested}, cohort)


def test_a_model_that_saw_test_patients_is_refused(cohort):
    require_fit(DiscGenerator(subjects=cohort.subjects), cohort)
    for split in ("train", "validation"):
        moved = tuple(dataclasses.replace(s, split=split) for s in cohort.split.test[:2])
        with pytest.raises(ModelError, match=r"1 of the cohort's test patients, such as P06"):
            require_fit(DiscGenerator(subjects=moved), cohort)


def surrogate_of(cohort, lenders):
    """The same cohort with the nodules lent by other people, subject id to lender."""
    subjects = tuple(
        dataclasses.replace(s, clinical={NODULE_PATIENT: lenders.get(s.subject_id, s.subject_id)})
        for s in cohort.subjects
    )
    return dataclasses.replace(cohort, subjects=subjects)


def test_whoever_lent_a_test_nodule_must_be_unseen_too(cohort):
    tested = cohort.split.test[0]
    altered = surrogate_of(cohort, {tested.subject_id: "LIDC-7"})
    require_unseen("judge", {"LIDC-8"}, altered)
    with pytest.raises(ModelError, match="such as LIDC-7"):
        require_unseen("judge", {"LIDC-7"}, altered)
    learned = dataclasses.replace(tested, split="train", clinical={NODULE_PATIENT: "LIDC-7"})
    seen = (dataclasses.replace(learned, patient_id="R-1"),)
    with pytest.raises(ModelError, match="such as LIDC-7"):
        require_fit(DiscGenerator(subjects=seen), altered)


def test_a_background_is_of_neither_the_genes_nor_the_nodule_s_patient(cohort):
    first = cohort.split.test[0]
    others = [s for s in cohort.split.test if s.patient_id != first.patient_id]
    shared = {s.subject_id: "LIDC-7" for s in (first, *others[:-2])}
    altered = surrogate_of(cohort, shared)
    plan = plan_draws(altered, SETTINGS)
    at = plan.subjects.index(next(s for s in altered.subjects if s.subject_id == first.subject_id))
    owners = set(cohort.slices["subject_id"][plan.backgrounds[:, at]])
    assert owners
    assert not owners & set(shared)


def test_a_model_of_drawn_patients_is_judged_on_its_own_cohort_only(cohort):
    nobody = (Subject("SUR-D01", "SUR-D01", "drawn"),)
    require_fit(DiscGenerator(subjects=nobody, cohort_digest=cohort.digest), cohort)
    with pytest.raises(ModelError, match="does not tell which patients it learned from"):
        require_fit(DiscGenerator(subjects=nobody, cohort_digest="other"), cohort)


def test_z_scores_meet_a_model_of_z_scores(cohort, plan):
    table = dataclasses.replace(cohort.expression, scale="zscore")
    scored = dataclasses.replace(cohort, expression=table)
    with pytest.raises(CohortError, match="expected log2"):
        subject_metagenes(scored, identity_metagenes(), plan.subjects)
    learned = dataclasses.replace(identity_metagenes(), scale="zscore")
    assert subject_metagenes(scored, learned, plan.subjects).shape == (len(plan.subjects), 3)


def test_a_model_on_another_grid_is_refused(cohort):
    for change in ({"pixel_mm": 0.9}, {"size_px": 128}, {"hu_range": (-1000.0, 400.0)}):
        with pytest.raises(ModelError, match="slices are"):
            require_fit(DiscGenerator(**change), cohort)
