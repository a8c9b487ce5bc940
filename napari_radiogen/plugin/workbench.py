"""One session for each viewer, shared by its widgets."""

from __future__ import annotations

import weakref
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtGui import QDropEvent, QKeySequence
from qtpy.QtWidgets import QApplication, QShortcut

from napari_radiogen.io.masks import looks_like_readings
from napari_radiogen.io.read import looks_like_scan
from napari_radiogen.plugin.keys import KEYS
from napari_radiogen.plugin.notices import guard_napari, say
from napari_radiogen.plugin.other_nodules import OtherNodules
from napari_radiogen.plugin.planes import PlanesPanel
from napari_radiogen.plugin.pointer import Pointer
from napari_radiogen.plugin.preferences import PreferenceDesk
from napari_radiogen.plugin.presenter import Presenter
from napari_radiogen.plugin.qt_jobs import QtRunner
from napari_radiogen.plugin.sessions import SessionDesk
from napari_radiogen.plugin.tour import TourGuide, add_help
from napari_radiogen.plugin.widgets.keys_dialog import KeysDialog
from napari_radiogen.plugin.widgets.series_chooser import SeriesChooser
from napari_radiogen.plugin.window import embed_planes, main_window, unwrapped
from napari_radiogen.session.controller import Session
from napari_radiogen.session.patients import holds_genes
from napari_radiogen.session.recent import state_folder
from napari_radiogen.session.session_file import looks_like_session

if TYPE_CHECKING:
    from napari import Viewer

    from napari_radiogen.io.series_choice import SeriesChoice


class Workbench(QObject):
    """Session, planes, layers, mouse and keys of one viewer; loads the models at once."""

    def __init__(
        self, viewer: Viewer, session: Session | None = None, state: Path | None = None
    ) -> None:
        super().__init__()
        guard_napari()
        self.viewer = viewer
        self.session: Session = session or _asking_session()
        self.planes = PlanesPanel()
        self.presenter = Presenter(viewer, self.session, self.planes)
        self.other_nodules = OtherNodules(self.presenter)
        self.pointer = Pointer(viewer, self.presenter)
        self.planes.point_chosen.connect(self.presenter.go_to)
        self.planes.point_hovered.connect(self.presenter.show_readout)
        self.planes.window_grabbed.connect(self.presenter.windowing.grab)
        self.planes.window_dragged.connect(self.presenter.windowing.drag)
        self.session.failed.connect(self._say)
        self.session.series_offered.connect(self._offer_series)
        self.chooser: SeriesChooser | None = None
        self.keys_dialog: KeysDialog | None = None
        self.desk = SessionDesk(self, state)
        self.guide = TourGuide(self, state)
        self.preferences = PreferenceDesk(self, follow=session is None)
        self.preferences.start()
        embed_planes(viewer, self.planes)
        self.demo: object = None
        self._closed = False
        self.shortcuts = self._bind_keys()
        add_help(self)
        self._watch_window()
        viewer.layers.events.inserted.connect(self._on_inserted)
        for layer in tuple(viewer.layers):
            self._take_over(layer)
        if self.session.generator is None:
            self.session.load_models(self.preferences.model)

    def close(self) -> None:
        """Stop all work; what was kept for recovery goes. Closing twice is no fault."""
        if not self._closed:
            self._closed = True
            self.session.close()
            self.desk.close()
            self.guide.close()
            self.preferences.close()

    def next_tumour(self, step: int = 1) -> None:
        """Move the crosshair to the next tumour (or the one before)."""
        found = self.session.tumours
        if found is None or not found.nodules:
            return
        here = self.presenter.point_mm
        centres = [n.centroid_lps_mm for n in found.nodules]
        at = [i for i, c in enumerate(centres) if max(map(_gap, c, here)) < 0.5]
        following = (at[0] + step) % len(centres) if at else (0 if step > 0 else -1)
        self.presenter.go_to(centres[following])

    def show_keys(self) -> None:
        """Show the keyboard table."""
        if self.keys_dialog is None:
            self.keys_dialog = KeysDialog(main_window(self.viewer))
        self.keys_dialog.show()
        self.keys_dialog.raise_()

    def _on_inserted(self, event: Any) -> None:
        # Later, when napari has finished adding: the layer goes as soon as it came.
        QTimer.singleShot(0, lambda layer=event.value: self._take_over(layer))

    def _take_over(self, layer: Any) -> None:
        """Turn a CT or a mask that napari's own menus opened into the session's."""
        path, kind = layer.metadata.get("path"), layer.metadata.get("radiogen")
        ours = kind == "sample" or (path is not None and kind in ("ct", "mask"))
        if not ours or layer not in self.viewer.layers:
            return
        self.viewer.layers.remove(layer)
        if kind == "ct":
            self.session.open_path(path)
        elif kind == "mask":
            self.session.open_mask(path)

    def _offer_series(self, folder: Path, choices: tuple[SeriesChoice, ...]) -> None:
        """Ask which of several CT series to open; the window stays usable."""
        self.chooser = SeriesChooser(choices, main_window(self.viewer))
        self.chooser.chosen.connect(lambda uid: self.session.open_path(folder, uid))
        self.chooser.open()

    def _say(self, line: str) -> None:
        say(self.viewer, line, self.session.unexpected)

    def _bind_keys(self) -> list[QShortcut]:
        """Bind keys that no layer uses; they work wherever the focus is."""
        window = main_window(self.viewer)
        if window is None:
            return []
        shortcuts = []
        for key in KEYS:
            shortcut = QShortcut(QKeySequence(key.keys), window)
            shortcut.activated.connect(partial(key.act, self))
            shortcuts.append(shortcut)
        return shortcuts

    def _watch_window(self) -> None:
        window = main_window(self.viewer)
        if window is not None:
            window.destroyed.connect(partial(_forget, self.viewer))
            QApplication.instance().aboutToQuit.connect(self.desk.close)
            window.installEventFilter(self)
            self.viewer.window._qt_viewer.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Take dropped scans, masks, tables and cohorts to the session before napari guesses."""
        if event.type() == QEvent.Type.Close:
            # A person may still stay: what is kept for recovery goes with the window.
            self.session.close()
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            path = dropped_path(event)
            if path is not None:
                event.acceptProposedAction()
                self.session.open_any(path)
                return True
        return False


def dropped_path(event: QDropEvent) -> Path | None:
    """Return the one dropped folder or file that looks like a CT, a mask or genes, or None."""
    urls = event.mimeData().urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    ours = (looks_like_session, holds_genes, looks_like_scan, looks_like_readings)
    return path if any(looks(path) for looks in ours) else None


def _asking_session() -> Session:
    """Return a session for a person: it asks before genes leave the cohort."""
    made = Session(QtRunner())
    made.asks_beyond = True
    return made


_workbenches: weakref.WeakKeyDictionary[Any, Workbench] = weakref.WeakKeyDictionary()


def _forget(viewer: Any, *_: object) -> None:
    known = _workbenches.pop(viewer, None)
    if known is not None:
        known.close()


def workbench_of(
    viewer: Any, session: Session | None = None, state: Path | None = None
) -> Workbench:
    """Return the viewer's workbench, made on the first call.

    Parameters
    ----------
    session
        One of the caller's; without it the window has its own.
    state
        Where recent and unsaved sessions are kept; the user's state folder
        for a window with a session of its own.
    """
    real = unwrapped(viewer)
    known = _workbenches.get(real)
    if known is None:
        folder = state_folder() if session is None and state is None else state
        known = Workbench(real, session, folder)
        _workbenches[real] = known
    return known


def _gap(a: float, b: float) -> float:
    return abs(a - b)
