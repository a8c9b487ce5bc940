"""Sheet of noise draws: what chance alone does to a nodule of the same genes."""

from __future__ import annotations

from qtpy.QtWidgets import QDialog, QFileDialog, QProgressBar, QSpinBox, QVBoxLayout, QWidget

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row
from napari_radiogen.plugin.widgets.picture_grid import Picture, PictureGrid
from napari_radiogen.plugin.windowing import window_limits
from napari_radiogen.session.controller import Session
from napari_radiogen.session.glimpses import Glimpse
from napari_radiogen.session.sheets import DRAWS, SHEET, NoiseSheet

FILE_FILTER = "Sheet (*.png *.svg *.pdf)"
COLUMNS = 4
MOST_DRAWS = 36


class NoiseWindow(QDialog):
    """N draws of the noise, measured; a click takes one's seed."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.sheet: NoiseSheet | None = None
        self.setWindowTitle(f"{SYNTHETIC}: draws of the noise")
        self.grid = PictureGrid(COLUMNS, DRAWS)
        self.count = QSpinBox()
        self.count.setRange(2, MOST_DRAWS)
        self.count.setValue(DRAWS)
        self.draw = button("draw", self.ask, "paint these genes with other noise", primary=True)
        self.cancel = button("cancel", lambda: session.sheets.cancel(SHEET), "keep what is there")
        self.export = button("save…", self.ask_export, "PNG, SVG or PDF")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.words = note("same genes, same place; a click takes a draw's seed")
        self._lay_out()
        self.grid.chosen.connect(self._take)
        self.body.listen(session.sheets.sheet_changed, self._show)
        self.body.listen(session.busy_changed, self._show_busy)
        self.body.listen(session.progress, self._on_progress)
        self.body.listen(session.state.events.seed, self._repaint)  # type: ignore[attr-defined]
        self._show_busy()

    def _lay_out(self) -> None:
        self.body = Dock()
        column = self.body.column
        column.addWidget(self.grid, 1)
        column.addWidget(self.words)
        column.addWidget(self.bar)
        column.addLayout(row(self.count, self.draw, self.cancel, self.export))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.body)

    def ask(self) -> None:
        """Paint a new sheet of the nodule on screen."""
        self.grid.count = self.count.value()
        self.grid.updateGeometry()
        self.session.sheets.draw(self.count.value())

    def ask_export(self) -> None:
        """Ask where the sheet goes, then write it."""
        path, _ = QFileDialog.getSaveFileName(self, "Save sheet", "draws.png", FILE_FILTER)
        if path and self.sheet is not None:
            self.session.sheets.save(self.sheet, path)

    def _take(self, index: int) -> None:
        if self.sheet is not None:
            self.session.set_seed(self.sheet.draws[index].request.seed)

    def _show(self, sheet: NoiseSheet) -> None:
        self.sheet = sheet
        (size, size_sd), (hu, hu_sd) = (sheet.spread[name] for name in ("diameter", "mean_hu"))
        self.words.setText(
            f"{len(sheet.draws)} draws: diameter {size:.1f} ± {size_sd:.1f} mm, "
            f"mean {hu:.0f} ± {hu_sd:.0f} HU (mean ± SD, outlined by the measuring network)"
        )
        self._repaint()

    def _repaint(self, *_: object) -> None:
        draws = () if self.sheet is None else self.sheet.draws
        seed = self.session.state.seed
        pictures = tuple(Picture(d.image_hu, words_of(d), d.request.seed == seed) for d in draws)
        self.grid.show_pictures(pictures, window_limits(self.session))

    def _show_busy(self, *_: object) -> None:
        busy = self.session.is_busy(SHEET)
        self.cancel.setEnabled(busy)
        self.draw.setEnabled(not busy)
        self.export.setEnabled(not busy and self.sheet is not None)
        if not busy:
            self.bar.setValue(0)

    def _on_progress(self, kind: str, share: float, _message: str) -> None:
        if kind == SHEET:
            self.bar.setValue(round(100 * share))


def words_of(draw: Glimpse) -> str:
    """Return diameter and density of a draw, or that no nodule was seen."""
    size, hu = draw.measured["diameter"], draw.measured["mean_hu"]
    return f"{size:.1f} mm · {hu:.0f} HU" if size == size else "no nodule seen"
