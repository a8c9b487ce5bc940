"""A model file with drawn patients holds nothing of a real one."""

import json

import numpy as np
import pytest
import torch

from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.plan import require_fit
from napari_radiogen.inference.generator import load_generator
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.models.checkpoint import unpack
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_package import fit_cohort_metagenes
from napari_radiogen.trainers.mcgan_run import run_mcgan
from napari_radiogen.trainers.packed_patients import DRAWN_COUNT, pack_patients
from napari_radiogen.trainers.run import RunOptions
from tests.trainers.test_mcgan import TINY

#: Two rows are the same when no number differs by more than this.
ROUNDING = 0.02


@pytest.fixture(scope="module")
def run(cohort, tmp_path_factory):
    out = tmp_path_factory.mktemp("drawn") / "run"
    config = MCGANTraining.model_validate({**TINY, "patients": "drawn", "half": True})
    run_mcgan(cohort, config, out, options=RunOptions(threads=1))
    return out


def real_rows(cohort, generator):
    """Everything that is one real patient's: genes, their z-scores, metagenes, codes."""
    values = open_cohort(cohort).expression.values
    metagenes = generator.metagenes
    scores = metagenes.transform(values)
    z = (values - metagenes.gene_mean) / metagenes.gene_sd
    return {"genes": values, "z": z, "metagenes": scores, "codes": generator.encode(scores)}


def found_rows(tensors, rows):
    """Return the tensors in which a real row lies, along any axis."""
    found = []
    for name, tensor in tensors.items():
        held = tensor.float().numpy()
        for what, real in rows.items():
            for axis in range(held.ndim):
                if held.shape[axis] != real.shape[1]:
                    continue
                flat = np.moveaxis(held, axis, -1).reshape(-1, real.shape[1])
                apart = np.abs(flat[:, None] - real[None]).max(axis=2)
                if apart.min() < ROUNDING:
                    found.append((name, what))
    return found


def test_no_row_of_a_real_patient_is_in_the_file(cohort, run):
    tensors, _ = unpack((run / "model.safetensors").read_bytes())
    rows = real_rows(cohort, load_generator(str(run)))
    assert found_rows(tensors, rows) == []
    assert not any(name.startswith("subjects.codes") for name in tensors)


def test_the_search_finds_rows_where_they_are(cohort, run):
    tensors, _ = unpack((run / "model.safetensors").read_bytes())
    rows = real_rows(cohort, load_generator(str(run)))
    for what, real in rows.items():
        planted = {**tensors, "extra": torch.from_numpy(real[4:6].copy()).half()}
        assert found_rows(planted, rows) == [("extra", what)]


def test_no_id_of_a_real_patient_is_in_file_or_card(cohort, run):
    store = open_cohort(cohort)
    text = (run / "model.safetensors").read_bytes() + (run / "model.md").read_bytes()
    for subject in store.subjects:
        for name in (subject.subject_id, subject.patient_id):
            assert name.encode() not in text


def test_the_patients_are_drawn_and_their_maps_are_their_own(run):
    generator = load_generator(str(run))
    assert generator.subject_ids[0] == "PLA-D01"
    assert {s.split for s in generator.subjects} == {"drawn"}
    assert all(not s.attributes and not s.clinical for s in generator.subjects)
    assert len(generator.subject_metagenes) == DRAWN_COUNT
    assert all(len(places) == DRAWN_COUNT for places in generator.codes.coordinates.values())


def test_the_card_proves_the_distance(cohort, run):
    _, about = unpack((run / "model.safetensors").read_bytes())
    proof = about["drawn"]["apartness"]
    assert proof["drawn_to_real"] >= proof["real_to_real_low"] >= proof["real_to_real"]
    card = (run / "model.md").read_text()
    assert f"lies {proof['drawn_to_real']:.2f} from a real one" in card
    assert "no row, id, learned code" in card


def test_a_patient_with_two_nodules_is_one_row_of_the_proof(cohort):
    store = open_cohort(cohort)
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    packed = pack_patients(store, scores, "drawn")
    assert packed.about["apartness"]["real"] == len({s.patient_id for s in store.subjects})
    train = {s.patient_id for s in store.split.train}
    assert packed.about["fitted_on"] == len(train)


def test_a_cohort_s_own_patients_stay_where_they_are_asked_for(cohort):
    store = open_cohort(cohort)
    scores = fit_cohort_metagenes(store, 10).transform(store.expression.values)
    packed = pack_patients(store, scores, "cohort")
    assert packed.about is None
    assert [s["subject_id"] for s in packed.subjects] == [s.subject_id for s in store.subjects]
    json.dumps(packed.subjects)


def test_only_its_own_cohort_judges_a_model_that_names_nobody(cohort, run, tmp_path):
    generator = load_generator(str(run))
    store = open_cohort(cohort)
    require_fit(generator, store)
    store.manifest["digest"] = "another"
    with pytest.raises(ModelError, match="only the cohort"):
        require_fit(generator, store)
