"""The tour in the window: a small panel beside the part that it talks about."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QDockWidget, QFrame, QMainWindow, QWidget

from napari_radiogen.plugin.notices import offer
from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row
from napari_radiogen.plugin.window import linger, main_window
from napari_radiogen.session.tour import Step, Tour, TourMemory

if TYPE_CHECKING:
    from napari_radiogen.plugin.workbench import Workbench

PANEL_WIDTH = 290
#: Between panel and part, and around the part, pixels.
GAP, RIM = 10, 2
#: Offered after napari and the recovery have said what they say, and shown this long, ms.
OFFER_MS, LINGER_MS = 2500, 20_000
OFFER = "New here? A tour shows what is where in a minute. It stays in the Help menu."


class TourPanel(Dock):
    """One sentence with Back, Next and Close; Esc closes, Enter goes on."""

    def __init__(self, tour: Tour, window: QWidget) -> None:
        super().__init__()
        self.setParent(window)
        self.setProperty("role", "tour")
        self.tour = tour
        self.count = note()
        self.sentence = note(role="lead")
        self.back = button("Back", tour.back)
        self.next = button("Next", tour.next, primary=True)
        self.close_button = button("Close", tour.close, "Esc")
        for made in (self.back, self.next, self.close_button):
            made.setAutoDefault(True)
        self.column.addWidget(self.count)
        self.column.addWidget(self.sentence)
        self.column.addLayout(row(self.back, self.next, self.close_button))
        self.setFixedWidth(PANEL_WIDTH)

    def show_step(self, step: Step) -> None:
        """Show a step, and take the keys."""
        self.count.setText(f"{self.tour.number} of {len(self.tour.steps)}")
        self.sentence.setText(step.sentence)
        self.back.setEnabled(self.tour.number > 1)
        self.next.setText("Done" if self.tour.is_last else "Next")
        self.show()
        self.raise_()
        self.next.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Close on Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.tour.close()
        else:
            super().keyPressEvent(event)


class TourGuide(QObject):
    """Leads through the window of a workbench.

    Parameters
    ----------
    state
        The user's state folder, which remembers that the tour was offered;
        without one it is not offered.
    """

    def __init__(self, workbench: Workbench, state: Path | None) -> None:
        super().__init__()
        self.workbench = workbench
        self.tour = Tour()
        self.tour.moved.connect(self._show)
        self.memory = None if state is None else TourMemory(state)
        self.panel: TourPanel | None = None
        self.rim: QFrame | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.offer)
        busy = bool(workbench.desk.unsaved)
        if self.memory is not None and not busy and not self.memory.offered:
            self._later.start(OFFER_MS)

    def offer(self) -> None:
        """Offer the tour, this once."""
        if self.memory is None or self._window is None:
            return
        self.memory.remember()
        offer(self.workbench.viewer, OFFER, {"Take the tour": self.start, "Not now": _nothing})
        linger(self.workbench.viewer, LINGER_MS)

    def start(self) -> None:
        """Open the docks and show the first step."""
        from napari_radiogen.plugin.docks import open_docks

        if self._window is None:
            return
        self._later.stop()
        if self.memory is not None:
            self.memory.remember()
        open_docks(self.workbench.viewer)
        self.tour.start()

    def close(self) -> None:
        """Stop, and offer nothing more."""
        self._later.stop()
        self.tour.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Stay beside the part when the window changes its size."""
        if event.type() == QEvent.Type.Resize:
            QTimer.singleShot(0, self._place)
        return False

    @property
    def _window(self) -> QMainWindow | None:
        return main_window(self.workbench.viewer)

    def _show(self, step: Step | None) -> None:
        window = self._window
        if window is None:
            return
        if step is None:
            self._end(window)
            return
        if self.panel is None or self.rim is None:
            self.panel, self.rim = TourPanel(self.tour, window), _rim(window)
            window.installEventFilter(self)
        part = self._part(step)
        if part is not None:
            _bring_up(part)
        self.panel.show_step(step)
        # Later, when docks that were opened have their places.
        QTimer.singleShot(0, self._place)

    def _end(self, window: QMainWindow) -> None:
        window.removeEventFilter(self)
        for shown in (self.panel, self.rim):
            if shown is not None:
                shown.hide()
                shown.deleteLater()
        self.panel = self.rim = None

    def _part(self, step: Step) -> QWidget | None:
        """Return the widget that a step talks about, if its dock is open."""
        window = self._window
        if window is None:
            return None
        if step.target == "planes":
            return window.centralWidget()
        found = _parts(window)
        return found.get(step.target)

    def _place(self) -> None:
        """Put the rim around the part, and the panel where it covers none of it, if it can."""
        window, panel, rim, step = self._window, self.panel, self.rim, self.tour.step
        if window is None or panel is None or rim is None or step is None:
            return
        part = self._part(step)
        panel.adjustSize()
        panel.setFixedHeight(panel.layout().heightForWidth(PANEL_WIDTH))
        rim.setVisible(part is not None)
        whole = window.rect()
        around = whole if part is None else QRect(part.mapTo(window, QPoint(0, 0)), part.size())
        rim.setGeometry(around.adjusted(-RIM, -RIM, RIM, RIM))
        panel.move(place_beside(around, panel.rect(), whole))
        for shown in (rim, panel):
            shown.raise_()


def place_beside(part: QRect, panel: QRect, window: QRect) -> QPoint:
    """Return where a panel stands: beside the part where there is room, else inside it."""
    top = min(max(part.top() + GAP, window.top() + GAP), window.bottom() - panel.height() - GAP)
    right, left = part.right() + GAP, part.left() - panel.width() - GAP
    above = part.top() - panel.height() - GAP
    if right + panel.width() <= window.right():
        return QPoint(right, top)
    if left >= window.left():
        return QPoint(left, top)
    if above >= window.top():
        return QPoint(part.center().x() - panel.width() // 2, above)
    return QPoint(part.center().x() - panel.width() // 2, part.center().y() - panel.height() // 2)


def _parts(window: QMainWindow) -> dict[str, QWidget]:
    """Return the parts of the docks that are open, by the names of the steps."""
    from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
    from napari_radiogen.plugin.widgets.export import ExportWidget
    from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
    from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget

    panel: Any = window.findChild(GenePanelWidget)
    found: dict[str, QWidget | None] = {
        "scan": window.findChild(CTTumourWidget),
        "map": window.findChild(GeneMapWidget),
        "export": window.findChild(ExportWidget),
    }
    if panel is not None:
        found["genes"] = panel.sliders if panel.sliders.isVisible() else panel
        found["nodule"] = panel.nodule_part()
    return {name: part for name, part in found.items() if part is not None}


def _bring_up(part: QWidget) -> None:
    """Show the dock of a part, in front where docks share a place."""
    dock: Any = part
    while dock is not None and not isinstance(dock, QDockWidget):
        dock = dock.parentWidget()
    if dock is not None:
        dock.show()
        dock.raise_()


def _rim(window: QWidget) -> QFrame:
    rim = QFrame(window)
    rim.setObjectName("radiogen-rim")
    rim.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    colour = palette().accent
    rim.setStyleSheet(
        f"QFrame#radiogen-rim {{ border: {RIM}px solid {colour}; border-radius: 4px;"
        " background: transparent; }"
    )
    return rim


def _nothing() -> None:
    """Answer of who wants no tour."""


def add_help(workbench: Workbench) -> None:
    """Put tour and keys into napari's Help menu."""
    window: Any = getattr(workbench.viewer, "window", None)
    if window is not None:
        menu = window.help_menu
        menu.addSeparator()
        menu.addAction("Radiogen: tour", workbench.guide.start)
        menu.addAction("Radiogen: keys", partial(workbench.show_keys))
