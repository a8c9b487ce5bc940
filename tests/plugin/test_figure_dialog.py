"""The figure composer, driven as a person would."""

import json

import pytest
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_radiogen.plugin.widgets.export import ExportWidget
from napari_radiogen.plugin.widgets.figure_dialog import FigureDialog


@pytest.fixture
def dialog(ready, qtbot):
    dock = ExportWidget(ready.viewer)
    qtbot.addWidget(dock)
    qtbot.mouseClick(dock.figure, Qt.MouseButton.LeftButton)
    assert isinstance(dock.composer, FigureDialog)
    gone = []
    dock.composer.destroyed.connect(lambda: gone.append(True))
    yield dock.composer
    # Saving closes it, and Qt 6 has deleted it by now.
    if not gone:
        dock.composer.close()


def drawn(dialog):
    return dialog.picture.pixmap().toImage()


def test_it_shows_the_figure_at_once(dialog):
    assert drawn(dialog).width() > 300


@pytest.mark.parametrize("name", ["planes", "close-ups", "measurements", "metagenes", "map"])
def test_a_box_takes_its_panel_off_the_picture(dialog, qtbot, name):
    before = drawn(dialog)
    dialog.panels[name].click()
    assert name not in dialog.choice.panels
    qtbot.waitUntil(lambda: drawn(dialog) != before)


def test_the_last_panel_stays(dialog):
    for box in dialog.panels.values():
        box.click()
    assert dialog.choice.panels == ("map",)
    assert dialog.panels["map"].isChecked()


def test_outlines_and_caption_change_the_picture(dialog, qtbot):
    before = drawn(dialog)
    dialog.outlines.click()
    qtbot.waitUntil(lambda: drawn(dialog) != before)
    before = drawn(dialog)
    qtbot.keyClicks(dialog.caption, "Figure 2")
    qtbot.waitUntil(lambda: drawn(dialog) != before)
    assert dialog.choice.caption == "Figure 2"


def test_save_writes_the_chosen_figure_and_its_recipe(dialog, qtbot, tmp_path, monkeypatch):
    target = tmp_path / "figure.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(target), ""))
    dialog.dpi.setFocus()
    qtbot.keyClick(dialog.dpi, Qt.Key.Key_Home)
    assert dialog.choice.dpi == 100
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    with Image.open(target) as picture:
        assert picture.size == (1169, 827)
    assert json.loads((tmp_path / "figure.recipe.json").read_text())


def test_a_closed_composer_hears_no_more(ready, qtbot):
    dialog = FigureDialog(ready.session)
    heard = len(ready.session.figure_drawn)
    dialog.deleteLater()
    qtbot.waitUntil(lambda: len(ready.session.figure_drawn) == heard - 1)
