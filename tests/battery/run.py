"""One case through ``radiogen convert``, judged by what it leaves and prints."""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from napari_radiogen.cli import main
from tests.battery.case import CANARY, Case, TableTruth, Truth
from tests.battery.oracle import everything_in, read_output, read_table

#: A case of a few kilobytes takes no longer.
LIMIT_S = 30


@dataclass
class Judgement:
    """What came of a case.

    Parameters
    ----------
    came
        ``right``, ``refused``, ``wrong`` (silently), ``warned wrong`` or ``crashed``.
    faults
        What else is amiss, one line each; empty for a pass.
    """

    came: str
    faults: list[str] = field(default_factory=list)
    printed: str = ""


#: What a case's folder holds in the end.
OURS = {"in", "out", "printed"}


class HangError(Exception):
    """A case took too long."""


def run_case(case: Case, folder: Path, number: int = 0) -> Judgement:
    """Build a case below an empty folder, convert it, and judge."""
    folder.joinpath("in").mkdir(parents=True)
    out = folder / "out" / f"scan{case.outputs[number % 2]}"
    out.parent.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source, truth = case.build(folder / "in")
    words = ["convert", str(source), str(out)]
    if case.series is not None:
        words += ["--series", case.series]
    words += [word.format(folder / "in") for word in case.options]
    before = _listing(folder / "in")
    try:
        with time_limit(LIMIT_S), captured(folder / "printed") as printed:
            code = main(words)
    except HangError:
        return Judgement("crashed", [f"still running after {LIMIT_S} s"])
    text = printed.read_text(errors="replace")
    came = _came(code, out, truth, text)
    judgement = Judgement(came, printed=text)
    if code == 1:
        judgement.faults += _refusal_faults(source, out, text)
    judgement.faults += _faults(case, came, text)
    if _listing(folder / "in") != before or {p.name for p in folder.iterdir()} != OURS:
        judgement.faults.append("something was written beside the output")
    if CANARY.encode() in everything_in(out.parent) + text.encode():
        judgement.faults.append("identity of the header is written or printed")
    return judgement


def _listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(p), p.lstat().st_size) for p in folder.rglob("*"))


def _right(truth: Truth | TableTruth | None, out: Path) -> bool:
    if isinstance(truth, TableTruth):
        return truth.matches(*read_table(out))
    if truth is None or len(list(out.parent.iterdir())) != 1 + len(truth.further):
        return False
    files = [out] + [
        out.with_name(out.name.replace("scan", f"scan-{place}"))
        for place in range(2, len(truth.further) + 2)
    ]
    layers = (truth, *truth.further)
    return all(one.matches(*read_output(file)) for one, file in zip(layers, files, strict=True))


def _came(code: int, out: Path, truth: Truth | TableTruth | None, text: str) -> str:
    if code not in (0, 1) or "unexpected error" in text:
        return "crashed"
    if code == 1:
        return "refused"
    if _right(truth, out):
        return "right"
    return "warned wrong" if "warning: " in text else "wrong"


def _refusal_faults(source: Path, out: Path, text: str) -> list[str]:
    faults = []
    lines = text.splitlines()
    shown = "".join(c if c.isprintable() else "?" for c in str(source))
    if len(lines) != 1 or not re.match(r"radiogen: .+: \S", lines[0]):
        faults.append("expected one line FILE: reason")
    elif " ".join(shown.split()) not in lines[0] and source.name not in lines[0]:
        faults.append("the line does not name the input")
    if any(out.parent.iterdir()):
        faults.append("a refusal left a file")
    return faults


def _faults(case: Case, came: str, text: str) -> list[str]:
    wanted = "refused" if case.expect == "refused" else "right"
    faults = [] if came == wanted else [f"expected {wanted}, came {came}"]
    warnings = [line for line in text.splitlines() if "warning: " in line]
    if case.expect == "valid" and warnings:
        faults.append("a valid input gave a warning")
    if case.expect == "warned" and not any(re.search(case.says, line) for line in warnings):
        faults.append(f"no warning of {case.says!r}")
    if case.expect == "refused" and not re.search(case.says, text):
        faults.append(f"the refusal does not say {case.says!r}")
    return faults


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise HangError in the main thread after so long."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def captured(path: Path) -> Iterator[Path]:
    """Collect what Python and its libraries print into a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with path.open("w+", buffering=1) as stream:
        for n in (1, 2):
            os.dup2(stream.fileno(), n)
        try:
            with redirect_stdout(stream), redirect_stderr(stream):
                yield path
        finally:
            for n, old in enumerate(kept, 1):
                os.dup2(old, n)
                os.close(old)


def scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="battery-"))
