"""Awkward, broken and hostile scans, masks and tables: right, or refused in one line.

A sample by default, since every case writes files; all with
RADIOGEN_BATTERY=all, or with the peers by ``python benchmarks/battery.py``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from tests.battery.battery import all_cases
from tests.battery.case import Case, Truth
from tests.battery.run import run_case

ROOT = Path(__file__).parents[2]
CASES = all_cases()
EVERY = 1 if os.environ.get("RADIOGEN_BATTERY") == "all" else 7


def sample() -> list[tuple[int, Case]]:
    """Return one case of every fault and every seventh of the others."""
    seen: set[str] = set()
    chosen = []
    for number, case in enumerate(CASES):
        if number % EVERY == 0 or (case.fault and case.fault not in seen):
            chosen.append((number, case))
        seen.add(case.fault)
    return chosen


@pytest.mark.parametrize(("number", "case"), sample(), ids=lambda v: str(v))
def test_case(number: int, case: Case, tmp_path: Path) -> None:
    judgement = run_case(case, tmp_path, number)
    assert judgement.faults == [], judgement.printed


def rows(page: str = "faults.md", heading: str = "## Scans") -> dict[str, str]:
    """Return what happens by fault, from a table in the docs."""
    text = (ROOT / "docs" / page).read_text()
    text = text.split(heading)[1].split("\n## ")[0]
    found = re.findall(r"^\| (.+?) \| (.+?) \| .+ \|$", text, re.MULTILINE)
    return {fault: what for fault, what in found if fault.lower() != "fault"}


def expected(groups: set[str]) -> dict[str, set[str]]:
    """Return the outcomes by fault that the cases of some groups expect."""
    found: dict[str, set[str]] = {}
    words = {"warned": "warning", "refused": "refused", "valid": "silence"}
    for case in CASES:
        if case.fault and case.group in groups:
            found.setdefault(case.fault, set()).add(words[case.expect])
    return found


def test_the_table_of_faults_says_what_the_battery_expects() -> None:
    scans = {case.group for case in CASES} - {"tables", "h5ad", "masks"}
    assert {fault: set(what.split(" or ")) for fault, what in rows().items()} == expected(scans)


@pytest.mark.parametrize(
    ("page", "heading", "groups"),
    [
        ("tables.md", "## Faults", {"tables", "h5ad"}),
        ("data.md", "## Faults of a mask", {"masks"}),
    ],
)
def test_what_the_battery_expects_of_tables_and_masks_is_in_the_docs(
    page: str, heading: str, groups: set[str]
) -> None:
    table = rows(page, heading)
    wanted = expected(groups)
    assert len(wanted) >= 15
    for fault, outcomes in wanted.items():
        assert [table[fault].split()[0].rstrip(",;")] == list(outcomes), fault


def test_the_battery_is_large_and_its_names_differ() -> None:
    assert len(CASES) >= 900
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("change", "right"),
    [
        (lambda v, a: (v, a), True),
        (lambda v, a: (v[::-1], a @ _flip(v.shape[0])), True),
        (lambda v, a: (v[::-1], a), False),
        (lambda v, a: (v + 0.02, a), False),
        (lambda v, a: (v.transpose(0, 2, 1), a), False),
        (lambda v, a: (v.transpose(0, 2, 1), a[:, [0, 2, 1, 3]]), True),
        (lambda v, a: (v, a + np.eye(4)[:, [3, 0, 1, 2]] * 0.02), False),
        (lambda v, a: (v[1:], a), False),
    ],
    ids=["same", "flipped", "flip lost", "0.02 HU", "axes lost", "axes", "0.02 mm", "short"],
)
def test_the_judge_sees_what_is_wrong(change: object, right: bool) -> None:
    voxels = np.random.default_rng(0).normal(size=(3, 4, 5))
    affine = np.diag([2.5, 0.7, 0.9, 1.0])
    assert Truth(voxels, affine).matches(*change(voxels, affine)) is right


def _flip(count: int) -> np.ndarray:
    flip = np.diag([-1.0, 1, 1, 1])
    flip[0, 3] = count - 1
    return flip
