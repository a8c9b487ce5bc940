"""A window on fake engines, in a process of its own: Qt reads its scale once.

QT_SCALE_FACTOR=2 python -m tests.plugin.scaled_window PICTURE [THEME]

Saves the window's picture and prints what was measured, as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from napari.settings import get_settings
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QStyle,
    QStyleOptionComboBox,
    QWidget,
)

from napari_radiogen.io.save import save_bytes
from napari_radiogen.plugin import workbench as workbench_module
from napari_radiogen.plugin.demo import Demo, picture, wait_until_quiet
from napari_radiogen.plugin.docks import open_window
from napari_radiogen.plugin.widgets.figure_dialog import FigureDialog
from napari_radiogen.plugin.widgets.hover_card import HoverCard
from napari_radiogen.plugin.window import close_notifications, main_window
from napari_radiogen.session.controller import Session
from napari_radiogen.session.map_actions import Thumbnail
from tests.session.fakes import make_engines, make_scan

SIZE = (1280, 800)


def clipped(window: QWidget) -> list[str]:
    """Return the words in our docks that do not fit where they stand."""
    found = []
    docks = [w for w in window.findChildren(QWidget, "radiogen") if w.isVisible()]
    for kind in (QLabel, QPushButton, QCheckBox, QComboBox):
        for part in {p for d in docks for p in d.findChildren(kind) if p.isVisible()}:
            words = part.currentText() if isinstance(part, QComboBox) else part.text()
            if words and not _fits(part, words):
                found.append(f"{type(part).__name__} {part.width()}x{part.height()}: {words}")
    return sorted(found)


def _fits(part: QWidget, words: str) -> bool:
    if isinstance(part, QLabel) and part.wordWrap():
        return part.heightForWidth(part.width()) <= part.height() + 1
    need = part.fontMetrics().boundingRect(words)
    return need.width() <= _room(part) + 1 and need.height() <= part.height() + 1


def _room(part: QWidget) -> int:
    """Return the points that words may take across: of a box those beside its arrow."""
    if not isinstance(part, QComboBox):
        return part.width()
    option = QStyleOptionComboBox()
    option.initFrom(part)
    style, kind = part.style(), QStyle.ComplexControl.CC_ComboBox
    field = QStyle.SubControl.SC_ComboBoxEditField
    return style.subControlRect(kind, option, field, part).width()


def pictures(window: QWidget, session: Session) -> dict[str, list[float]]:
    """Return pixels across, points across and pixels a point of pictures that we scale."""
    card = HoverCard(window)
    card.show_subject("S", "S", window.mapToGlobal(QPoint(5, 5)))
    card.show_picture("S", Thumbnail(make_scan().voxels[10], True), (-1350.0, 150.0))
    dialog = FigureDialog(session)
    dialog.show()
    while dialog.picture.pixmap() is None or dialog.picture.pixmap().isNull():
        QApplication.processEvents()
    labels = {"card": card.picture, "figure": dialog.picture}
    told = {
        name: [p.width(), label.width(), p.devicePixelRatio()]
        for name, label in labels.items()
        if (p := label.pixmap()) is not None
    }
    card.close()
    dialog.close()
    return told


def main(target: Path, theme: str = "dark") -> None:
    """Lead the demo to its end on fakes, measure, and print."""
    get_settings().appearance.theme = theme
    workbench_module.Session = lambda runner: Session(runner, engines=make_engines())
    viewer, bench = open_window(SIZE)
    window = main_window(viewer)
    demo = Demo(bench)
    with tempfile.TemporaryDirectory() as folder:
        demo.start(Path(folder))
        wait_until_quiet(demo)
    close_notifications(viewer)
    canvas = viewer.window._qt_viewer.canvas
    told = {
        "ratio": window.devicePixelRatioF(),
        "window": [window.width(), window.height()],
        "canvas": [
            [canvas.native.width(), canvas.native.height()],
            list(canvas._scene_canvas.physical_size),
        ],
        "clipped": clipped(window),
        "pictures": pictures(window, bench.session),
    }
    save_bytes(target, picture(viewer))
    print(json.dumps(told))
    bench.close()
    viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
