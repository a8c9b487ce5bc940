"""A phantom cohort to train on: whole, repeatable, and its truth is what the renderer does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen import cli
from napari_radiogen.cohorts import phantom_patient
from napari_radiogen.cohorts.check import check_cohort
from napari_radiogen.cohorts.phantom_cohort import PhantomConfig, phantom_cohort
from napari_radiogen.cohorts.phantom_patient import look_at, nodule_centre
from napari_radiogen.cohorts.phantom_people import draw_people
from napari_radiogen.cohorts.voi import CutConfig
from napari_radiogen.constants import ATTRIBUTES, PIXEL_MM
from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.errors import Cancelled, CohortError, InputError
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.io.cohort_store import CohortStore, open_cohort
from napari_radiogen.phantom import Scene, lungs
from napari_radiogen.phantom.biology import morphology_of
from napari_radiogen.phantom.fields import Lattice
from napari_radiogen.phantom.stage import NOISE_SCALES_MM, SLICE_HU, Interior, Stage

CONFIG = PhantomConfig(patients=6, seed=0, genes=120, backgrounds=2)
CUT = CutConfig(48.0, backgrounds=2)


@pytest.fixture(scope="module", autouse=True)
def sparse_vessels() -> Iterator[None]:
    """Grow few vessels: trees are two thirds of a patient's time."""

    def grow(scene: Scene, step: object = None) -> Interior:
        rng = np.random.default_rng(scene.seed)
        textures = {name: Lattice.draw(rng, 4 * mm) for name, mm in NOISE_SCALES_MM.items()}
        return Interior(textures, *lungs.grow_trees(rng, scene.who, per_cm3=0.2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phantom_patient.Interior, "grow", staticmethod(grow))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("phantom") / "cohort"
    phantom_cohort(out, CONFIG, workers=1)
    return out


@pytest.fixture(scope="module")
def cohort(folder: Path) -> CohortStore:
    return open_cohort(folder)


def test_the_folder_is_whole_and_called_phantom(folder: Path, cohort: CohortStore) -> None:
    assert check_cohort(folder).faults == ()
    assert (cohort.kind, cohort.name) == ("phantom", "phantom-seed0")
    assert (cohort.size_px, cohort.pixel_mm) == (64, PIXEL_MM)
    assert all(s.patient_id.startswith("PHANTOM-") for s in cohort.subjects)
    assert all(g.startswith("PHG") for g in cohort.expression.gene_symbols)
    assert cohort.expression.scale == "log2"
    assert len(cohort.expression.gene_symbols) == CONFIG.genes
    assert all(cohort.split.groups().values())
    assert "invented" in cohort.truth["note"]


def test_each_nodule_has_slices_poles_and_one_centre(cohort: CohortStore) -> None:
    columns = cohort.slices
    for subject in cohort.subjects:
        own = np.flatnonzero(columns["subject_id"] == subject.subject_id)
        rows = own[columns["role"][own] == "nodule"]
        offsets = columns["dz_mm"][rows]
        assert np.diff(offsets) == pytest.approx(1.5)
        central = rows[columns["central"][rows] == 1]
        assert columns["dz_mm"][central] == 0
        assert not columns["area_mm2"][rows[[0, -1]]].any()
        assert columns["area_mm2"][central] > 0
        measured = slice_attributes(cohort.image[central[0]], cohort.mask[central[0]], PIXEL_MM)
        assert subject.attributes == pytest.approx(measured, rel=1e-4)
        assert (columns["role"][own] == "background").sum() == CONFIG.backgrounds
        assert {"coronal", "sagittal"} <= set(columns["plane"][own])


def test_the_paired_slice_is_the_same_patient_without_the_nodule(cohort: CohortStore) -> None:
    rows = np.flatnonzero(cohort.slices["central"] == 1)
    image, twin = cohort.image[rows].astype(int), cohort.paired[rows].astype(int)
    inside = cohort.mask[rows] > 0
    assert (image - twin)[inside].mean() > 200
    far = np.ones((64, 64), dtype=bool)
    far[8:-8, 8:-8] = False
    assert (np.abs(image - twin)[:, far] <= 1).mean() > 0.95


def test_the_centroid_lies_in_the_middle(cohort: CohortStore) -> None:
    for row in np.flatnonzero(cohort.slices["central"] == 1):
        middle = np.argwhere(cohort.mask[row]).mean(axis=0)
        assert middle == pytest.approx([31.5, 31.5], abs=5)


def test_stopped_and_continued_it_is_the_same_cohort(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    whole = phantom_patient._rendered

    def counted(person: phantom_patient.Person, *rest: object) -> object:
        seen.append(person.patient_id)
        return whole(person, *rest)

    monkeypatch.setattr(phantom_patient, "_rendered", counted)
    out = tmp_path / "again"
    with pytest.raises(Cancelled):
        phantom_cohort(out, CONFIG, workers=1, cancelled=lambda: len(seen) == 3)
    assert not out.exists()
    told: list[float] = []
    report = phantom_cohort(out, CONFIG, workers=1, progress=lambda f, _: told.append(f))
    assert report.digest == open_cohort(folder).digest
    assert seen.count("PHANTOM-0001") == 1
    assert told == sorted(told)
    assert told[-1] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["again"]


def test_another_seed_makes_other_people() -> None:
    one, same, other = (draw_people(4, seed, 120) for seed in (0, 0, 1))
    assert one.seeds == same.seeds
    values = [p.transcriptome.expression.values for p in (one, same, other)]
    assert np.array_equal(values[0], values[1], equal_nan=True)
    assert not np.array_equal(one.latents, other.latents)
    assert set(one.seeds).isdisjoint(other.seeds)


def central_attributes(seed: int, latents: np.ndarray, moved: np.ndarray) -> dict[str, float]:
    """Render a patient with the nodule of moved latents; measure where the first one is central."""
    scene = Scene.draw(seed, morphology_of(latents))
    x, y, z = (nodule_centre(scene) - 71 / 2 * PIXEL_MM).tolist()
    stage = Stage(
        scene,
        VolumeGeometry((72,) * 3, (PIXEL_MM,) * 3, (x, y, z)),
        interior=phantom_patient.Interior.grow(scene),
    )
    first = stage.shoot(scene.nodule, slice_hu=SLICE_HU).nodules.labels
    other = stage.shoot(replace(scene.nodule, morphology=morphology_of(moved)), slice_hu=SLICE_HU)
    middle = round(float(np.argwhere(first)[:, 0].mean()))
    return slice_attributes(other.ct.voxels[middle], other.nodules.labels[middle], PIXEL_MM)


def test_true_slopes_are_finite_differences_of_the_renderer(cohort: CohortStore) -> None:
    stated = cohort.truth["slopes"]
    people = draw_people(CONFIG.patients, CONFIG.seed, CONFIG.genes)
    kept = {s.patient_id for s in cohort.subjects}
    measured = [i for i in range(0, CONFIG.patients, 4) if people.ids[i] in kept]
    assert stated["patients"] == len(measured)
    for latent, attribute in ((0, "diameter"), (1, "mean_hu")):
        rises = []
        for i in measured:
            step = np.eye(10)[latent] / 2
            low, high = (
                central_attributes(people.seeds[i], people.latents[i], people.latents[i] + s)
                for s in (-step, step)
            )
            rises.append(high[attribute] - low[attribute])
        found = stated["latents"][attribute][f"b{latent + 1}"]
        assert found == pytest.approx(np.mean(rises), rel=0.1)
    assert stated["latents"]["diameter"]["b1"] > 2
    assert stated["latents"]["mean_hu"]["b2"] < -50
    for name in ATTRIBUTES:
        assert not any(stated["latents"][name][f"b{k}"] for k in (7, 8, 9, 10))


def test_true_slopes_over_genes_follow_their_modules(cohort: CohortStore) -> None:
    truth = cohort.truth
    loadings = np.array(truth["expression"]["module_loadings"])
    slopes = truth["slopes"]["genes"]["diameter"]
    assert set(slopes) == set(cohort.expression.gene_symbols)
    size = np.array([abs(slopes[g]) for g in cohort.expression.gene_symbols])
    module, by_module = truth["expression"]["gene_module"], truth["expression"]["gene_loading"]
    for name, slope in slopes.items():
        if name not in module:
            assert abs(slope) < 1e-9
        elif loadings[module[name], 0] > 0.8 and abs(by_module[name]) > 0.5:
            assert abs(slope) > np.median(size)
            assert np.sign(slope) == np.sign(by_module[name])


def test_what_does_not_fit_the_field_of_view_is_refused() -> None:
    assert look_at(_cube(10), CUT).centre in (31, 32)
    with pytest.raises(CohortError, match="does not fit the field of view of 48 mm"):
        look_at(_cube(34), CUT)
    with pytest.raises(CohortError, match="smaller than a voxel"):
        look_at(_cube(0), CUT)


def _cube(half: int) -> np.ndarray:
    labels = np.zeros((72, 72, 72), np.uint8)
    labels[36 - half : 36 + half, 36 - half : 36 + half, 36 - half : 36 + half] = 1
    return labels


def test_a_taken_place_and_numbers_that_make_no_cohort_are_refused(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(CohortError, match="already exists"):
        phantom_cohort(folder, CONFIG)
    with pytest.raises(InputError, match="at least 3 patients and 100 genes"):
        phantom_cohort(tmp_path / "few", replace(CONFIG, patients=2))
    assert cli.main(["cohort", "phantom", "--out", str(folder)]) == 1


def test_a_truth_without_all_slopes_is_a_fault(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    truth = json.loads((copy / "truth.json").read_text())
    del truth["slopes"]["genes"]["diameter"]["PHG00001"]
    truth["slopes"]["genes"].pop("spiculation")
    (copy / "truth.json").write_text(json.dumps(truth))
    faults = " | ".join(check_cohort(copy).faults)
    assert "no slope of diameter for 1 genes" in faults
    assert f"no slope of spiculation for {CONFIG.genes} genes" in faults
    assert "altered" in faults
