"""Gene Map: the cohort's learned codes, with the edited code live among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout

from napari_radiogen.plugin.map_colours import Colouring, colour_by, columns
from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.styles import SYNTHETIC_COLOR
from napari_radiogen.plugin.widgets.map_outline import OutlineViewBox, Tool
from napari_radiogen.plugin.widgets.map_selection import SelectionPanel
from napari_radiogen.plugin.widgets.parts import Dock, note, row, title, toggle
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.selection import inside

POINT_SIZE = 7
#: Patients that a person opened beside the model's.
OWN_SYMBOL, OWN_SIZE = "d", 12
#: Projections in the order of the box, the one shown first at the front.
ORDER = ("t-SNE", "PCA", "UMAP")


class GeneMapWidget(Dock):
    """A scatter of learned codes; a click chooses a patient."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.session = workbench_of(napari_viewer).session
        self._colouring = Colouring((), (), ())
        self._own: frozenset[str] = frozenset()
        self.projection = QComboBox()
        self.projection.setToolTip("projection of the learned codes")
        self.colour = QComboBox()
        self.colour.setToolTip("colour by")
        self.legend = note()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.hover = note("point at a subject; Shift+click selects")
        self.lasso = toggle("lasso", self._use("lasso"), "draw around subjects (Shift+drag)")
        self.box = toggle("box", self._use("box"), "draw a box around subjects; Shift adds")
        self.selection = SelectionPanel(self.session)
        self.view = OutlineViewBox()
        self.plot = pg.PlotWidget(viewBox=self.view)
        self._make_items()
        self._lay_out()
        self._connect()
        self._on_models()

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
            self.plot.addItem(item)
        self._paint_in_theme()
        self.plot.hideAxis("left")
        self.plot.hideAxis("bottom")
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMinimumSize(120, 80)

    def _paint_in_theme(self) -> None:
        colours = palette()
        self.plot.setBackground(colours.field)
        self.chosen.setPen(pg.mkPen(colours.text, width=2))
        self.marked.setPen(pg.mkPen(colours.handle, width=1.5))
        self.trail.setPen(pg.mkPen(colours.synthetic, width=1, style=Qt.PenStyle.DashLine))

    def restyle(self) -> None:
        """Take the colours of napari's theme."""
        super().restyle()
        self._paint_in_theme()
        self._recolour()

    def _lay_out(self) -> None:
        self.column.addWidget(title("Gene map · learned codes"))
        side = QVBoxLayout()
        side.setSpacing(4)
        for widget in (self.projection, self.colour, self.legend, self.hover):
            side.addWidget(widget)
            widget.setFixedWidth(150)
        side.addStretch(1)
        side.addLayout(row(self.lasso, self.box))
        body = QHBoxLayout()
        body.setSpacing(8)
        body.addWidget(self.plot, 1)
        body.addWidget(self.selection)
        body.addLayout(side)
        self.column.addLayout(body, 1)

    def _connect(self) -> None:
        session = self.session
        state: Any = session.state.events  # type: ignore[attr-defined]
        self.listen(session.models_changed, self._on_models)
        self.listen(session.patients_changed, self._on_models)
        self.listen(session.code_changed, self._show_marker)
        self.listen(state.subject_id, self._show_marker)
        self.listen(state.selected, self._show_selected)
        self.projection.currentTextChanged.connect(self._draw)
        self.colour.currentTextChanged.connect(self._recolour)
        self.points.sigClicked.connect(self._on_clicked)
        self.points.sigHovered.connect(self._on_hovered)
        self.view.drawn.connect(self._on_drawn)

    # --- asks ------------------------------------------------------------------

    def _on_clicked(self, _item: Any, points: Any, event: Any = None) -> None:
        if not len(points):
            return
        subject = points[0].data()
        held = event is not None and event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if not held:
            self.session.choose_subject(subject)
            return
        marked = self.session.state.selected
        kept = tuple(s for s in marked if s != subject)
        self.session.select(kept if len(kept) < len(marked) else (*marked, subject))

    def _use(self, tool: Tool) -> Callable[[bool], None]:
        """Return what a tool's button does: one tool at a time, or none."""

        def change(on: bool) -> None:
            self.view.set_tool(tool if on else "")
            for made, name in ((self.lasso, "lasso"), (self.box, "box")):
                made.setChecked(on and name == tool)

        return change

    def _on_drawn(self, outline: Any, add: bool) -> None:
        generator, places = self.session.generator, self._places()
        if generator is None or places is None:
            return
        found = inside(generator.codes.subject_ids, places, outline)
        kept = self.session.state.selected if add else ()
        self.session.select(dict.fromkeys((*kept, *found)))

    # --- shows -----------------------------------------------------------------

    def _on_models(self, *_: object) -> None:
        generator = self.session.generator
        before = [(box, box.currentText()) for box in (self.projection, self.colour)]
        for box, _ in before:
            box.blockSignals(True)
            box.clear()
        if generator is not None:
            self.projection.addItems(sorted(generator.codes.coordinates, key=_rank))
            self.colour.addItems([f"colour: {c}" for c in columns(generator.subjects)])
        for box, text in before:
            box.setCurrentIndex(max(box.findText(text), 0))
            box.blockSignals(False)
            box.setEnabled(generator is not None)
        for tool in (self.lasso, self.box):
            tool.setEnabled(generator is not None)
        self._recolour()
        self._show_selected()

    def _recolour(self, *_: object) -> None:
        generator = self.session.generator
        if generator is None:
            return
        subjects = {s.subject_id: s for s in generator.subjects}
        ordered = [subjects[i] for i in generator.codes.subject_ids]
        self._own = frozenset(s.subject_id for s in ordered if s.split == "own")
        column = self.colour.currentText().removeprefix("colour: ")
        self._colouring = colour_by(ordered, column, palette())
        self.legend.setText(
            " ".join(
                f'<span style="color:{colour}">●</span>&nbsp;{_plain(label)}'
                for label, colour in self._colouring.legend
            )
            + (" ◆&nbsp;own" if self._own else "")
        )
        self._draw()

    def _draw(self, *_: object) -> None:
        generator = self.session.generator
        places = self._places()
        if generator is None or places is None:
            return
        own = [s in self._own for s in generator.codes.subject_ids]
        self.points.setData(
            pos=places,
            brush=[pg.mkBrush(c) for c in self._colouring.colours],
            symbol=[OWN_SYMBOL if o else "o" for o in own],
            size=[OWN_SIZE if o else POINT_SIZE for o in own],
            pen=[pg.mkPen(palette().text, width=1) if o else None for o in own],
            data=np.array(generator.codes.subject_ids, dtype=object),
        )
        self.plot.getViewBox().autoRange(padding=0.06, items=[self.points])
        self._show_marker()
        self._show_selected()

    def _places(self) -> Any:
        generator = self.session.generator
        if generator is None:
            return None
        return generator.codes.coordinates.get(self.projection.currentText())

    def _place_of(self, subject: str) -> Any:
        generator, places = self.session.generator, self._places()
        if generator is None or places is None or subject not in generator.codes.subject_ids:
            return None
        return places[generator.codes.subject_ids.index(subject)]

    def _show_marker(self, *_: object) -> None:
        if self._places() is None:
            return
        here = self.session.code_position(self.projection.currentText())
        home = self._place_of(self.session.state.subject_id)
        self.marker.setData(pos=np.zeros((0, 2)) if here is None else here[None])
        self.chosen.setData(pos=np.zeros((0, 2)) if home is None else np.asarray(home)[None])
        line = np.zeros((0, 2)) if here is None or home is None else np.array([home, here])
        self.trail.setData(line[:, 0], line[:, 1])

    def _show_selected(self, *_: object) -> None:
        marked = self.session.state.selected
        places = [p for p in map(self._place_of, marked) if p is not None]
        self.marked.setData(pos=np.array(places) if places else np.zeros((0, 2)))
        self.selection.show_selected()

    def _on_hovered(self, _item: Any, points: Any, _event: Any = None) -> None:
        generator = self.session.generator
        if generator is None or not len(points):
            return
        index = int(points[0].index())
        subject = generator.codes.subject_ids[index]
        split = next((s.split for s in generator.subjects if s.subject_id == subject), "")
        self.hover.setText(f"{subject} · {split}\n{self._colouring.values[index]}")


def _rank(projection: str) -> int:
    return ORDER.index(projection) if projection in ORDER else len(ORDER)


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
