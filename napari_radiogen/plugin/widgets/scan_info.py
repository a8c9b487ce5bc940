"""What there is to know about the scan; whose it is only after a tick."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QDialog, QHeaderView, QVBoxLayout, QWidget

from napari_radiogen.plugin.widgets.parts import Dock, note, row, set_cell, table
from napari_radiogen.session.controller import Session
from napari_radiogen.session.scan_info import Facts

SIZE = (380, 420)
NAME_WIDTH = 110


class ScanInfoDialog(QDialog):
    """Facts of the open scan; identity is never shown unasked, nor kept."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle("Scan")
        self.resize(*SIZE)
        self.identity = QCheckBox("show name, ids, dates and descriptions")
        self.identity.setToolTip("reads them from the file now; nothing of it is stored")
        self.table = table(("", ""))
        self.table.horizontalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.table.setColumnWidth(0, NAME_WIDTH)
        self.body = Dock()
        self.body.column.addWidget(self.table, 1)
        self.body.column.addLayout(row(self.identity))
        self.body.column.addWidget(note("Read from the open file; shown here and nowhere else."))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.body)
        self.body.listen(session.info.told, self._show)
        self.body.listen(session.scan_changed, self._start_anew)
        self.identity.toggled.connect(lambda on: session.info.read(identity=on))

    def open_anew(self) -> None:
        """Open without identity, whatever was shown before."""
        self.show()
        self.raise_()
        self._start_anew()

    def _start_anew(self, *_: object) -> None:
        self.table.setRowCount(0)
        if self.identity.isChecked():
            self.identity.setChecked(False)
        elif self.session.scan is not None and self.isVisible():
            self.session.info.read()

    def hideEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Forget what was shown."""
        self.table.setRowCount(0)

    def _show(self, facts: Facts) -> None:
        if not self.isVisible():
            return
        self.table.setRowCount(len(facts))
        for line, (label, text) in enumerate(facts):
            set_cell(self.table, line, 0, label)
            set_cell(self.table, line, 1, text)
            self.table.item(line, 1).setToolTip(text)
