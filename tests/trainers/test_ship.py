"""Shipping: what goes into the index and the cards, and what is kept out."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from napari_radiogen.errors import ModelError
from napari_radiogen.models.checkpoint import pack

SCRIPT = Path(__file__).parents[2] / "training" / "ship.py"


@pytest.fixture
def ship(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("ship", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "models_dir", lambda: tmp_path / "weights")
    monkeypatch.setattr(script, "INDEX", tmp_path / "weights" / "index.json")

    def call(*words):
        monkeypatch.setattr("sys.argv", ["ship.py", *map(str, words)])
        script.main()
        return json.loads((tmp_path / "weights" / "index.json").read_text())

    return call


def trained(folder, name, kind, split, system="mcgan"):
    """A run folder whose weights are one number."""
    folder.mkdir()
    subject = {"subject_id": "X-1", "patient_id": "X-1", "split": split}
    about = {
        "name": name,
        "system": system,
        "parameters": 1,
        "cohort": {"name": f"{kind}-seed0", "kind": kind},
        "subjects": [subject],
    }
    (folder / "model.safetensors").write_bytes(pack({"w": torch.ones(1)}, about))
    (folder / "model.md").write_text(f"# {name}\n")
    return folder


def test_the_default_comes_first_and_pickers_list_patients_but_nulls_do_not(ship, tmp_path):
    planted = trained(tmp_path / "a", "mcgan-planted", "planted", "test")
    surrogate = trained(tmp_path / "b", "mcgan-surrogate", "surrogate", "drawn")
    null = trained(tmp_path / "c", "mcgan-surrogate-permuted-1", "surrogate", "drawn")
    rows = ship(f"{surrogate}=support", f"{null}=permuted", f"{planted}=default")
    assert [r["name"] for r in rows] == [
        "mcgan-planted",
        "mcgan-surrogate-permuted-1",
        "mcgan-surrogate",
    ]
    assert [r["subjects"] for r in rows] == [["X-1"], [], ["X-1"]]
    assert (tmp_path / "weights" / "mcgan-surrogate.md").is_file()


@pytest.mark.parametrize("kind", ["surrogate", "real"])
def test_real_patients_are_not_shipped(ship, tmp_path, kind):
    run = trained(tmp_path / "a", "mine", kind, "train")
    with pytest.raises(ModelError, match="patients: drawn"):
        ship(f"{run}=support")
    assert not (tmp_path / "weights" / "mine.safetensors").exists()


def test_a_control_report_goes_into_the_card_of_its_model(ship, tmp_path):
    planted = trained(tmp_path / "a", "mcgan-planted", "planted", "test")
    other = trained(tmp_path / "b", "mcgan-surrogate", "surrogate", "drawn")
    row = {"spearman": 0.5, "ci95": [0.1, 0.6], "ceiling": None}
    report = {
        "model": {"name": "mcgan-surrogate"},
        "subjects": 50,
        "patients": 25,
        "draws": 16,
        "attributes": {"diameter": row},
        "permuted": {"runs": 1, "diameter": {"max_abs": 0.2}},
        "mean_genes": {"diameter": {"spearman": 0.0}},
        "leakage": 0.01,
        "background_psnr_db": 60.0,
        "composite_exact": True,
        "diversity": 0.6,
        "mask_dice": 0.9,
        "measuring_unet": {"dice": 0.87},
    }
    (tmp_path / "control.json").write_text(json.dumps(report))
    ship(f"{planted}=default", f"{other}=support", "--control", tmp_path / "control.json")
    assert (
        "| diameter | 0.50 | 0.10 to 0.60 | - | 0.00 | 0.20 |"
        in (tmp_path / "weights" / "mcgan-surrogate.md").read_text()
    )
    assert "Control" not in (tmp_path / "weights" / "mcgan-planted.md").read_text()
