"""A new user, an empty napari, and a figure: by clicks that a hand could make."""

import json
from pathlib import Path

import napari
import pytest
from PIL import Image
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QFileDialog, QPushButton

from napari_radiogen.plugin import demo
from napari_radiogen.plugin import workbench as workbench_module
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.window import main_window
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.controller import Session
from tests.session.fakes import make_engines

LEFT = Qt.MouseButton.LeftButton
#: What is clicked, as the quickstart lists it.
CLICKS = (
    "Layers", "Visualize", "Radiogen: all docks", "Open the phantom patient", "Figure…", "Save…",
    "Save",
)  # fmt: skip
MOST = 8
QUICKSTART = Path(__file__).parents[2] / "docs" / "quickstart.md"


class Hand:
    """Clicks what a person sees, and counts."""

    def __init__(self, qtbot):
        self.qtbot, self.clicked = qtbot, []

    def click(self, widget, words, at=None):
        self.qtbot.waitUntil(lambda: widget.isVisible() and widget.isEnabled(), timeout=60_000)
        place = widget.rect().center() if at is None else at
        QTest.mouseMove(widget, place)
        QTest.mouseClick(widget, LEFT, pos=place)
        self.clicked.append(words)

    def choose(self, menu, words):
        """Click an entry of a menu or of the menu bar; return the menu that it opens."""
        entry = next(a for a in menu.actions() if a.text().replace("&", "").startswith(words))
        self.click(menu, words, menu.actionGeometry(entry).center())
        return entry.menu()

    def press(self, inside, words):
        (made,) = (
            b
            for b in inside.findChildren(QPushButton)
            if b.text().replace("&", "") == words and b.isVisible()
        )
        self.click(made, words)


@pytest.fixture
def window(qapp, tmp_path, monkeypatch, request):
    """An empty napari; files are written into a folder of its own."""
    monkeypatch.chdir(tmp_path)
    if request.param == "small engines":
        monkeypatch.setattr(
            workbench_module, "Session", lambda runner: Session(runner, engines=make_engines())
        )
        monkeypatch.setattr(demo, "_demo_folder", lambda ctx: tmp_path / "scan")
    qapp.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    viewer = napari.Viewer()
    main_window(viewer).resize(1280, 800)
    yield viewer
    workbench_of(viewer).close()
    viewer.close()


@pytest.mark.timeout(3000)
@pytest.mark.parametrize(
    "window",
    ["small engines", pytest.param("shipped models", marks=pytest.mark.slow)],
    indirect=True,
)
def test_a_figure_takes_at_most_eight_clicks(window, qtbot, tmp_path):
    hand, frame = Hand(qtbot), main_window(window)
    visualize = hand.choose(hand.choose(frame.menuBar(), "Layers"), "Visualize")
    hand.choose(visualize, "Radiogen: all docks")
    bench = workbench_of(window)
    session = bench.session
    qtbot.waitUntil(lambda: session.generator is not None, timeout=600_000)
    hand.press(frame.findChild(CTTumourWidget), "Open the phantom patient")
    demo.wait_until_quiet(bench.demo)
    assert session.result.complete
    hand.press(frame, "Figure…")
    composer = QApplication.activeModalWidget()
    asking = QTimer()
    asking.timeout.connect(lambda: answer(hand, asking))
    asking.start(50)
    hand.press(composer, "Save…")
    figure = tmp_path / "figure.png"
    qtbot.waitUntil(lambda: (tmp_path / "figure.recipe.json").is_file(), timeout=600_000)
    qtbot.waitUntil(lambda: not session.is_busy("export"), timeout=600_000)
    assert sorted(hand.clicked) == sorted(CLICKS)
    assert len(hand.clicked) <= MOST
    with Image.open(figure) as picture:
        assert min(picture.size) > 500
    recipe = json.loads((tmp_path / "figure.recipe.json").read_text())
    assert session.generator.digest in json.dumps(recipe)


def answer(hand, asking):
    """Click the file dialog's own button, once it is there."""
    dialog = QApplication.activeModalWidget()
    if isinstance(dialog, QFileDialog) and dialog.isVisible():
        asking.stop()
        box = dialog.findChild(QDialogButtonBox)
        hand.click(box.button(QDialogButtonBox.StandardButton.Save), "Save")


def test_the_quickstart_lists_the_clicks():
    section = (
        QUICKSTART.read_text().partition("## A figure in seven clicks")[2].partition("\n## ")[0]
    )
    places = [section.find(f"*{words}*") for words in CLICKS]
    assert -1 not in places
    assert places == sorted(places)
    assert len(CLICKS) <= MOST
