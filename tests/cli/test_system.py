"""``radiogen doctor`` and ``radiogen models``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from napari_radiogen import cli
from napari_radiogen.cli import doctor
from napari_radiogen.errors import ModelError
from napari_radiogen.inference import library


@dataclass(frozen=True)
class _Entry:
    name: str
    path: Path
    system: str = "mcgan"
    cohort: str = "planted:seed 0"
    parameters: int = 1234
    sha256: str = "ab" * 32
    role: str = "generator"
    subject_ids: tuple[str, ...] = ("S001", "S002")


@pytest.fixture
def two_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[_Entry]:
    entries = [
        _Entry("first", tmp_path / "a.safetensors"),
        _Entry("second", tmp_path / "b.safetensors"),
    ]
    entries[0].path.with_suffix(".md").write_text("# first\nplanted\n")
    monkeypatch.setattr(library, "list_models", lambda: entries)
    monkeypatch.setattr(
        library, "find_model", lambda name: next(entry for entry in entries if entry.name == name)
    )
    monkeypatch.setattr(library, "load_model", lambda entry: entry)
    return entries


def test_models_json_has_exactly_the_promised_keys(two_models, capsys) -> None:
    assert cli.main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert list(listed) == ["models"]
    assert [model["name"] for model in listed["models"]] == ["first", "second"]
    assert set(listed["models"][0]) == {
        "name",
        "system",
        "cohort",
        "parameters",
        "sha256",
        "patients",
    }
    assert listed["models"][0]["patients"] == ["S001", "S002"]


def test_show_prints_the_card_or_one_line(two_models, capsys) -> None:
    assert cli.main(["models", "show", "first"]) == 0
    assert capsys.readouterr().out.startswith("# first")
    assert cli.main(["models", "show", "second"]) == 1
    assert capsys.readouterr().err == "radiogen: second: has no card\n"


def test_verify_fails_when_one_model_was_altered(two_models, monkeypatch, capsys) -> None:
    assert cli.main(["models", "verify"]) == 0
    assert "hash agrees" in capsys.readouterr().out

    def refuse(entry: _Entry) -> None:
        if entry.name == "second":
            raise ModelError("sha256 differs", subject=entry.name)

    monkeypatch.setattr(library, "load_model", refuse)
    assert cli.main(["models", "verify"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok")
    assert lines[1].startswith("fail  model second: second: sha256 differs")


@pytest.fixture
def without_qt_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "check_qt", lambda: doctor.Check("qt", "ok", "not started here"))


@pytest.mark.usefixtures("two_models", "without_qt_start")
def test_doctor_json_agrees_with_its_exit_code(monkeypatch, capsys) -> None:
    assert cli.main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert {check["status"] for check in report["checks"]} <= {"ok", "warn"}

    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (99, 0))
    assert cli.main(["doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert report["checks"][0]["status"] == "fail"


def test_a_missing_package_is_named_with_its_remedy() -> None:
    check = doctor.check_packages("core", ("numpy", "no-such-package"), "fail", "pip install it")
    assert check.status == "fail"
    assert check.detail == "missing no-such-package; pip install it"


@pytest.mark.parametrize(
    ("value", "status"), [(None, "ok"), ("{folder}", "ok"), ("{folder}/absent", "warn")]
)
def test_the_data_folder(monkeypatch, tmp_path, value, status) -> None:
    monkeypatch.delenv("RADIOGEN_DATA", raising=False)
    if value:
        monkeypatch.setenv("RADIOGEN_DATA", value.format(folder=tmp_path))
    assert doctor.check_data().status == status


def test_a_qt_that_aborts_is_one_line(monkeypatch) -> None:
    monkeypatch.setattr(doctor, "QT_BINDINGS", ("numpy",))
    monkeypatch.setattr(doctor, "START_QT", "import sys; sys.exit('no xcb\\nlibxcb missing')")
    check = doctor.check_qt()
    assert check.status == "fail"
    assert check.detail.endswith("libxcb missing")


def test_no_display_is_a_warning(monkeypatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert doctor.check_display().status == "warn"
    monkeypatch.setenv("DISPLAY", ":1")
    assert doctor.check_display().status == "ok"
