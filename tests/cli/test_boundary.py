"""The error boundary of the command line, and what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import typer

from napari_radiogen import cli
from napari_radiogen.cli.output import plain, print_json, progress
from napari_radiogen.errors import InputError

PATIENT_NAME = "DOE^JANE"


def _app_that(fail: Callable[[], None]) -> Callable[[], typer.Typer]:
    def assemble() -> typer.Typer:
        app = typer.Typer(pretty_exceptions_enable=False)
        app.callback()(lambda: None)
        app.command("fail")(fail)
        return app

    return assemble


@pytest.fixture
def run_failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], int]:
    def run(error: BaseException) -> int:
        def fail() -> None:
            raise error

        monkeypatch.setattr(cli, "app", _app_that(fail))
        return cli.main(["fail"])

    return run


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            InputError("two series\nin one folder", "scan"),
            "radiogen: scan: two series in one folder",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "x.nii"),
            "radiogen: x.nii: No such file",
        ),
    ],
)
def test_expected_failure_is_one_line_and_exit_1(run_failing, capsys, error, line) -> None:
    assert run_failing(error) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert shown.err.startswith(line)


def test_unexpected_failure_is_one_line_without_the_text_of_the_data(run_failing, capsys) -> None:
    assert run_failing(ValueError(PATIENT_NAME)) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "ValueError in test_boundary.py:" in shown
    assert "RADIOGEN_TRACEBACK=1" in shown
    assert PATIENT_NAME not in shown


def test_traceback_on_request(run_failing, monkeypatch) -> None:
    monkeypatch.setenv("RADIOGEN_TRACEBACK", "1")
    with pytest.raises(ValueError, match="inner"):
        run_failing(ValueError("inner"))


def test_interrupt_exits_130(run_failing) -> None:
    assert run_failing(KeyboardInterrupt()) == 130


def test_wrong_usage_exits_2() -> None:
    assert cli.main(["no-such-command"]) == 2


def test_version(capsys) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == cli.__version__


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from napari_radiogen.cli import main; main(['--help']);"
        "heavy = {'numpy', 'torch', 'pydicom', 'napari', 'matplotlib', 'monai'} & set(sys.modules);"
        "sys.exit(f'imported {sorted(heavy)}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


@dataclass
class _Report:
    path: Path
    values: tuple[float, ...]


def test_json_of_arrays_paths_and_infinities(capsys) -> None:
    print_json(
        {
            "report": _Report(Path("a.nii"), (1.0, float("inf"))),
            "array": np.array([1.5, np.nan], dtype=np.float32),
            "flag": np.bool_(True),
            7: "sieben",
        }
    )
    assert json.loads(capsys.readouterr().out) == {
        "report": {"path": "a.nii", "values": [1.0, None]},
        "array": [1.5, None],
        "flag": True,
        "7": "sieben",
    }


def test_json_refuses_what_has_no_plain_form() -> None:
    with pytest.raises(TypeError, match="object"):
        plain(object())


def test_progress_is_silent_where_standard_error_is_no_terminal(capsys) -> None:
    with progress("reading") as report:
        report(0.5, "half")
    assert capsys.readouterr() == ("", "")
