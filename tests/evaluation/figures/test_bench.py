import numpy as np

from tests.evaluation.doubles import GENES


def test_picked_subjects_are_of_different_test_patients_from_small_to_large(bench):
    rows = bench.pick(6)
    subjects = bench.subjects(rows)
    assert len({s.patient_id for s in subjects}) == 6
    assert {s.split for s in subjects} == {"test"}
    areas = bench.areas_mm2[rows]
    assert (np.diff(areas) >= 0).all()
    assert areas[-1] > areas[0]
    assert areas[0] > bench.areas_mm2.min() or len(rows) == len(bench.plan.subjects)


def test_fewer_patients_than_columns_give_all_of_them(bench):
    rows = bench.pick(100)
    assert len(rows) == len(set(bench.plan.patients)) == 12


def test_slices_masks_and_backgrounds_belong_to_the_subjects(bench):
    rows = bench.pick(4)
    table, plan = bench.cohort.slices, bench.plan
    assert tuple(table["subject_id"][plan.central[rows]]) == bench.ids(rows)
    assert (bench.real(rows) == bench.cohort.image[plan.central[rows]]).all()
    assert bench.masks(rows).any(axis=(1, 2)).all()
    used = plan.backgrounds[0, rows]
    assert (table["role"][used] == "background").all()
    assert (table["patient_id"][used] != [s.patient_id for s in bench.subjects(rows)]).all()
    assert (bench.backgrounds(rows) == bench.cohort.image[used]).all()


def test_genes_for_the_autoencoder_are_scaled_and_in_its_order(bench, models):
    rows = bench.pick(3)
    own = bench.cohort.expression.rows(bench.ids(rows))
    told = bench.unit_genes(models.mappers[0].scale, rows)
    assert bench.cohort.expression.gene_symbols == GENES
    np.testing.assert_allclose(told, np.clip((own + 4) / 8, 0, 1), rtol=1e-5)
