"""Compose a figure: choose its panels, see it, write it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QImage
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.sharp import fitted
from napari_radiogen.plugin.styles import style_sheet
from napari_radiogen.plugin.widgets.parts import Listening, button, note, stop_listening, title
from napari_radiogen.session.figure_choice import (
    CAPTION_LIMIT,
    DPI_CHOICES,
    PANELS,
    FigureChoice,
)

if TYPE_CHECKING:
    from napari_radiogen.session import Session

FIGURE_FILTER = "Figure (*.png *.svg *.pdf)"
#: A change waits this long for the next before the picture is drawn again, ms.
SETTLE_MS = 150
CONTROLS_PX = 200


class FigureDialog(QDialog):
    """Panels at the left, the figure at the right."""

    def __init__(
        self,
        session: Session,
        parent: QWidget | None = None,
        choice: FigureChoice | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("radiogen")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(style_sheet(palette()))
        self.setWindowTitle("Figure")
        self.resize(1060, 640)
        self.session = session
        self._pixels: np.ndarray | None = None
        self.choice = choice or FigureChoice()
        self.panels = {panel: self._box(words, panel) for panel, words in PANELS.items()}
        self.outlines = QCheckBox("Outline tumours and nodule")
        self.outlines.setChecked(True)
        self.outlines.clicked.connect(lambda on: self._choose(replace(self.choice, outlines=on)))
        self.dpi = QComboBox()
        self.dpi.addItems([f"{n} dpi" for n in DPI_CHOICES])
        self.dpi.setCurrentText(f"{self.choice.dpi} dpi")
        self.dpi.activated.connect(
            lambda i: self._choose(replace(self.choice, dpi=DPI_CHOICES[i]), draw=False)
        )
        self.caption = QLineEdit()
        self.caption.setPlaceholderText("a line of your own")
        self.caption.setMaxLength(CAPTION_LIMIT)
        self.caption.textEdited.connect(
            lambda text: self._choose(replace(self.choice, caption=_printable(text)))
        )
        self.picture = QLabel("drawing…")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setMinimumSize(420, 300)
        self.save = button("Save…", self.ask, "PNG, SVG or PDF, with its recipe", primary=True)
        self._lay_out()
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._draw)
        self._listening: Listening = []
        self.destroyed.connect(partial(stop_listening, self._listening))
        self._listen(session.figure_drawn, self._show)
        self._draw()

    def ask(self) -> None:
        """Ask where the figure goes, write it and close."""
        path, _ = QFileDialog.getSaveFileName(self, "Figure", "figure.png", FIGURE_FILTER)
        if path:
            self.session.export_figure(path, self.choice)
            self.accept()

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Fit the picture to the window."""
        super().resizeEvent(event)
        self._fit()

    def _lay_out(self) -> None:
        controls = QVBoxLayout()
        controls.addWidget(title("Panels"))
        for box in (*self.panels.values(), self.outlines):
            controls.addWidget(box)
        controls.addWidget(title("Resolution"))
        controls.addWidget(self.dpi)
        controls.addWidget(note("Text in SVG and PDF stays text."))
        controls.addWidget(title("Caption"))
        controls.addWidget(self.caption)
        controls.addWidget(note("Model, cohort, place and SYNTHETIC always stand on the figure."))
        controls.addStretch(1)
        controls.addWidget(self.save)
        side = QWidget()
        side.setLayout(controls)
        side.setFixedWidth(CONTROLS_PX)
        line = QHBoxLayout(self)
        line.addWidget(side)
        line.addWidget(self.picture, 1)

    def _box(self, words: str, panel: Any) -> QCheckBox:
        made = QCheckBox(words)
        made.setChecked(True)
        made.clicked.connect(partial(self._choose_panel, panel))
        return made

    def _choose_panel(self, panel: Any, shown: bool) -> None:
        if not shown and self.choice.panels == (panel,):
            self.panels[panel].setChecked(True)  # a figure has at least one panel
            return
        self._choose(self.choice.with_panel(panel, shown))

    def _choose(self, choice: FigureChoice, draw: bool = True) -> None:
        self.choice = choice
        if draw:
            self._settle.start()

    def _draw(self) -> None:
        self.session.preview_figure(self.choice, self.devicePixelRatioF())

    def _show(self, pixels: np.ndarray) -> None:
        self._pixels = np.ascontiguousarray(pixels)
        self._fit()

    def _fit(self) -> None:
        pixels = self._pixels
        if pixels is None:
            return
        height, width = pixels.shape[:2]
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
        self.picture.setPixmap(fitted(image, self.picture.size(), self.devicePixelRatioF()))

    def _listen(self, signal: Any, slot: Any) -> None:
        signal.connect(slot)
        self._listening.append((signal, slot))


def _printable(text: str) -> str:
    """Leave out what a paste may bring and no page can print."""
    return "".join(letter for letter in text if letter.isprintable())
