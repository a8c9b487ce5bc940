"""Tools of the layer that is painted on: napari's own modes, in one row."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_radiogen.plugin.tumour_display import TumourDisplay
from napari_radiogen.plugin.widgets.parts import Dock, button, toggle

#: Mode of napari's labels layer, word, tip.
MODES = (
    ("paint", "brush", "brush (2); right-drag encircles and fills"),
    ("erase", "erase", "eraser (1)"),
    ("fill", "fill", "fill bucket (4)"),
    ("pan_zoom", "move", "move the picture (6, or hold Space)"),
)
MOST_PX = 80


class PaintTools(QWidget):
    """Shown while a person paints; follows what napari's own keys change."""

    def __init__(self, display: TumourDisplay, dock: Dock) -> None:
        super().__init__()
        self._display = display
        self._layer: Any = None
        self.modes = QButtonGroup(self)
        tools = QHBoxLayout()
        for mode, word, tip in MODES:
            made = toggle(word, partial(self._set_mode, mode), tip)
            made.setProperty("mode", mode)
            self.modes.addButton(made)
            tools.addWidget(made)
        self.size = QSpinBox()
        self.size.setRange(1, MOST_PX)
        self.size.setSuffix(" px")
        self.size.setToolTip("diameter of the brush ([ and ] change it, too)")
        self.new = button("new", self._begin_new, "paint another tumour (M)")
        self.undo = button("↶", lambda: self._layer.undo(), "undo a stroke (Ctrl+Z)")
        self.redo = button("↷", lambda: self._layer.redo(), "redo it (Ctrl+Shift+Z)")
        below = QHBoxLayout()
        for part in (self.size, self.new, self.undo, self.redo):
            below.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for line in (tools, below):
            line.setSpacing(2)
            column.addLayout(line)
        self.size.valueChanged.connect(self._set_size)
        dock.listen(display.editing_changed, self._on_editing)
        self._on_editing(display.editing)

    def _on_editing(self, editing: bool) -> None:
        self._layer = self._display.layer if editing else None
        self.setVisible(editing)
        if self._layer is not None:
            self._layer.events.mode.connect(self._show)
            self._layer.events.brush_size.connect(self._show)
            self._show()

    def _set_mode(self, mode: str, _on: bool = True) -> None:
        self._layer.mode = mode

    def _set_size(self, pixels: int) -> None:
        self._layer.brush_size = pixels

    def _begin_new(self) -> None:
        self._layer.selected_label = int(self._layer.data.max()) + 1
        self._layer.mode = "paint"

    def _show(self, *_: object) -> None:
        if self._layer is None:
            return
        for made in self.modes.buttons():
            made.setChecked(made.property("mode") == self._layer.mode)
        with signals_blocked(self.size):
            self.size.setValue(round(self._layer.brush_size))
