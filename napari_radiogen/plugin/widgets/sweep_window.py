"""Sweep of one metagene: a strip of nodules, and the curves of what is measured on them."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.plugin.palette import palette, theme_watch
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row
from napari_radiogen.plugin.widgets.picture_grid import Picture, PictureGrid
from napari_radiogen.plugin.windowing import window_limits
from napari_radiogen.session.controller import Session
from napari_radiogen.session.sheets import POSITIONS, SWEEP, Sweep

#: Attribute, and its name on the axis.
CURVES = (("diameter", "diameter, mm"), ("mean_hu", "mean HU"))
CURVE_HEIGHT = 170
#: As wide as the strip is when its pictures are as high as there is room.
SIZE = (1110, 374)
SWEEP_FILTER = "Film (*.gif *.mp4);;Strip (*.png *.svg *.pdf)"


class SweepWindow(QDialog):
    """Nodules along a metagene; a click on one takes its score."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.sweep: Sweep | None = None
        self.setWindowTitle(f"{SYNTHETIC}: sweep of one metagene")
        self.strip = PictureGrid(len(POSITIONS), len(POSITIONS))
        self.plots = {name: _plot(label) for name, label in CURVES}
        self.metagene = QComboBox()
        self.metagene.setToolTip("which metagene; all others stay")
        self.paint = button("sweep", self.ask, "paint along this metagene", primary=True)
        self.cancel = button("cancel", lambda: session.sheets.cancel(SWEEP), "keep what is there")
        self.export = button("save…", self.ask_export, "strip (PNG, SVG, PDF) or film (GIF, MP4)")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.words = note("same place, same noise, all other metagenes as they are")
        self._lay_out()
        self.resize(*SIZE)
        self.strip.chosen.connect(self._take)
        self.body.listen(session.models_changed, self._fill)
        self.body.listen(session.sheets.sweep_changed, self._show)
        self.body.listen(session.busy_changed, self._show_busy)
        self.body.listen(session.progress, self._on_progress)
        self.body.listen(session.vector_changed, self._draw)
        self.body.listen(theme_watch().changed, self._draw)
        self._fill()
        self._show_busy()

    def _lay_out(self) -> None:
        self.body = Dock()
        column = self.body.column
        column.addWidget(self.strip, 1)
        curves = QHBoxLayout()
        for plot in self.plots.values():
            curves.addWidget(plot)
        column.addLayout(curves)
        column.addWidget(self.words)
        column.addWidget(self.bar)
        column.addLayout(row(self.metagene, self.paint, self.cancel, self.export))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.body)

    def choose(self, name: str) -> None:
        """Choose the metagene of the next sweep."""
        self.metagene.setCurrentText(name)

    def ask(self) -> None:
        """Paint a new sweep."""
        self.session.sheets.sweep(self.metagene.currentText())

    def ask_export(self) -> None:
        """Ask where the sweep goes, then write it."""
        path, _ = QFileDialog.getSaveFileName(self, "Sweep", "sweep.gif", SWEEP_FILTER)
        if path and self.sweep is not None:
            self.session.sheets.save_sweep(self.sweep, path)

    def _take(self, index: int) -> None:
        if self.sweep is not None:
            self.session.set_metagene(self.sweep.metagene, self.sweep.positions[index])

    def _fill(self) -> None:
        generator = self.session.generator
        kept = self.metagene.currentText()
        self.metagene.clear()
        if generator is not None:
            self.metagene.addItems(list(generator.metagenes.names))
            self.metagene.setCurrentText(kept)

    def _show(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self._show_busy()
        self._draw()

    def _now(self) -> float | None:
        """Return the score of the swept metagene in the nodule on screen."""
        generator, vector, sweep = self.session.generator, self.session.vector, self.sweep
        if generator is None or vector is None or sweep is None:
            return None
        names = generator.metagenes.names
        return float(vector[names.index(sweep.metagene)]) if sweep.metagene in names else None

    def _draw(self, *_: object) -> None:
        sweep, now = self.sweep, self._now()
        if sweep is None:
            return
        pictures = tuple(
            Picture(s.image_hu, f"{z:+.2f}", now is not None and abs(z - now) < 1e-3)
            for z, s in zip(sweep.positions, sweep.steps, strict=True)
        )
        self.strip.show_pictures(pictures, window_limits(self.session))
        colours = palette()
        for name, plot in self.plots.items():
            plot.setBackground(colours.field)
            plot.getPlotItem().clear()
            pen = pg.mkPen(colours.accent, width=2)
            plot.plot(
                sweep.positions, sweep.curve(name), pen=pen, symbol="o", symbolSize=6,
                symbolBrush=colours.accent, symbolPen=None,
            )  # fmt: skip
            if now is not None:
                plot.addItem(pg.InfiniteLine(now, pen=pg.mkPen(colours.synthetic, width=1.5)))
            for side in ("left", "bottom"):
                axis = plot.getPlotItem().getAxis(side)
                axis.setPen(colours.muted)
                axis.setTextPen(colours.text)
        self.words.setText(
            f"{sweep.metagene}, z-score under each nodule; the line marks the one on screen; "
            "outlined by the measuring network"
        )

    def _show_busy(self, *_: object) -> None:
        busy = self.session.is_busy(SWEEP)
        self.cancel.setEnabled(busy)
        self.paint.setEnabled(not busy and self.session.generator is not None)
        self.export.setEnabled(not busy and self.sweep is not None)
        if not busy:
            self.bar.setValue(0)

    def _on_progress(self, kind: str, share: float, _message: str) -> None:
        if kind == SWEEP:
            self.bar.setValue(round(100 * share))


def _plot(label: str) -> Any:
    plot = pg.PlotWidget()
    plot.setFixedHeight(CURVE_HEIGHT)
    plot.setLabel("left", label)
    plot.setLabel("bottom", "z-score")
    plot.setMouseEnabled(x=False, y=False)
    plot.hideButtons()
    plot.setMenuEnabled(False)
    return plot
