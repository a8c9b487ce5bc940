"""One table of keys: the bindings, the dialog and the docs agree."""

import re
from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton

from napari_radiogen.plugin.keys import KEYS, MOUSE
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.widgets.keys_dialog import KeysDialog

QUICKSTART = Path(__file__).parents[2] / "docs" / "quickstart.md"
ROWS = [*((key.keys, key.does) for key in KEYS), *MOUSE]


def test_the_dialog_lists_every_key_and_esc_closes_it(qtbot):
    dialog = KeysDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    made = dialog.table
    lines = range(made.rowCount())
    assert [(made.item(i, 0).text(), made.item(i, 1).text()) for i in lines] == ROWS
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


@pytest.mark.skipif(not QUICKSTART.exists(), reason="installed without its docs")
def test_the_docs_hold_the_same_table():
    text = QUICKSTART.read_text(encoding="utf-8").split("## Keys", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert found[1:] == ROWS


def test_tips_name_no_key_that_is_not_in_the_table(bench, qtbot):
    tips = []
    for made in (CTTumourWidget(bench.viewer), GenePanelWidget(bench.viewer)):
        qtbot.addWidget(made)
        tips += [b.toolTip() for b in made.findChildren(QAbstractButton)]
    named = {keys for tip in tips for keys in re.findall(r"\((Alt\+[^)]+)\)", tip)}
    assert {"Alt+O", "Alt+R", "Alt+1"} <= named
    assert named <= {key.keys for key in KEYS}


def test_each_key_stands_once_and_acts(ready):
    assert len({key.keys for key in KEYS}) == len(KEYS)
    act = {key.keys: key.act for key in KEYS}
    session = ready.session
    seed = session.state.seed
    act["Alt+R"](ready)
    assert session.state.seed != seed
    act["Alt+Z"](ready)
    assert session.state.seed == seed
    act["Alt+2"](ready)
    assert session.state.window == "Soft tissue"
    for keys, holder, field in (
        ("Alt+O", session.state, "overlay_visible"),
        ("Alt+X", session.state, "show_synthetic"),
        ("Alt+D", session.view, "difference"),
    ):
        before = getattr(holder, field)
        act[keys](ready)
        assert getattr(holder, field) is not before
    act["Alt+K"](ready)
    assert ready.keys_dialog.isVisible()
    ready.keys_dialog.close()
