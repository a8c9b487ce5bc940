"""Every widget shows by one connection that a test notices when it is gone."""

import ast

import pytest

from scripts.disconnected import PLUGIN, ROOT, SHOWN, connections, shown, tests_of

MODULES = sorted(PLUGIN.rglob("*.py"))


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_taken_away_and_the_test_that_notices_are_there(name):
    assert shown(name).line
    file, _, test = SHOWN[name][1].partition("::")
    assert f"def {test}(" in (ROOT / "tests" / "plugin" / file).read_text()


def test_no_widget_with_a_connection_is_left_out():
    widgets = {m.stem for m in (PLUGIN / "widgets").glob("*.py") if any(connections(m))}
    assert widgets <= set(SHOWN)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.stem)
def test_a_module_without_one_is_a_module_with_one_call_less(module):
    for tie in connections(module):
        assert len(list(ast.walk(ast.parse(tie.source_without())))) < len(
            list(ast.walk(ast.parse(module.read_text())))
        )
    assert tests_of(module) or not any(connections(module))
