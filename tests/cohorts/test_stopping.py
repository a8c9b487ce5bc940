"""A person's stop: every maker of cohorts hears it soon and leaves nothing half-made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from napari_radiogen.cohorts import phantom, plant, surrogate
from napari_radiogen.cohorts.build import build_cohort
from napari_radiogen.cohorts.invented_genes import GeneDesign
from napari_radiogen.cohorts.matching import MatchConfig
from napari_radiogen.cohorts.nodule_folder import Candidate, cut_nodule
from napari_radiogen.errors import Stop
from napari_radiogen.io import cohort_content
from napari_radiogen.io.cohort_work import work_folder
from tests.cohorts import test_build, test_surrogate
from tests.nodule_folder import write_nodules
from tests.stopping import stop_at_many_moments
from tests.whole_scans import write_collection

NODULES = 16


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut each nodule once, and write arrays in many chunks."""
    known: dict[str, Candidate] = {}

    def cut(nodules: Path, row: dict[str, str], index: list[dict[str, str]]) -> Candidate:
        if row["image"] not in known:
            known[row["image"]] = cut_nodule(nodules, row, index)
        return known[row["image"]]

    for module in (plant, surrogate):
        monkeypatch.setattr(module, "cut_nodule", cut)
    monkeypatch.setattr(cohort_content, "CHUNK_ROWS", 64)


def test_planting_stops_at_each_nodule_and_chunk(tmp_path: Path) -> None:
    nodules = write_nodules(tmp_path / "in", NODULES)
    config = plant.PlantConfig(design=GeneDesign(genes=200, per_factor=20))

    def job(out: Path, cancelled: Stop) -> None:
        plant.plant_cohort(nodules, out, config, cancelled=cancelled)

    assert stop_at_many_moments(job, tmp_path) > 2 * NODULES


def test_matching_stops_at_each_nodule_and_chunk(tmp_path: Path) -> None:
    given = test_surrogate.sources(tmp_path / "in")

    def job(out: Path, cancelled: Stop) -> None:
        surrogate.surrogate_cohort(given, out, MatchConfig(), cancelled=cancelled)

    assert stop_at_many_moments(job, tmp_path) > 60


def test_phantoms_stop_at_each_step_and_slice(tmp_path: Path) -> None:
    def job(out: Path, cancelled: Stop) -> None:
        phantom.write_phantom_cohort(
            out, 1, 7, genes=60, spacing_mm=(8.0, 6.0, 6.0), slab_mm=40, cancelled=cancelled
        )

    # Steps of the rendering, slices of CT and SEG, files brought to the disk.
    assert stop_at_many_moments(job, tmp_path, tried=3) > 25


def test_a_build_stops_at_each_step_and_keeps_its_work_apart(tmp_path: Path) -> None:
    collection = write_collection(tmp_path / "in", 3, faults=False)

    def job(out: Path, cancelled: Stop) -> None:
        shutil.rmtree(work_folder(out), ignore_errors=True)
        build_cohort(
            test_build.sources(collection),
            out,
            test_build.CONFIG,
            workers=1,
            cancelled=cancelled,
        )

    kept = work_folder(tmp_path / "stopped").name
    assert stop_at_many_moments(job, tmp_path, kept=[kept], tried=4) > 30
