"""Every command of README.md and docs/*.md runs, on miniatures of what it names."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest

from napari_radiogen import cli
from tests.docs_pages import ROOT, SHELL, Block, Command, blocks, inline_commands, spans
from tests.docs_stand_ins import ADDED, SLOW, STAND_INS, WORDS, Miniatures, small_config

#: The longest takes half a minute of one idle core.
TIME_LIMIT_S = 900
pytestmark = pytest.mark.timeout(TIME_LIMIT_S)
BLOCKS = blocks()
SHELL_BLOCKS = [b for b in BLOCKS if b.language in SHELL]
PYTHON_BLOCKS = [b for b in BLOCKS if b.language == "python"]
INLINE = inline_commands()
#: Options whose value a command writes.
OUTPUTS = ("-o", "--out", "--output", "--recipe", "--screenshot")
WINDOW = ("demo", "open")
BLOCK_PARAMETERS = [
    pytest.param(b, id=b.place, marks=[pytest.mark.slow] if any(s in b.text for s in SLOW) else [])
    for b in SHELL_BLOCKS
]


def check_make(command: Command) -> None:
    """Ask make what it would do: the target exists, and its variables are understood."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    words = ["make", "-n", *command.words[1:]]
    told = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert told.returncode == 0, f"{command}: {told.stderr}"


def check_extra(command: Command) -> None:
    """Look up the extras that an installation names."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    target = command.words[-1]
    name, _, rest = target.partition("[")
    assert name in (".", extras["name"]), f"{command}: another package"
    for extra in rest.rstrip("]").split(","):
        assert extra in extras["optional-dependencies"], f"{command}: no extra {extra}"


def check_tensorboard(command: Command) -> None:
    """See that the package comes with the extra that trainings need."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = extras["optional-dependencies"]["train"]
    assert any(n.startswith("tensorboard") for n in needed), str(command)


#: What no test can run, why, and what is checked in its place.
NOT_RUN: dict[str, tuple[str, Callable[[Command], None]]] = {
    "make": ("sets up an environment, or is this suite", check_make),
    "pip": ("needs a network", check_extra),
    "tensorboard": ("is a server that never ends", check_tensorboard),
}


@pytest.fixture(scope="module")
def miniatures(tmp_path_factory: pytest.TempPathFactory) -> Miniatures:
    return Miniatures(tmp_path_factory.mktemp("miniatures"))


class Bench:
    """A scratch folder in which the commands of one block are typed, one after the other."""

    #: Of all commands within the text.
    ran: ClassVar[set[frozenset[str]]] = set()

    def __init__(self, folder: Path, miniatures: Miniatures, told: pytest.CaptureFixture[str]):
        self.folder, self.miniatures, self.told = folder, miniatures, told
        self.made: set[str] = set()

    def words(self, command: Command) -> list[str]:
        """Put stand-ins in the place of names, and add what makes the command quick."""
        given = list(command.words)
        for start, more in ADDED.items():
            if given[: len(start.split())] == start.split():
                given += more.split()
        self.made |= {word for option, word in pairwise(given) if option in OUTPUTS}
        start = " ".join(given[:3])
        return [self._word(start, before, word) for before, word in pairwise(["", *given])]

    def _word(self, start: str, option: str, word: str) -> str:
        names = (f"{start} {option} {word}", f"{option} {word}", word)
        name = next((n for n in names if n in STAND_INS or n in WORDS), "")
        if name in WORDS:
            return WORDS[name]
        if word in self.made:
            return word
        if word.startswith("training/configs/"):
            return str(small_config(word, self.folder))
        return str(getattr(self.miniatures, STAND_INS[name])) if name else word

    def has_run(self, command: Command) -> bool:
        """Whether the same words, in any order, have run elsewhere in the text."""
        words = frozenset(self.words(command))
        known = words in self.ran
        self.ran.add(words)
        return known

    def run(self, command: Command) -> tuple[int, str, str]:
        """Run a command; return its exit code and what it printed."""
        words = self.words(command)
        if command.program == "radiogen" and command.words[1:2] not in [(w,) for w in WINDOW]:
            self.told.readouterr()
            code = cli.main(words[1:])
            printed = self.told.readouterr()
            return code, printed.out, printed.err
        start = {
            "radiogen": ["-c", "import sys; from napari_radiogen import cli; sys.exit(cli.main())"],
            "python": [],
            "torchrun": ["-m", "torch.distributed.run"],
        }[command.program]
        env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            env[name] = str(self.folder / name.lower())
        done = subprocess.run(
            [sys.executable, *start, *words[1:]],
            env=env,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def check(self, command: Command) -> None:
        """Run a command, or what stands for it; it succeeds, and writes what it says."""
        if command.program in NOT_RUN:
            NOT_RUN[command.program][1](command)
            return
        code, out, err = self.run(command)
        assert code == 0, f"{command} ended with {code}\n{out[-2000:]}\n{err[-2000:]}"
        if "--json" in command.words:
            json.loads(out)
        for option, word in pairwise(command.words):
            if option in OUTPUTS:
                name = WORDS.get(f"{option} {word}", WORDS.get(word, word))
                assert (self.folder / name).exists(), f"{command}: no {name}"


@pytest.fixture
def bench(tmp_path, miniatures, capsys, monkeypatch):
    for name in ("training", "benchmarks", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path, miniatures, capsys)


def need_what_it_needs(command: Command) -> None:
    """Skip what this machine cannot run, with the reason."""
    if command.words[:1] == ("radiogen",) and command.words[1:2] in [(w,) for w in WINDOW]:
        if find_spec("napari") is None:
            pytest.skip("napari is not installed: pip install 'napari-radiogen[gui]'")
        if not os.environ.get("DISPLAY") and shutil.which("xvfb-run") is None:
            pytest.skip("no DISPLAY and no xvfb-run")
    if "benchmarks/fuzz.py" in command.words and find_spec("atheris") is None:
        pytest.skip("Atheris is not installed: pip install 'napari-radiogen[fuzz]'")


def test_the_pages_hold_commands_and_no_fence_of_an_unknown_kind():
    assert len(SHELL_BLOCKS) > 10
    assert PYTHON_BLOCKS
    for block in BLOCKS:
        assert block.language in (*SHELL, "python"), f"{block.place}: {block.language}"
    programs = {c.program for b in SHELL_BLOCKS for c in b.commands()}
    assert programs <= {"radiogen", "python", "torchrun", *NOT_RUN}


@pytest.mark.parametrize("block", BLOCK_PARAMETERS)
def test_a_block_of_commands_runs_from_top_to_bottom(block: Block, bench: Bench):
    for command in block.commands():
        need_what_it_needs(command)
        bench.check(command)


@pytest.mark.parametrize("command", INLINE, ids=lambda c: " ".join(c.words))
def test_a_command_in_the_text_runs_or_is_only_named(command: Command, bench: Bench):
    if command.program != "radiogen":
        need_what_it_needs(command)
        bench.check(command)
    elif all(re.fullmatch("[a-z-]+", word) for word in command.words):
        # Only its name: it is there.
        assert cli.main([*command.words[1:], "--help"]) == 0, str(command)
    else:
        need_what_it_needs(command)
        if bench.has_run(command):
            return
        code, out, err = bench.run(command)
        # A sentence may leave out what the command needs beside, never name what it has not.
        named = code == 2 and "Missing option" in err
        assert code == 0 or named, f"{command} ended with {code}\n{out}\n{err}"


@pytest.mark.parametrize("block", PYTHON_BLOCKS, ids=lambda b: b.place)
def test_a_piece_of_python_runs_and_says_nothing(block: Block, bench: Bench, capsys):
    (bench.folder / "ct-folder").symlink_to(bench.miniatures.scan)
    exec(compile(block.text, block.place, "exec"), {})
    assert capsys.readouterr().out == ""
    for name in re.findall(r'export_\w+\("([^"]+)"\)', block.text):
        assert (bench.folder / name).stat().st_size > 0


def test_every_option_in_the_text_is_one_of_a_command():
    known = options_of(typer_root()) | {"--json"}
    scripts = [*(ROOT / "benchmarks").glob("*.py"), *(ROOT / "training").glob("*.py")]
    known |= {o for s in scripts for o in re.findall(r'"(--[a-z-]+)"', s.read_text())}
    for place, text in spans():
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", text):
            if text.split()[0].startswith("--"):
                assert option in known, f"{place}: {option}"


def test_every_path_of_the_repository_in_the_text_is_there():
    folders = ("training", "benchmarks", "scripts", "tests", "napari_radiogen", "docs")
    for place, text in spans():
        for word in text.split():
            path, _, _ = word.partition("::")
            if path.split("/")[0] in folders and "/" in path and not re.search("[A-Z*]{2}", path):
                assert list(ROOT.glob(path.rstrip("/"))), f"{place}: {path}"


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path: Path):
    pytest.importorskip("sphinx", reason="Sphinx is not installed: pip install '.[docs]'")
    words = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*words, str(ROOT / "docs"), str(tmp_path)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    pages = ("quickstart", "viewer", "training", "data", "limits", "api", "cli")
    assert all((tmp_path / f"{page}.html").is_file() for page in pages)


def typer_root():
    from typer.main import get_command

    return get_command(cli.app())


def options_of(command) -> set[str]:
    found = {o for p in command.params for o in p.opts if o.startswith("-")}
    for child in getattr(command, "commands", {}).values():
        found |= options_of(child)
    return found
