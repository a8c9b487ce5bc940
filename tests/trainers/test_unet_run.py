"""A U-Net's run from cohort to card, and the slices of phantoms."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.models.checkpoint import digest, unpack
from napari_radiogen.trainers import unet_data
from napari_radiogen.trainers.run import RunFolder, RunOptions
from napari_radiogen.trainers.unet import UNetConfig
from napari_radiogen.trainers.unet_data import PHANTOM_SLICES, phantom_slices
from napari_radiogen.trainers.unet_run import run_unet

TINY = UNetConfig(
    name="tiny", base=2, planes=("axial",), batch_size=4, steps=3, validate_every=2, sheet_every=0
)
ONE = RunOptions(threads=1)
#: Places drawn from the lungs of the phantom.
CUBES = 5


@pytest.fixture(scope="module")
def run(cohort):
    store = open_cohort(cohort)
    folder = cohort.parent / "unet"
    assert run_unet(TINY, store, folder, options=ONE) == folder / "model.safetensors"
    return folder


def test_a_run_folder_says_what_was_done_and_where(run, cohort):
    store = open_cohort(cohort)
    about = json.loads((run / "run.json").read_text())
    assert about["system"] == "unet"
    assert about["cohort"]["digest"] == store.digest
    assert about["cohort"]["split_digest"] == store.split_digest
    assert about["config"]["base"] == 2
    assert about["environment"]["torch"]
    assert {p.name for p in run.iterdir()} >= {"log.csv", "checkpoint.safetensors", "tensorboard"}


def test_the_card_holds_digests_scores_and_the_warning(run, cohort):
    card, data = (run / "model.md").read_text(), (run / "model.safetensors").read_bytes()
    assert "Research use only" in card
    assert digest(data) in card
    assert open_cohort(cohort).split_digest[:16] in card
    about = unpack(data)[1]
    assert f"Dice per case {about['validation_dice']:.3f}" in card
    tested = {s.patient_id for s in open_cohort(cohort).subjects if s.split == "test"}
    assert not tested & set(about["patients"])


def test_a_run_is_not_resumed_on_another_cohort_or_as_another_system(run, cohort):
    store = open_cohort(cohort)
    again = RunFolder(run, resume=True)
    with pytest.raises(RadiogenError, match="is a run of unet"):
        again.begin("mcgan", TINY, store)
    again.about["cohort"]["digest"] = "0"
    with pytest.raises(RadiogenError, match="another cohort"):
        again.begin("unet", TINY, store)


def test_a_phantom_gives_its_nodule_and_places_in_its_lungs(monkeypatch):
    shape = (80, 80, 80)
    geometry = VolumeGeometry(shape, (1.0,) * 3, (0.0,) * 3, (1, 0, 0, 0, 1, 0, 0, 0, 1))
    nodule = np.zeros(shape, np.uint8)
    nodule[37:44, 37:44, 37:44] = 1
    lung = np.zeros(shape, np.uint8)
    lung[30:50, 30:50, 30:50] = 1
    voxels = np.where(nodule, 0, -850).astype(np.int16)
    scan = SimpleNamespace(ct=CTVolume(voxels, geometry), nodules=LabelVolume(nodule, geometry))
    monkeypatch.setattr(unet_data, "render_scan", lambda seed, **_: scan)
    monkeypatch.setattr(unet_data, "PHANTOM_CUBES", CUBES)
    monkeypatch.setattr(unet_data, "lung_mask", lambda ct: LabelVolume(lung, geometry))
    slices = phantom_slices(7)
    through_nodule = len(slices.image) - CUBES * PHANTOM_SLICES * 3
    assert through_nodule >= 3 * 7
    assert slices.mask[:through_nodule].any(axis=(1, 2)).all()
    assert set(slices.cases) == {"phantom-7"}
    inside = slices.mask > 0
    assert slices.image[inside].mean() > -300
    assert slices.image[~inside].mean() < -800
    again = phantom_slices(7)
    assert np.array_equal(slices.image, again.image)
