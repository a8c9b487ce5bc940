"""The row of a dock that saves the session and opens another."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from napari_radiogen.plugin.sessions import SessionDesk
from napari_radiogen.plugin.widgets.parts import Dock, button


class SessionRow(QWidget):
    """*Save session…* and *Open ▾* with the recent ones."""

    def __init__(self, desk: SessionDesk, dock: Dock) -> None:
        super().__init__()
        self.desk, self.session = desk, desk.workbench.session
        self.save = button(
            "Save session…", desk.ask_save, "scan, tumours, nodules, genes and view, to go on later"
        )
        self.open = QPushButton("Sessions ▾")
        self.open.setToolTip("open a session, a recent one, or one that was not saved")
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.menu.aboutToShow.connect(lambda: desk.fill_menu(self.menu))
        self.open.setMenu(self.menu)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addWidget(self.save)
        line.addWidget(self.open)
        dock.listen(self.session.scan_changed, self.refresh)
        dock.listen(self.session.busy_changed, self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Enable what can be done now."""
        session = self.session
        known = session.scan is not None and session.scan_path is not None
        self.save.setEnabled(known and not session.is_busy("export"))
        self.open.setEnabled(not session.is_busy("session"))
