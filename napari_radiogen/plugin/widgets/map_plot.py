"""One map of the subjects: points, selection, the live marker and its trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from qtpy.QtCore import QPoint, Qt, Signal

from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.styles import SYNTHETIC_COLOR
from napari_radiogen.plugin.widgets.map_outline import OutlineViewBox
from napari_radiogen.plugin.widgets.parts import note
from napari_radiogen.session.map_spaces import MapSpace
from napari_radiogen.session.selection import inside

Places = npt.NDArray[np.floating]

POINT_SIZE = 7
#: Patients that a person opened beside the model's.
OWN_SYMBOL, OWN_SIZE = "d", 12
#: Places of the edited code that the trail remembers.
TRAIL_LENGTH = 400
#: Shorter steps than this share of the map's width are no step, for the trail.
TRAIL_STEP = 1e-4
NOWHERE = np.zeros((0, 2))


class MapPlot(pg.PlotWidget):
    """A scatter of subjects in one space; it knows places and identities, not genes.

    Signals
    -------
    clicked(subject_id, shift), hovered(subject_id, QPoint): on the screen,
    "" when the pointer leaves, drawn(ids, add): inside an outline.
    """

    clicked = Signal(str, bool)
    hovered = Signal(str, QPoint)
    drawn = Signal(object, bool)

    def __init__(self, space: str) -> None:
        self.view = OutlineViewBox()
        super().__init__(viewBox=self.view)
        self.space = space
        self._ids: tuple[str, ...] = ()
        self._places: Places = NOWHERE
        self._row: dict[str, int] = {}
        self._path: list[Places] = []
        self.caption = note()
        self.caption.setParent(self)
        self.caption.setWordWrap(False)
        self.caption.move(4, 3)
        self.caption.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._make_items()
        self.paint_in_theme()
        self.points.sigClicked.connect(self._on_clicked)
        self.points.sigHovered.connect(self._on_hovered)
        self.view.drawn.connect(self._on_drawn)

    def _make_items(self) -> None:
        self.points = pg.ScatterPlotItem(
            size=POINT_SIZE, hoverable=True, hoverSize=POINT_SIZE + 4, pen=None, tip=None
        )
        self.chosen = pg.ScatterPlotItem(size=15, brush=None)
        self.marked = pg.ScatterPlotItem(size=12, brush=None)
        self.marker = pg.ScatterPlotItem(
            size=13, symbol="star", brush=SYNTHETIC_COLOR, pen=pg.mkPen("black", width=1)
        )
        self.trail = pg.PlotCurveItem()
        for item in (self.points, self.marked, self.chosen, self.trail, self.marker):
            self.addItem(item)
        self.hideAxis("left")
        self.hideAxis("bottom")
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMinimumSize(100, 80)

    def paint_in_theme(self) -> None:
        """Take the colours of napari's theme."""
        colours = palette()
        self.setBackground(colours.field)
        self.caption.setStyleSheet(f"background: {colours.field}; padding: 0 2px;")
        self.chosen.setPen(pg.mkPen(colours.text, width=2))
        self.marked.setPen(pg.mkPen(colours.handle, width=1.5))
        self.trail.setPen(pg.mkPen(colours.synthetic, width=1.5))

    def say(self, words: str, tip: str = "") -> None:
        """Write the caption."""
        self.caption.setText(words)
        self.caption.adjustSize()
        self.setToolTip(tip)

    # --- shows -----------------------------------------------------------------

    def show_map(self, space: MapSpace, projection: str) -> bool:
        """Show the places of a projection; without any the plot is empty."""
        places = space.table.coordinates.get(projection)
        other = places is not self._places
        self._ids = space.table.subject_ids if places is not None else ()
        self._places = NOWHERE if places is None else places
        self._row = {s: i for i, s in enumerate(self._ids)}
        if other:
            self.forget_trail()
        return places is not None

    def show_points(self, colours: dict[str, str], own: frozenset[str]) -> None:
        """Draw the subjects in colours by identity; own patients as diamonds."""
        mine = [s in own for s in self._ids]
        self.points.setData(
            pos=self._places,
            brush=[pg.mkBrush(colours[s]) for s in self._ids],
            symbol=[OWN_SYMBOL if o else "o" for o in mine],
            size=[OWN_SIZE if o else POINT_SIZE for o in mine],
            pen=[pg.mkPen(palette().text, width=1) if o else None for o in mine],
            data=np.array(self._ids, dtype=object),
        )
        if len(self._ids):
            self.view.autoRange(padding=0.06, items=[self.points])

    def place_of(self, subject: str) -> Places | None:
        """Return the place (2,) of a subject."""
        row = self._row.get(subject)
        return None if row is None else np.asarray(self._places[row], dtype=float)

    def show_selected(self, ids: Sequence[str]) -> None:
        """Ring those selected."""
        rows = [self._row[s] for s in ids if s in self._row]
        self.marked.setData(pos=self._places[rows] if rows else NOWHERE)

    def show_marker(self, here: Places | None, home: str, *, corrects: bool = False) -> None:
        """Move the marker to where the edited code is, and draw how it came there.

        Parameters
        ----------
        here
            (2,), None where nobody knows.
        home
            The subject whose genes are the start, or "".
        corrects
            Whether this is a better place of the same genes.
        """
        at_home = self.place_of(home)
        self.marker.setData(pos=NOWHERE if here is None else here[None])
        self.chosen.setData(pos=NOWHERE if at_home is None else at_home[None])
        if here is None or not len(self._ids):
            self.forget_trail()
            return
        if not self._path and at_home is not None:
            self._path.append(at_home)
        if corrects and len(self._path) > 1:
            self._path.pop()
        width = float(np.ptp(self._places, axis=0).max())
        moved = not self._path or np.abs(self._path[-1] - here).max() > TRAIL_STEP * width
        if moved:
            self._path.append(np.asarray(here, dtype=float))
        # The start stays: it tells whence the code came.
        del self._path[1 : len(self._path) - TRAIL_LENGTH]
        way = np.array(self._path)
        self.trail.setData(way[:, 0], way[:, 1])

    def forget_trail(self) -> None:
        """Start a new trail."""
        self._path = []
        self.trail.setData([], [])

    # --- tells -----------------------------------------------------------------

    def _on_clicked(self, _item: Any, points: Any, event: Any = None) -> None:
        if len(points):
            held = event is not None and event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.clicked.emit(points[0].data(), bool(held))

    def _on_hovered(self, _item: Any, points: Any, event: Any = None) -> None:
        if not len(points):
            self.hovered.emit("", QPoint())
            return
        place = self.mapFromScene(self.view.mapViewToScene(points[0].pos()))
        self.hovered.emit(points[0].data(), self.viewport().mapToGlobal(place))

    def _on_drawn(self, outline: Any, add: bool) -> None:
        self.drawn.emit(inside(self._ids, self._places, outline), add)
