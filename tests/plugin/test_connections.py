"""Every widget shows by one connection that a test notices when it is gone."""

import ast

import pytest

from scripts import disconnected
from scripts.disconnected import PLUGIN, ROOT, SHOWN, connections

MODULES = sorted(m for m in PLUGIN.rglob("*.py") if any(connections(m)))


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_taken_away_and_the_test_that_notices_are_there(name):
    assert disconnected.shown(name).line
    file, _, test = SHOWN[name][1].partition("::")
    assert f"def {test}(" in (ROOT / "tests" / "plugin" / file).read_text()


def test_no_widget_with_a_connection_is_left_out():
    assert {m.stem for m in MODULES if m.parent.name == "widgets"} <= set(SHOWN)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.stem)
def test_one_connection_goes_and_all_else_stays(module):
    whole = ast.unparse(ast.parse(module.read_text())).splitlines()
    for tie in connections(module):
        without = ast.unparse(ast.parse(tie.source_without())).splitlines()
        assert sum(a != b for a, b in zip(whole, without, strict=True)) == 1
    assert disconnected.tests_of(module)
