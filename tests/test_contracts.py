"""The layers hold, and a violation of each contract would be caught."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("importlinter", reason="import-linter comes with the extra dev")

ROOT = Path(__file__).parents[1]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

#: Module to plant in, what it must not import, and the contract that says so.
VIOLATIONS = (
    ("domain/planted.py", "import napari_radiogen.io", "Layers, high to low"),
    ("session/planted.py", "import qtpy", "Qt and napari live in plugin only"),
    ("analysis/planted.py", "import torch", "torch stays in models, the engines and above"),
    ("models/planted.py", "import napari_radiogen.domain", "models knows tensors, never patients"),
    (
        "plugin/planted.py",
        "import napari_radiogen.models",
        "plugin reaches models and trainers through session",
    ),
    (
        "trainers/planted.py",
        "import napari_radiogen.inference",
        "Training and inference, both fed by cohorts, do not know one another",
    ),
    (
        "imaging/planted.py",
        "import napari_radiogen.genomics",
        "The toolboxes are independent of one another",
    ),
    (
        "io/planted.py",
        "import matplotlib",
        "matplotlib draws in evaluation, session and plugin only",
    ),
)


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def copied_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    skip = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.zarr")
    shutil.copytree(ROOT / "napari_radiogen", folder / "napari_radiogen", ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_there_are_at_least_six_contracts() -> None:
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert len(configured["tool"]["importlinter"]["contracts"]) >= 6


def test_the_tree_keeps_its_contracts(copied_tree: Path) -> None:
    done = _lint(copied_tree)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_every_planted_violation_is_caught(copied_tree: Path) -> None:
    planted = [copied_tree / "napari_radiogen" / where for where, _, _ in VIOLATIONS]
    for path, (_, statement, _) in zip(planted, VIOLATIONS, strict=True):
        path.write_text(f"{statement}\n")
    try:
        done = _lint(copied_tree)
    finally:
        for path in planted:
            path.unlink()
    assert done.returncode == 1
    for _, _, contract in VIOLATIONS:
        assert f"{contract} BROKEN" in done.stdout, contract


def test_a_room_without_a_layer_is_caught(copied_tree: Path) -> None:
    room = copied_tree / "napari_radiogen" / "attic"
    room.mkdir()
    try:
        (room / "__init__.py").touch()
        done = _lint(copied_tree)
    finally:
        shutil.rmtree(room)
    assert done.returncode == 1
    assert "attic" in done.stdout


def test_the_command_line_starts_without_what_is_heavy() -> None:
    """Everything that a command needs is imported when it runs."""
    code = (
        "import sys; from napari_radiogen.cli import app; app();"
        "print(*sorted({'torch', 'napari', 'monai', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "", done.stdout
    assert done.returncode == 0, done.stderr
