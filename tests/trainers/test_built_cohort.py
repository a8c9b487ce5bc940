"""Networks train on a cohort built from whole scans as on any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_radiogen.cohorts.build import Sources, build_cohort
from napari_radiogen.cohorts.voi import CutConfig
from napari_radiogen.inference.generator import load_generator
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.trainers import mcgan_package
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_package import fit_cohort_metagenes
from napari_radiogen.trainers.mcgan_run import run_mcgan
from napari_radiogen.trainers.unet import UNetConfig
from napari_radiogen.trainers.unet_run import run_unet
from tests.whole_scans import write_collection

TINY_GAN = {
    "name": "tiny",
    "network": {"metagenes": 10, "base": 4, "discriminator_base": 4, "code_dim": 16},
    "batch": 4,
    "warm_steps": 1,
    "steps": 2,
    "regressor_steps": 2,
    "validate_every": 1,
}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_collection(tmp_path_factory.mktemp("in"), 7, faults=False)
    out = tmp_path_factory.mktemp("out") / "cohort"
    sources = Sources(folder / "expression.txt", ct=folder / "dicom")
    build_cohort(sources, out, CutConfig(backgrounds=4), workers=1)
    return out


def test_a_generator_trains_and_carries_the_field_of_view(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Maps have tests of their own, and UMAP compiles for long.
    for name in ("tsne", "umap"):
        monkeypatch.setattr(mcgan_package, name, mcgan_package.pca)
    run_mcgan(cohort, MCGANTraining.model_validate(TINY_GAN), tmp_path / "run")
    generator = load_generator(str(tmp_path / "run"))
    assert generator.field_of_view_mm == 60
    assert generator.cohort_kind == "phantom"


def test_metagenes_are_fitted_on_training_patients_only(cohort: Path) -> None:
    store = open_cohort(cohort)
    fitted = fit_cohort_metagenes(store, 10)
    train = [s.split == "train" for s in store.subjects]
    expected = store.expression.values[train].mean(axis=0)
    assert fitted.gene_mean == pytest.approx(expected, abs=1e-5)


def test_a_unet_trains_on_its_slices(cohort: Path, tmp_path: Path) -> None:
    config = UNetConfig(steps=2, base=4, batch_size=4, validate_every=1)
    weights = run_unet(config, open_cohort(cohort), tmp_path / "run")
    assert weights.is_file()
