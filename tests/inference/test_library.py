import json

import pytest
import torch

from napari_radiogen.errors import ModelError
from napari_radiogen.inference import library
from napari_radiogen.inference.library import find_model, list_models, load_model
from napari_radiogen.models.checkpoint import digest, pack


def _data(name, system="mcgan"):
    about = {"name": name, "system": system, "parameters": 3, "cohort": {"name": "planted-x"}}
    return pack({"network.w": torch.ones(3)}, about)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    rows = []
    for name, role in (("second", "support"), ("first", "default"), ("null", "permuted")):
        data = _data(name)
        (tmp_path / f"{name}.safetensors").write_bytes(data)
        rows.append(
            {
                "name": name,
                "file": f"{name}.safetensors",
                "system": "mcgan",
                "cohort": "planted-x",
                "parameters": 3,
                "sha256": digest(data),
                "role": role,
            }
        )
    (tmp_path / "index.json").write_text(json.dumps(rows))
    monkeypatch.setattr(library, "models_dir", lambda: tmp_path)
    return tmp_path


def test_the_default_comes_first_and_is_found_without_a_name(shelf):
    assert list_models()[0].name == "first"
    assert find_model().name == "first"
    assert find_model("second").name == "second"
    assert find_model("mcgan").name == "first"


def test_an_unknown_name_lists_what_there_is(shelf):
    with pytest.raises(ModelError, match="first, second, null"):
        find_model("third")


def test_a_model_of_another_system_is_refused(shelf, tmp_path):
    (tmp_path / "unet.safetensors").write_bytes(_data("u", system="unet"))
    with pytest.raises(ModelError, match="is a unet, not a mcgan"):
        find_model(tmp_path / "unet.safetensors", system="mcgan")


def test_altered_weights_are_refused(shelf):
    file = shelf / "first.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(ModelError, match="altered"):
        load_model(find_model("first"))


def test_missing_weights_and_a_broken_index_are_one_line(shelf):
    (shelf / "first.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(find_model("first"))
    (shelf / "index.json").write_text("[{}]")
    with pytest.raises(ModelError, match=r"index\.json"):
        list_models()


def test_a_path_in_the_index_cannot_leave_the_folder(shelf):
    rows = json.loads((shelf / "index.json").read_text())
    rows[0]["file"] = "../../elsewhere.safetensors"
    (shelf / "index.json").write_text(json.dumps(rows))
    assert all(e.path.parent == shelf for e in list_models())


def test_a_run_folder_is_a_model(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(_data("mine"))
    assert load_model(find_model(tmp_path)).description["name"] == "mine"


def test_a_run_folder_named_like_a_shipped_model_does_not_hide_it(shelf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("first", "mcgan"):
        (tmp_path / name).mkdir()
        assert find_model(name).shipped
        (tmp_path / name / "model.safetensors").write_bytes(_data("mine"))
        with pytest.raises(ModelError, match=rf"write \./{name} for the path"):
            find_model(name)
        assert find_model(f"./{name}").name == "mine"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.safetensors").write_bytes(_data("mine"))
    assert find_model("other").name == "mine"
