import json

import numpy as np
import pytest

from napari_radiogen.cohorts.invented_genes import GeneDesign, invent_expression
from napari_radiogen.cohorts.nodule_slices import cut_box, paste_background
from napari_radiogen.cohorts.plant import PlantConfig, plant_cohort
from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import Cancelled, CohortError, InputError
from napari_radiogen.genomics.components import normal_scores
from napari_radiogen.io.cohort_store import open_cohort
from tests.nodule_folder import write_nodules

DESIGN = GeneDesign(genes=200, per_factor=20)


@pytest.fixture(scope="module")
def nodules(tmp_path_factory):
    return write_nodules(tmp_path_factory.mktemp("nodules") / "in")


@pytest.fixture(scope="module")
def planted(nodules, tmp_path_factory):
    out = tmp_path_factory.mktemp("cohort") / "planted"
    report = plant_cohort(nodules, out, PlantConfig(design=DESIGN))
    return open_cohort(out), report


def test_every_inner_nodule_is_a_subject_and_the_one_at_the_border_is_not(planted):
    store, report = planted
    assert report["subjects"] == len(store.subjects) == 23
    border = store.slices["patient_id"] == "LIDC-0000"
    assert set(store.slices["role"][border]) == {"segmentation"}


def test_no_patient_stands_in_two_splits(planted):
    store, _ = planted
    homes = {}
    for subject in store.subjects:
        assert homes.setdefault(subject.patient_id, subject.split) == subject.split
    rows = zip(store.slices["patient_id"], store.slices["split"], strict=True)
    assert len(set(rows)) == len(set(store.slices["patient_id"]))


def test_each_subject_has_one_central_slice_at_its_centre(planted):
    store, _ = planted
    central = store.slices["central"] == 1
    assert sorted(store.slices["subject_id"][central]) == [s.subject_id for s in store.subjects]
    assert (store.slices["dz_mm"][central] == 0).all()
    assert store.mask[central].any(axis=(1, 2)).all()


def test_nodules_close_beyond_their_poles(planted):
    store, _ = planted
    for subject in store.subjects:
        rows = np.flatnonzero(
            (store.slices["subject_id"] == subject.subject_id) & (store.slices["role"] == "nodule")
        )
        shown = store.mask[rows].any(axis=(1, 2))[np.argsort(store.slices["dz_mm"][rows])]
        assert not shown[0]
        assert not shown[-1]


def test_paired_backgrounds_hold_no_nodule_and_backgrounds_no_mask(planted):
    store, _ = planted
    central = store.slices["central"] == 1
    inside = store.mask[central] > 0
    assert store.paired[central][inside].mean() < -800
    assert store.image[central][inside].mean() > -500
    assert not store.mask[store.slices["role"] == "background"].any()


def test_the_same_seed_gives_identical_content_and_another_does_not(nodules, planted, tmp_path):
    _, report = planted
    again = plant_cohort(nodules, tmp_path / "again", PlantConfig(design=DESIGN))
    other = plant_cohort(nodules, tmp_path / "other", PlantConfig(seed=1, design=DESIGN))
    assert again["digest"] == report["digest"]
    assert other["digest"] != report["digest"]


def test_an_altered_table_and_a_missing_part_are_refused(planted, tmp_path, nodules):
    out = tmp_path / "cohort"
    plant_cohort(nodules, out, PlantConfig(design=DESIGN))
    table = out / "subjects.csv"
    table.write_text(table.read_text().replace("LIDC-0001", "LIDC-0999"))
    with pytest.raises(CohortError, match="altered"):
        open_cohort(out)
    (out / "cohort.json").unlink()
    with pytest.raises(CohortError, match=r"cohort\.json is missing"):
        open_cohort(out)


def test_a_patient_in_two_splits_is_refused(planted, tmp_path, nodules):
    out = tmp_path / "cohort"
    plant_cohort(nodules, out, PlantConfig(design=DESIGN))
    table = out / "subjects.csv"
    lines = table.read_text().splitlines()
    cells = lines[1].split(",")
    other = "train" if cells[2] == "test" else "test"
    twin = ",".join([lines[2].split(",")[0], cells[1], other, *cells[3:]])
    table.write_text("\n".join([*lines[:2], twin, *lines[3:]]) + "\n")
    with pytest.raises(CohortError, match="two splits"):
        open_cohort(out, verify=False)


def test_a_stop_or_a_taken_place_leaves_nothing_behind(nodules, tmp_path):
    with pytest.raises(Cancelled):
        plant_cohort(nodules, tmp_path / "out", PlantConfig(design=DESIGN), cancelled=lambda: True)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "out").mkdir()
    with pytest.raises(CohortError, match="already exists"):
        plant_cohort(nodules, tmp_path / "out", PlantConfig(design=DESIGN))


def test_an_index_that_points_outside_is_refused(nodules, tmp_path):
    folder = tmp_path / "in"
    (folder / "patches").mkdir(parents=True)
    (folder / "index.csv").write_text("image,mask,pid\n../../x.mha,y.mha,P\n")
    with pytest.raises(InputError, match="outside"):
        plant_cohort(folder, tmp_path / "out", PlantConfig(design=DESIGN))


def test_invented_genes_follow_their_factor_and_null_genes_do_not():
    rng = np.random.default_rng(0)
    factor = normal_scores(rng.normal(size=400))
    ids = tuple(f"P{i}" for i in range(400))
    matrix, truth = invent_expression({"size": factor}, ids, DESIGN, rng)
    follows = np.array([truth["genes"][g]["module"] == "size" for g in matrix.gene_symbols])
    loading = np.array([truth["genes"][g]["loading"] for g in matrix.gene_symbols])
    r = np.array([np.corrcoef(factor, column)[0, 1] for column in matrix.values.T])
    assert follows.sum() == DESIGN.per_factor
    assert np.corrcoef(r[follows], loading[follows])[0, 1] > 0.9
    assert np.abs(r[~follows]).mean() < 0.06
    assert all(g.startswith("PLG") for g in matrix.gene_symbols)


def test_a_flipped_patch_gives_the_same_upright_slices():
    rng = np.random.default_rng(0)
    voxels = rng.normal(-800, 50, (50, 50, 50)).astype(np.int16)
    mask = np.zeros((50, 50, 50), np.uint8)
    mask[20:30, 18:28, 22:32] = 1
    upright = VolumeGeometry((50,) * 3, (1.0,) * 3, (0, 0, 0))
    flipped = VolumeGeometry((50,) * 3, (1.0,) * 3, (49, 49, 0), (-1, 0, 0, 0, -1, 0, 0, 0, 1))
    one = cut_box(CTVolume(voxels, upright), LabelVolume(mask, upright))
    turned = voxels[:, ::-1, ::-1].copy(), mask[:, ::-1, ::-1].copy()
    two = cut_box(CTVolume(turned[0], flipped), LabelVolume(turned[1], flipped))
    assert np.array_equal(one.image, two.image)
    assert np.array_equal(one.mask, two.mask)


def test_pasting_changes_the_nodule_and_leaves_the_rest():
    image = np.full((64, 64), -850, np.int16)
    mask = np.zeros((64, 64), np.uint8)
    mask[28:36, 28:36] = 1
    image[mask > 0] = 50
    pasted = paste_background(image, mask, np.full((64, 64), -900, np.int16))
    assert (pasted[mask > 0] == -900).all()
    assert (pasted[:20] == -850).all()


def test_truth_holds_the_ceiling_of_every_factor(planted):
    store, report = planted
    assert set(store.truth["ceiling"]) == {"diameter", "mean_hu", "spiculation"}
    assert json.dumps(report["ceiling"]) == json.dumps(store.truth["ceiling"])
