"""What PyQt5 forgives and PyQt6 does not: the widgets use Qt in the way of both."""

import ast
import enum
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "napari_radiogen" / "plugin"
MODULES = sorted(FOLDER.rglob("*.py"))
BINDINGS = {"PyQt5", "PyQt6", "PySide2", "PySide6"}
#: Gone in Qt 6.
GONE = {"exec_", "globalX", "globalY", "setMargin"}


def qt_names(tree):
    """Return what a module imports from qtpy, by the name it has there."""
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    found = [i for i in imports if (i.module or "").startswith("qtpy")]
    return {
        alias.asname or alias.name: getattr(import_module(i.module), alias.name)
        for i in found
        for alias in i.names
    }


def unscoped(cls, name):
    """Whether a name of a class is a member of one of its enums, as in ``Qt.AlignCenter``."""
    value = getattr(cls, name, None)
    kind = type(value)
    own = getattr(cls, kind.__name__, None) is kind
    return own and (isinstance(value, (enum.Enum, int)))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(FOLDER).as_posix())
def test_a_module_speaks_to_qt_as_both_bindings_understand_it(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = qt_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not {a.name.split(".")[0] for a in node.names} & BINDINGS
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in BINDINGS
        elif isinstance(node, ast.Attribute):
            assert node.attr not in GONE, f"line {node.lineno}: {node.attr}"
            if isinstance(node.value, ast.Name) and node.value.id in names:
                what = f"line {node.lineno}: {node.value.id}.{node.attr} without its enum"
                assert not unscoped(names[node.value.id], node.attr), what


def test_the_rule_tells_an_enum_s_member_from_other_names():
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QFrame, QSizePolicy

    assert unscoped(Qt, "AlignCenter")
    assert unscoped(QFrame, "NoFrame")
    assert not unscoped(Qt, "AlignmentFlag")
    assert not unscoped(QSizePolicy, "Policy")
    assert not unscoped(QFrame, "show")
