"""Sessions in the window: the questions, the menu, keeping for recovery and the offer after it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import NotificationSeverity
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QFileDialog, QMenu, QWidget

from napari_radiogen.constants import AUTOSAVE_S
from napari_radiogen.plugin.notices import offer
from napari_radiogen.plugin.viewport import WindowView
from napari_radiogen.plugin.window import keep_notifications, main_window
from napari_radiogen.session.autosave import Autosave, Unsaved, unsaved
from napari_radiogen.session.recent import RecentSessions
from napari_radiogen.session.session_file import SUFFIX
from napari_radiogen.session.session_open import MissingFile

if TYPE_CHECKING:
    import napari.viewer

    from napari_radiogen.plugin.workbench import Workbench

FILTER = f"Session (*{SUFFIX})"
#: napari closes what it said at its start before this, ms.
OFFER_MS = 1500
#: What to look for, by kind: title and filter of the dialog; a folder where there is no filter.
QUESTIONS = {
    "scan": "Where is the scan",
    "genes": "Where are the genes",
    "model": "Where are the weights",
    "mask": "Where is the mask",
}


class SessionDesk(QObject):
    """What a window adds to `SessionFiles`.

    Parameters
    ----------
    workbench
        Of the window.
    state
        The user's state folder: recent sessions and what is kept for
        recovery. Without one neither is.
    """

    def __init__(self, workbench: Workbench, state: Path | None = None) -> None:
        super().__init__()
        self.workbench, self.files = workbench, workbench.session.files
        self.files.window = WindowView(workbench.presenter)
        self.files.asked.connect(self._ask)
        self.autosave: Autosave | None = None
        self.unsaved: tuple[Unsaved, ...] = ()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.offer)
        if state is not None:
            self._remember(state)

    def _remember(self, state: Path) -> None:
        self.files.recent = RecentSessions(state)
        self.unsaved = unsaved(state)
        self.autosave = Autosave(self.files, state)
        self.keep_every(AUTOSAVE_S)
        if self.unsaved:
            self._later.start(OFFER_MS)

    def keep_every(self, seconds: int) -> None:
        """Keep a changed session this often for recovery, where any is kept."""
        if self.autosave is not None:
            self._timer.start(1000 * seconds)

    def _tick(self) -> None:
        if self.autosave is not None:
            self.autosave.tick()

    def close(self) -> None:
        """Forget what was kept: the window closes as it should."""
        self._timer.stop()
        self._later.stop()
        if self.autosave is not None:
            self.autosave.close()

    # --- asks ------------------------------------------------------------------

    def ask_save(self) -> None:
        """Ask where the session goes, then save it there."""
        known = self.files.path
        name = f"session{SUFFIX}" if known is None or self._is_kept(known) else str(known)
        path, _ = QFileDialog.getSaveFileName(self._parent, "Save session", name, FILTER)
        if path:
            self.files.save(path)

    def ask_open(self) -> None:
        """Ask for a session file, then open it."""
        path, _ = QFileDialog.getOpenFileName(self._parent, "Open session", "", FILTER)
        if path:
            self.files.open(path)

    def fill_menu(self, menu: QMenu) -> None:
        """Put open, unsaved and recent sessions into a menu that is about to show."""
        menu.clear()
        menu.addAction("Open session…", self.ask_open)
        for left in self.unsaved:
            menu.addAction(f"Unsaved, {_when(left)}", partial(self.recover, left))
        recent = () if self.files.recent is None else self.files.recent.paths()
        shown = [p for p in recent if not self._is_kept(p)]
        if shown:
            menu.addSeparator()
        for path in shown:
            made = menu.addAction(f"{path.name[: -len(SUFFIX)][:40]}", partial(self._open, path))
            made.setToolTip(str(path))

    def show_menu(self) -> None:
        """Show that menu in the middle of the window: for napari's own menus."""
        self._menu = QMenu(self._parent)
        self._menu.setToolTipsVisible(True)
        self.fill_menu(self._menu)
        parent = self._parent
        if parent is not None:
            self._menu.popup(parent.mapToGlobal(parent.rect().center()))

    def _open(self, path: Path) -> None:
        self.files.open(path)

    def _ask(self, missing: MissingFile) -> None:
        """Ask for a file or folder that a session names; the window stays usable."""
        title = f"{QUESTIONS[missing.kind]} “{missing.name}”? ({missing.reason[:80]})"
        dialog = QFileDialog(self._parent, title)
        folder = missing.kind == "scan" and "." not in missing.name
        mode = QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(lambda path: self.files.locate(missing, path))
        dialog.rejected.connect(lambda: self.files.locate(missing, None))
        self.dialog = dialog
        dialog.open()

    # --- recovery --------------------------------------------------------------

    def offer(self) -> None:
        """Offer the newest session of a window that died; the menu keeps all of them."""
        if not self.unsaved:
            return
        left = self.unsaved[0]
        text = f"Restore your work of {_when(left)}? The window did not close as it should."
        actions: dict[str, Callable[[], object]] = {
            "Restore": partial(self.recover, left),
            "Discard": partial(self._discard, left),
        }
        offer(self.workbench.viewer, text, actions, NotificationSeverity.WARNING)
        keep_notifications(self.workbench.viewer)

    def recover(self, left: Unsaved) -> None:
        """Open a session of a window that died; it is kept until this window keeps it."""

        def done(path: Path) -> None:
            if path == left.path:
                self.files.opened.disconnect(done)
                self.files.path = None
                self.unsaved = tuple(u for u in self.unsaved if u != left)
                if self.autosave is not None:
                    self.autosave.take_over(left)

        self.files.opened.connect(done)
        self.files.open(left.path)

    def _discard(self, left: Unsaved) -> None:
        left.discard()
        self.unsaved = tuple(u for u in self.unsaved if u != left)

    def _is_kept(self, path: Path) -> bool:
        return any(path == left.path for left in self.unsaved) or path.name == "unsaved" + SUFFIX

    @property
    def _parent(self) -> QWidget | None:
        return main_window(self.workbench.viewer)


def _when(left: Unsaved) -> str:
    return time.strftime("%d %b, %H:%M", time.localtime(left.modified))


def desk_of(viewer: napari.viewer.Viewer) -> SessionDesk:
    """Return the desk of a viewer: commands of the manifest start here."""
    from napari_radiogen.plugin.workbench import workbench_of

    return workbench_of(viewer).desk


def open_session(viewer: napari.viewer.Viewer) -> None:
    """Ask for a session file and open it."""
    desk_of(viewer).ask_open()


def save_session(viewer: napari.viewer.Viewer) -> None:
    """Ask where the session goes and save it."""
    desk_of(viewer).ask_save()


def recent_sessions(viewer: napari.viewer.Viewer) -> None:
    """Show the sessions of before in a menu."""
    desk_of(viewer).show_menu()
