"""Splits: whole, reproducible, and the same for every cohort of one nodule folder."""

import numpy as np
import pytest

from napari_radiogen.cohorts.matching import MatchConfig
from napari_radiogen.cohorts.nodule_folder import read_index
from napari_radiogen.cohorts.plant import PlantConfig, plant_cohort
from napari_radiogen.cohorts.splits import deal, deal_nodule_patients
from napari_radiogen.cohorts.surrogate import surrogate_cohort
from napari_radiogen.io.cohort_store import open_cohort
from tests.cohorts.test_surrogate import sources


@pytest.mark.parametrize("count", [3, 4, 10, 258])
def test_everyone_is_dealt_and_no_split_is_empty(count):
    names = [f"p{i}" for i in range(count)]
    home = deal(names, np.random.default_rng(0))
    assert sorted(home) == sorted(names)
    assert set(home.values()) == {"train", "validation", "test"}


def test_shares_are_those_of_the_planted_cohort_that_shipped_networks_learned_from():
    home = list(deal([f"p{i}" for i in range(258)], np.random.default_rng(0)).values())
    assert [home.count(s) for s in ("train", "validation", "test")] == [160, 26, 72]


def test_planted_and_surrogate_cohorts_deal_nodule_patients_alike(tmp_path):
    given = sources(tmp_path / "in")
    plant_cohort(given.nodules, tmp_path / "planted", PlantConfig(seed=3))
    surrogate_cohort(given, tmp_path / "surrogate", MatchConfig(seed=3, nodules_a_patient=1))
    home = deal_nodule_patients(read_index(given.nodules), 3)
    planted = open_cohort(tmp_path / "planted").subjects
    assert {s.patient_id: s.split for s in planted}.items() <= home.items()
    lent = open_cohort(tmp_path / "surrogate").subjects
    assert {s.clinical["nodule_patient"]: s.split for s in lent}.items() <= home.items()
    assert len({home[s.patient_id] for s in planted}) == 3
