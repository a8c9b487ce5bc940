"""The keyboard table, in a window that may stay open."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QHeaderView, QVBoxLayout, QWidget

from napari_radiogen.plugin.keys import KEYS, MOUSE
from napari_radiogen.plugin.widgets.parts import Dock, note, set_cell, table

SIZE = (560, 500)
KEYS_WIDTH = 230
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class KeysDialog(QDialog):
    """Every key of ours and what the mouse does; Esc closes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Radiogen: keys")
        self.resize(*SIZE)
        self.table = table(("key or mouse", "does"))
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.table.setColumnWidth(0, KEYS_WIDTH)
        self.table.horizontalHeaderItem(1).setTextAlignment(LEFT)
        rows = [*((key.keys, key.does) for key in KEYS), *MOUSE]
        self.table.setRowCount(len(rows))
        for line, cells in enumerate(rows):
            for column, text in enumerate(cells):
                set_cell(self.table, line, column, text)
                self.table.item(line, column).setTextAlignment(LEFT)
        body = Dock()
        body.column.addWidget(self.table, 1)
        body.column.addWidget(note("Keys of napari and of its layers are as they always are."))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(body)
