"""``radiogen train`` and the scripts: the same flags, and refusals in one line."""

import importlib.util
import json
from pathlib import Path

import pytest

from napari_radiogen import cli
from napari_radiogen.cli.train_flags import NullFlags, RunFlags, run_script
from napari_radiogen.errors import InputError, RadiogenError
from napari_radiogen.trainers import devices
from napari_radiogen.trainers.unet import UNetConfig

ROOT = Path(__file__).parents[2]


def _help(arguments, capsys):
    assert cli.main(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "system",
    ["unet", "mcgan", "autoencoder", "cgan", "mcgan-paper", "mcgan-baseline", "inpainting"],
)
def test_every_system_takes_the_same_flags(system, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    text = _help(["train", system, "--help"], capsys)
    for flag in ("cohort", "out", "resume", "config", "max-minutes", "threads", "devices", "yes"):
        assert f"--{flag}" in text
    assert ("--permute" in text) == (system not in ("unet", "inpainting"))


def test_scripts_take_the_flags_of_the_command(capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location("script", ROOT / "training" / "train_mcgan.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    given = []
    monkeypatch.setattr("sys.argv", ["x", "--cohort", "c", "--out", "o", "--permute", "3"])
    assert run_script(NullFlags, given.append) == 0
    assert given == [NullFlags(cohort=Path("c"), out=Path("o"), permute=3)]
    monkeypatch.setattr("sys.argv", ["x", "--cohort", "absent", "--out", "o", "--seed", "1"])
    monkeypatch.chdir("/")
    assert run_script(NullFlags, script.main) == 1
    assert capsys.readouterr().err.startswith("absent: ")


def test_flags_go_into_the_config(tmp_path):
    flags = RunFlags(cohort=tmp_path, out=tmp_path / "o", steps=7, max_minutes=2.0, devices=2)
    config = flags.read(UNetConfig, ROOT / "training" / "configs" / "unet-small.yaml")
    assert (config.steps, config.max_minutes, config.devices) == (7, 2.0, 2)
    assert config.base == 16


def test_a_resumed_run_keeps_its_config(tmp_path):
    began = UNetConfig(name="x", steps=9, max_minutes=1.0).model_dump(mode="json")
    (tmp_path / "run.json").write_text(json.dumps({"config": began}))
    flags = RunFlags(cohort=tmp_path, resume=tmp_path, max_minutes=4.0)
    assert flags.read(UNetConfig).steps == 9
    assert flags.read(UNetConfig).max_minutes == 4
    assert flags.options().resume
    with pytest.raises(InputError, match="--steps was decided"):
        RunFlags(cohort=tmp_path, resume=tmp_path, steps=3).read(UNetConfig)


def test_a_run_folder_is_either_new_or_resumed(tmp_path, capsys):
    for words in ([], ["--out", "a", "--resume", "b"]):
        assert cli.main(["train", "unet", "--cohort", str(tmp_path), *words]) == 1
        assert "either --out" in capsys.readouterr().err


def test_a_missing_extra_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    with pytest.raises(RadiogenError, match="lightning, tensorboard"):
        devices.make_fabric(UNetConfig(name="x"))
