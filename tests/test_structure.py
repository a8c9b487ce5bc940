"""House rules that no linter of ours knows."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import napari_radiogen

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "napari_radiogen"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 300
PICKLING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve"}
EXECUTING = {"eval", "exec"}
WRITING_METHODS = {"write_text", "write_bytes"}
WRITING_MODES = re.compile("[wax+]")
#: The one module that opens files for writing.
SAVING = PACKAGE / "io" / "save.py"
#: The tried versions are of one Qt; the other floats.
UNPINNED = {"pyqt6"}


def _calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _qualified(call: ast.Call) -> str:
    return ast.unparse(call.func)


def writes(source: str) -> list[int]:
    """Return the lines on which a file is opened for writing."""
    lines = []
    for call in _calls(source):
        name = _called(call)
        words = [*call.args, *(k.value for k in call.keywords if k.arg == "mode")]
        modes = [w.value for w in words if isinstance(w, ast.Constant) and isinstance(w.value, str)]
        if name in WRITING_METHODS or (
            name == "open" and any(len(m) <= 3 and WRITING_MODES.search(m) for m in modes)
        ):
            lines.append(call.lineno)
    return lines


def executes(source: str) -> list[str]:
    """Return what could run code that came with data."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.partition(".")[0] in PICKLING]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in PICKLING:
            found.append(node.module or "")
    for call in _calls(source):
        given = {k.arg: ast.unparse(k.value) for k in call.keywords}
        name = _qualified(call)
        if (
            name in EXECUTING
            or name == "yaml.load"
            or (name == "torch.load" and given.get("weights_only") != "True")
            or given.get("allow_pickle") == "True"
        ):
            found.append(name)
    return found


def _name(module: Path) -> str:
    return str(module.relative_to(PACKAGE))


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_module_keeps_the_house_rules(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    tree = ast.parse(source)
    length = len(source.splitlines())
    assert length <= LONGEST_MODULE
    assert [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Assert)] == []
    assert executes(source) == []
    assert module == SAVING or writes(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "path.write_text('x')",
        "path.open('wb')",
        "open(path, mode='a')",
        "open('name', 'r+')",
    ],
)
def test_a_write_is_seen(source: str) -> None:
    assert writes(source) == [1]


@pytest.mark.parametrize("source", ["path.open()", "open(path, 'rb')", "open('wax.csv')"])
def test_a_read_is_not_taken_for_a_write(source: str) -> None:
    assert writes(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "yaml.load(text)",
        "np.load(path, allow_pickle=True)",
        "eval(text)",
    ],
)
def test_code_from_data_is_seen(source: str) -> None:
    assert executes(source)


@pytest.mark.parametrize(
    "source", ["model.eval()", "torch.load(p, weights_only=True)", "yaml.safe_load(t)"]
)
def test_safe_calls_pass(source: str) -> None:
    assert executes(source) == []


def _normal(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=\[; ]", requirement)[0]).lower()


def test_every_direct_dependency_is_pinned_and_fits_its_range() -> None:
    requirement = pytest.importorskip("packaging.requirements").Requirement
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    asked = [*project["dependencies"], *(one for extra in extras for one in extra)]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    pinned = {_normal(name): version for name, version in pinned.items()}
    for one in map(requirement, asked):
        if _normal(one.name) not in UNPINNED:
            assert one.specifier.contains(pinned[_normal(one.name)]), one


def test_one_version_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {napari_radiogen.__version__}\n" in citation
