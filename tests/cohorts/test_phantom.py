"""A phantom cohort reads back through the readers of real data."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

from napari_radiogen.cohorts import phantom as cohorts
from napari_radiogen.errors import Cancelled, InputError, RadiogenError, Stop, check_stop
from napari_radiogen.io.expression import read_geo_table
from napari_radiogen.io.read import read_ct
from napari_radiogen.phantom import Scene, chest_geometry, render_scene
from napari_radiogen.phantom.biology import morphology_of
from tests.stopping import Asked

SPACING_MM = (5.0, 4.0, 4.0)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("phantom") / "cohort"
    cohorts.write_phantom_cohort(out, 2, 7, genes=60, spacing_mm=SPACING_MM, slab_mm=50)
    return out


def test_ct_reads_as_a_synthetic_scan(cohort: Path) -> None:
    ct = read_ct(cohort / "dicom" / "PHANTOM-0001" / "ct")
    assert ct.synthetic
    assert "SYNTHETIC" in ct.description
    assert ct.geometry.spacing_mm == pytest.approx(SPACING_MM)


def test_seg_refers_to_the_series_and_lies_on_the_nodule(cohort: Path) -> None:
    truth = json.loads((cohort / "truth.json").read_text())
    for patient, facts in truth["patients"].items():
        folder = cohort / "dicom" / patient
        seg = pydicom.dcmread(folder / "nodule.dcm")
        first = pydicom.dcmread(next((folder / "ct").glob("*.dcm")), stop_before_pixels=True)
        assert seg.Modality == "SEG"
        assert seg.FrameOfReferenceUID == first.FrameOfReferenceUID
        centre = np.array(facts["scene"]["nodule"]["centre"]) * facts["scene"]["who"]["scale"]
        heights = [
            float(f.PlanePositionSequence[0].ImagePositionPatient[2])
            for f in seg.PerFrameFunctionalGroupsSequence
        ]
        assert min(heights) - 6 < centre[2] < max(heights) + 6


def test_expression_comes_in_the_real_form(cohort: Path) -> None:
    matrix = read_geo_table(cohort / cohorts.EXPRESSION_FILE)
    assert matrix.patient_ids == ("PHANTOM-0001", "PHANTOM-0002")
    complete = ~np.isnan(matrix.values).any(axis=0)
    assert complete.sum() == 60
    assert len(matrix.gene_symbols) > 200


def test_clinical_table_names_every_patient(cohort: Path) -> None:
    with (cohort / "clinical.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["Case ID"] for r in rows] == ["PHANTOM-0001", "PHANTOM-0002"]
    assert rows[0]["EGFR mutation status"] in {"Mutant", "Wildtype"}


def test_truth_links_latents_to_morphology(cohort: Path) -> None:
    truth = json.loads((cohort / "truth.json").read_text())
    assert truth["kind"] == "phantom"
    assert truth["null_latents"] == ["b7", "b8", "b9", "b10"]
    for facts in truth["patients"].values():
        expected = morphology_of(list(facts["latents"].values()))
        shown = facts["scene"]["nodule"]["morphology"]
        assert shown["radius_mm"] == pytest.approx(expected.radius_mm, abs=1e-4)


def test_existing_folder_is_refused(cohort: Path) -> None:
    with pytest.raises(RadiogenError, match="exists"):
        cohorts.write_phantom_cohort(cohort, 1, 0, genes=10)


def test_no_patients_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 1"):
        cohorts.write_phantom_cohort(tmp_path / "c", 0, 0)


def test_cancelling_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        cohorts.write_phantom_cohort(tmp_path / "c", 1, 0, genes=10, cancelled=lambda: True)
    assert list(tmp_path.iterdir()) == []


def test_demo_patient_is_rendered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def small_patient(progress: object = None, cancelled: Stop | None = None) -> object:
        calls.append(progress)
        check_stop(cancelled)
        scene = Scene.draw(20)
        middle = scene.nodule.centre[2]
        grid = chest_geometry((6, 8, 8), scene.who, slab=(middle - 20, middle + 20))
        return render_scene(scene, grid)

    monkeypatch.setattr(cohorts, "demo_patient", small_patient)
    for stop_at in (1, 3):
        with pytest.raises(Cancelled):
            cohorts.demo_folder(root=tmp_path, cancelled=Asked(stop_at))
        assert list(tmp_path.iterdir()) == []
    calls.clear()
    first = cohorts.demo_folder(root=tmp_path)
    again = cohorts.demo_folder(root=tmp_path)
    assert first == again
    assert len(calls) == 1
    ct = read_ct(first)
    assert ct.synthetic
    assert not ct.warnings
    assert (first.parent / "nodule.dcm").is_file()
