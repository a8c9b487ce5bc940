"""The real window, led as a person would lead it, and brought back between two scenes."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from napari.settings import get_settings
from napari.utils.interactions import mouse_move_callbacks
from qtpy.QtCore import QTimer
from qtpy.QtGui import QPixmap
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDialog, QDockWidget, QMainWindow, QWidget

from napari_radiogen.domain import Point
from napari_radiogen.errors import RadiogenError
from napari_radiogen.plugin.demo import Demo, wait_until_quiet
from napari_radiogen.plugin.docks import open_window
from napari_radiogen.plugin.opening import Opening
from napari_radiogen.plugin.widgets.ct_tumour import CTTumourWidget
from napari_radiogen.plugin.widgets.export import ExportWidget
from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget
from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
from napari_radiogen.plugin.window import close_notifications, main_window
from napari_radiogen.session.view import ViewState
from scripts.gallery import grabs

#: How far the search for tumours is when its picture is taken.
SEARCHED = 0.4
SEED = 7
#: Around a scan that fits the canvas, as a scan opens.
MARGIN = 0.02
WAIT_MS = 60_000


class Stage:
    """One window for all scenes.

    Parameters
    ----------
    folder
        A new one, for what the scenes write; the process works in it, so that
        paths on pictures are short.
    """

    def __init__(self, folder: Path, size: tuple[int, int], theme: str = "") -> None:
        os.chdir(folder)
        if theme:
            get_settings().appearance.theme = theme
        self.folder, self.size, self.theme = folder, size, theme
        self.viewer, self.bench = open_window(size)
        self.session = self.bench.session
        self.bench.guide.close()  # its offer is on no picture
        self.problems: list[str] = []
        self.session.failed.connect(self.problems.append)
        window = main_window(self.viewer)
        if window is None:
            raise RadiogenError("napari opened no window")
        self.window: QMainWindow = window
        self.ct: CTTumourWidget = self._find(CTTumourWidget)
        self.panel: GenePanelWidget = self._find(GenePanelWidget)
        self.map: GeneMapWidget = self._find(GeneMapWidget)
        self.export: ExportWidget = self._find(ExportWidget)
        #: The dock while tumours were looked for.
        self.searching: QPixmap | None = None
        self._home: dict[str, Any] = {}

    def _find(self, kind: type) -> Any:
        return next(w for w in self.window.findChildren(QWidget) if isinstance(w, kind))

    def close(self) -> None:
        """Close the window."""
        self.bench.desk.unsaved = ()
        self.bench.close()
        self.viewer.close()

    # --- states ----------------------------------------------------------------

    def models(self) -> None:
        """Wait until the models are loaded."""
        self.settle()

    def demo(self, model: str = "") -> None:
        """Lead the demo to its end, once; then a model paints, that of the demo without a name."""
        if not self._home:
            self._lead()
        wanted, session = model or self._home["model"], self.session
        if session.generator is None or session.generator.name != wanted:
            session.load_models(wanted)
            self.settle()
            self.reset()

    def _lead(self) -> None:
        demo = Demo(self.bench)
        self.bench.demo = demo
        self.session.progress.connect(self._look)
        demo.start()
        wait_until_quiet(demo)
        self.session.progress.disconnect(self._look)
        self._forget_time()
        self.session.set_seed(SEED)
        self.settle()
        session = self.session
        self._home = {
            "intent": session.state.intent,
            "tumours": session.tumours,
            "model": session.generator.name if session.generator else "",
            "point": self.bench.presenter.point_mm,
            "maps": tuple(n for n, made in self.map.space_buttons.items() if made.isChecked()),
        }
        self.reset()

    def _forget_time(self) -> None:
        """Take the seconds of the search off the pictures: they tell of this machine alone."""
        found: Any = self.session.tumours
        if found is not None:
            self.session._show_tumours(replace(found, seconds=0.0))

    def _look(self, kind: str, share: float, _message: str) -> None:
        if kind == "tumours" and share >= SEARCHED and self.searching is None:
            self.searching = QPixmap()
            QTimer.singleShot(0, self._keep_search)

    def _keep_search(self) -> None:
        self.searching = self.part(self.dock("CT & Tumour"))

    def dress(self, size: tuple[int, int], theme: str) -> None:
        """Wear a theme, at a size in pixels."""
        if theme != self.theme:
            get_settings().appearance.theme = self.theme = theme
        if size != self.size:
            self.size = size
            self.window.resize(*size)
            QTest.qWait(50)
            self.viewer.reset_view(margin=MARGIN)
        QTest.qWait(50)

    def settle(self) -> None:
        """Wait until nothing runs and all is drawn."""
        wait_until_quiet(Opening(self.session))
        close_notifications(self.viewer)
        QTest.qWait(30)

    def reset(self) -> None:
        """Return to the end of the demo: tumours, view, tools, and genes where its model paints."""
        for dialog in self.window.findChildren(QDialog):
            dialog.close()
        self.bench.pointer.set_place_mode(False)
        close_notifications(self.viewer)
        if not self._home:
            return
        session, home = self.session, self._home
        self.bench.presenter.tumour_display.set_editing(False)
        # Even where they are the same: a line that a scene caused goes.
        session._show_tumours(home["tumours"])
        session.go_beyond(False)
        session.restore_snapshots({})
        session.named = ()
        for field in fields(ViewState):
            setattr(session.view, field.name, field.default)
        session.choose_window("Lung")
        session.select(())
        session.state.show_synthetic = session.state.overlay_visible = True
        same = session.generator is not None and session.generator.name == home["model"]
        if same and session.state.intent != home["intent"]:
            session._restore(home["intent"])
        session._history.clear()
        self._reset_docks()
        self.settle()

    def _reset_docks(self) -> None:
        tools, gene_map = self.panel.tools, self.map
        self.panel.search.clear()
        tools.order.setCurrentIndex(0)
        if tools.mix_button.isChecked():
            tools.mix_button.click()
        tools.refresh()
        self.panel.sliders.verticalScrollBar().setValue(0)
        gene_map.projection.setCurrentIndex(0)
        gene_map.colour.setCurrentIndex(0)
        self.show_maps(*self._home["maps"])
        for plot in gene_map.plots.values():
            plot.forget_trail()
        gene_map.card.leave()
        self.viewer.reset_view(margin=MARGIN)
        self.bench.presenter.show_readout(None)
        self.bench.presenter.go_to(self._home["point"])

    # --- what a person does ----------------------------------------------------

    def show_maps(self, *names: str) -> None:
        """Press the buttons of the maps until these show."""
        for wanted in (True, False):
            for name, made in self.map.space_buttons.items():
                if (name in names) == wanted and made.isChecked() != wanted:
                    made.click()

    def hover(self, point_mm: Point) -> None:
        """Move the mouse over an LPS point (mm) of the axial canvas."""
        event = SimpleNamespace(
            type="mouse_move",
            position=point_mm[::-1],
            pos=(0, 0),
            button=0,
            modifiers=(),
            is_dragging=False,
            handled=False,
        )
        mouse_move_callbacks(self.viewer, event)
        QTest.qWait(50)

    def zoom(self, point_mm: Point, factor: float) -> None:
        """Bring an LPS point (mm) near on the axial canvas."""
        camera = self.viewer.scene.camera
        camera.center = (0.0, point_mm[1], point_mm[0])
        camera.zoom *= factor

    def until(self, there: Any) -> None:
        """Run Qt's events until something is so."""
        QTest.qWait(10)
        for _ in range(WAIT_MS // 20):
            if there():
                return
            QTest.qWait(20)
        raise RadiogenError("a scene waited in vain")

    # --- pictures --------------------------------------------------------------

    def dock(self, name: str) -> QDockWidget:
        """Return a dock by its title."""
        return next(d for d in self.window.findChildren(QDockWidget) if d.windowTitle() == name)

    @property
    def centre(self) -> QWidget:
        """Canvas and planes."""
        return self.window.centralWidget()

    def part(self, *widgets: QWidget) -> QPixmap:
        """Return the part of the window that some widgets cover; all of it without any."""
        return grabs.part(self.window, *widgets)

    def over(self, popup: QWidget, *widgets: QWidget) -> QPixmap:
        """Return a part of the window with a menu or table over it."""
        return grabs.with_popups(self.window, [popup], *widgets)
