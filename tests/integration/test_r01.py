"""The commands on the one whole real scan; the nodules put into it are synthetic.

The models learned from the planted cohort, whose expression is invented.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.cli import main
from napari_radiogen.io.read import read_ct

LEFT_LUNG = "90,-150,-100"
BESIDE_THE_LUNG = "80,10,-100"
#: Where the data's own description puts the nodule of this patient, LPS mm.
NODULE_LPS_MM = (-97.7, -145.6, -68.0)

Radiogen = Callable[..., tuple[int, str, str]]


@dataclass
class Change:
    """What a command changed in the scan."""

    report: dict[str, Any]
    indices: np.ndarray
    values: np.ndarray

    def equals(self, other: Change) -> bool:
        """Whether both volumes hold the same voxels everywhere."""
        return np.array_equal(self.indices, other.indices) and np.array_equal(
            self.values, other.values
        )


@pytest.fixture(scope="module")
def reference(r01_folder: Path) -> sitk.Image:
    """The scan as SimpleITK alone reads it."""
    reader = sitk.ImageSeriesReader()
    folder = next(p.parent for p in r01_folder.rglob("*") if p.is_file())
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


@pytest.fixture
def radiogen(capfd: pytest.CaptureFixture[str]) -> Radiogen:
    """Run a command; return its exit code, standard output and error."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def synthesize(r01_folder: Path, radiogen: Radiogen) -> Callable[..., tuple[int, str, str]]:
    """Run the command for the first patient of the default model."""
    patient = json.loads(radiogen("models", "--json")[1])["models"][0]["patients"][0]

    def run(output: Path, *more: object, at: str = LEFT_LUNG, seed: int = 7) -> Any:
        what = ("--patient", patient, "--background", r01_folder, "--at", at, "--seed", seed)
        return radiogen("synthesize", *what, "-o", output, "--json", *more)

    return run


def change(reference: sitk.Image, output: Path, report: str) -> Change:
    """Compare an output with the scan, and remove it."""
    before, image = sitk.GetArrayViewFromImage(reference), sitk.ReadImage(str(output))
    np.testing.assert_allclose(image.GetOrigin(), reference.GetOrigin(), atol=1e-3)
    np.testing.assert_allclose(image.GetSpacing(), reference.GetSpacing(), atol=1e-6)
    np.testing.assert_allclose(image.GetDirection(), reference.GetDirection(), atol=1e-6)
    after = sitk.GetArrayViewFromImage(image)
    indices = np.argwhere(before != after)
    output.unlink()
    return Change(json.loads(report), indices, after[tuple(indices.T)])


def test_inspect_reports_the_form_and_the_values(
    r01_folder: Path, reference: sitk.Image, radiogen: Radiogen
) -> None:
    code, out, _ = radiogen("inspect", r01_folder, "--json")
    told = json.loads(out)
    (series,) = told["series"]
    voxels = sitk.GetArrayViewFromImage(reference)
    assert code == 0
    assert set(told) == {"kind", "series", "problems"}
    assert (told["kind"], told["problems"]) == ("dicom-series", [])
    assert set(series) == {
        "uid", "modality", "shape", "spacing_mm", "origin_mm", "direction", "hu_min", "hu_max",
        "warnings",
    }  # fmt: skip
    assert (series["modality"], series["warnings"]) == ("CT", [])
    assert series["shape"] == [304, 512, 512]
    assert series["spacing_mm"] == pytest.approx(reference.GetSpacing()[::-1], abs=1e-6)
    assert series["spacing_mm"] == pytest.approx([1.0, 0.693, 0.693], abs=1e-3)
    assert series["origin_mm"] == pytest.approx(reference.GetOrigin(), abs=1e-6)
    assert series["direction"] == pytest.approx(reference.GetDirection(), abs=1e-9)
    assert (series["hu_min"], series["hu_max"]) == (voxels.min(), voxels.max())


def test_voxels_equal_those_of_simpleitk(r01_folder: Path, reference: sitk.Image) -> None:
    ct = read_ct(r01_folder)
    np.testing.assert_array_equal(ct.voxels, sitk.GetArrayViewFromImage(reference))
    assert not ct.synthetic


@pytest.mark.timeout(900)
def test_a_nodule_in_the_left_lung(
    tmp_path: Path,
    reference: sitk.Image,
    radiogen: Radiogen,
    synthesize: Callable[..., tuple[int, str, str]],
) -> None:
    recipe = tmp_path / "r.json"

    def made(name: str, *more: object, seed: int = 7) -> Change:
        code, out, err = synthesize(tmp_path / name, *more, seed=seed)
        assert code == 0, err
        return change(reference, tmp_path / name, out)

    first = made("first.nii.gz", "--recipe", recipe)
    box = first.report["region"]
    assert (first.indices >= box["start_voxel"]).all()
    assert (first.indices < box["stop_voxel"]).all()
    assert np.ptp(first.indices[:, 0]) + 1 >= 4
    assert len(np.unique(first.indices[:, 0])) >= 4

    assert made("same.nii").equals(first)
    assert not made("seed.nii", seed=8).equals(first)
    assert not made("gene.nii", "--set", "M01=2.0").equals(first)

    code, out, err = radiogen("replay", recipe, "-o", tmp_path / "again.nii", "--json")
    assert code == 0, err
    assert change(reference, tmp_path / "again.nii", out).equals(first)


def test_a_place_outside_the_lung_is_refused(
    tmp_path: Path, synthesize: Callable[..., tuple[int, str, str]]
) -> None:
    recipe = tmp_path / "r.json"
    code, out, err = synthesize(tmp_path / "no.nii.gz", "--recipe", recipe, at=BESIDE_THE_LUNG)
    assert code == 1
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(1500)
@pytest.mark.usefixtures("one_look")
def test_the_nodule_is_found_among_few(
    r01_folder: Path, tmp_path: Path, reference: sitk.Image, radiogen: Radiogen
) -> None:
    mask = tmp_path / "mask.nii.gz"
    code, out, err = radiogen("segment", r01_folder, "-o", mask, "--json")
    assert code == 0, err
    told = json.loads(out)
    away = [
        np.linalg.norm(np.subtract(x["centroid_lps_mm"], NODULE_LPS_MM)) for x in told["lesions"]
    ]
    assert set(told) == {"lesions", "model", "seconds"}
    assert len(away) <= 8
    assert min(away) <= 10
    assert sitk.ReadImage(str(mask)).GetSize() == reference.GetSize()
