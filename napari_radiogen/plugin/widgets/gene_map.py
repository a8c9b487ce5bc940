"""Gene Map: raw genes, a baseline's code and the learned code, with the edited one among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton

from napari_radiogen.plugin.layers import LUNG_LIMITS
from napari_radiogen.plugin.widgets.empty import ModelState
from napari_radiogen.plugin.widgets.hover_card import HoverCard
from napari_radiogen.plugin.widgets.map_choice import MapChoice
from napari_radiogen.plugin.widgets.map_colour_box import ABOUT_SILHOUETTE, MapColourBox
from napari_radiogen.plugin.widgets.map_outline import Tool
from napari_radiogen.plugin.widgets.map_plot import MapPlot
from napari_radiogen.plugin.widgets.map_selection import SelectionPanel
from napari_radiogen.plugin.widgets.parts import Dock, note, row, toggle
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.map_actions import MapKey, Thumbnail
from napari_radiogen.session.map_spaces import LEARNED, PROJECTIONS, RAW

#: The slider rests when it has not moved for this long, ms.
REST_MS = 250
PURPOSE = "Every patient is a point near those of like genes; a click takes their genes."
HINT = "click: take genes · Shift+click: select"


class GeneMapWidget(Dock):
    """Maps of the subjects; a click chooses a patient."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.session = workbench_of(napari_viewer).session
        self._colour: dict[str, str] = {}
        self._value: dict[str, str] = {}
        self._own: frozenset[str] = frozenset()
        self._asked: set[MapKey] = set()
        self._placed = False
        self.plots: dict[str, MapPlot] = {}
        self.space_buttons: dict[str, QPushButton] = {}
        self.projection = QComboBox()
        self.projection.addItems(PROJECTIONS)
        self.projection.setToolTip("projection; the same for every map")
        self.colour = MapColourBox(self.session)
        self.legend = note()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.status = note(HINT)
        self.status.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.lasso = toggle("lasso", self._use("lasso"), "draw around subjects (Shift+drag)")
        self.box = toggle("box", self._use("box"), "draw a box around subjects; Shift adds")
        self.choice = MapChoice(self)
        self.selection = SelectionPanel(self.session)
        self.card = HoverCard(self)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._place_exactly)
        self._lay_out()
        self._connect()
        self._on_models()

    def _lay_out(self) -> None:
        self.spaces_row = row(spacing=2)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addLayout(self.spaces_row)
        head.addStretch(1)
        for widget in (self.projection, self.colour, self.lasso, self.box):
            head.addWidget(widget)
        self.body = QHBoxLayout()
        self.body.setSpacing(6)
        self.body.addWidget(self.selection)
        foot = row(self.legend, self.status)
        foot.setStretch(0, 3)
        foot.setStretch(1, 2)
        self.column.addLayout(head)
        self.column.addLayout(self.body, 1)
        self.column.addLayout(foot)
        self.no_model = ModelState(PURPOSE, self.session, self)
        self.add_empty_state(self.no_model)

    def _connect(self) -> None:
        session = self.session
        state: Any = session.state.events  # type: ignore[attr-defined]
        self.listen(session.models_changed, self._on_models)
        self.listen(session.patients_changed, self._on_models)
        self.listen(session.maps_changed, self.draw)
        self.listen(session.clusters_changed, self._recolour)
        self.listen(session.code_changed, self._on_code)
        self.follow(session, (session.code_changed,), self._show_markers)
        self.listen(session.marker_placed, self._on_placed)
        self.listen(session.thumbnail_ready, self._on_thumbnail)
        self.listen(session.progress, self._on_progress)
        self.listen(session.busy_changed, self._on_busy)
        for changed in (state.subject_id, state.averaged):
            self.listen(changed, self._on_start)
        self.listen(state.selected, self._show_selected)
        for event in (state.projection, state.map_colour, state.map_spaces):
            self.listen(event, self.choice.show)
        self.projection.currentTextChanged.connect(self._on_projection)
        self.colour.currentTextChanged.connect(self._recolour)

    def restyle(self) -> None:
        """Take the colours of napari's theme."""
        super().restyle()
        for plot in self.plots.values():
            plot.paint_in_theme()
        self._recolour()

    @property
    def shown(self) -> tuple[MapKey, ...]:
        """The maps on screen: space and projection."""
        there, projection = self.session.spaces, self.projection.currentText()
        return tuple(
            (name, projection)
            for name, made in self.space_buttons.items()
            if made.isChecked() and name in there
        )

    # --- asks ------------------------------------------------------------------

    def _on_clicked(self, subject: str, shift: bool) -> None:
        if not shift:
            self.session.choose_subject(subject)
            return
        marked = self.session.state.selected
        kept = tuple(s for s in marked if s != subject)
        self.session.select(kept if len(kept) < len(marked) else (*marked, subject))

    def _on_drawn(self, found: tuple[str, ...], add: bool) -> None:
        kept = self.session.state.selected if add else ()
        self.session.select(dict.fromkeys((*kept, *found)))

    def _use(self, tool: Tool) -> Callable[[bool], None]:
        """Return what a tool's button does: one tool at a time, or none."""

        def change(on: bool) -> None:
            for plot in self.plots.values():
                plot.view.set_tool(tool if on else "")
            for made, name in ((self.lasso, "lasso"), (self.box, "box")):
                made.setChecked(on and name == tool)

        return change

    def _on_space(self, _on: bool) -> None:
        if not any(made.isChecked() for made in self.space_buttons.values()):
            self.space_buttons[LEARNED].setChecked(True)
        self.choice.keep()
        self._asked.clear()
        self.draw()

    def _on_projection(self, *_: object) -> None:
        self._asked.clear()
        self.draw()

    def _ask_missing(self) -> None:
        """Have the first map on screen that is not there computed; each is asked for once."""
        for key in self.shown:
            space, projection = key
            missing = projection not in self.session.spaces[space].known.coordinates
            if missing and key not in self._asked:
                self._asked.add(key)
                self.session.make_map(space, projection)
                return

    def _place_exactly(self) -> None:
        # It takes every core for a while: the nodule comes first, see `_on_busy`.
        if not self.session.is_busy("synthesis"):
            self._placed = True
            self.session.place_exactly(self.shown)

    # --- shows -----------------------------------------------------------------

    def _on_models(self, *_: object) -> None:
        self.show_empty(self.session.generator is None)
        self._make_plots()
        self.colour.refill()
        for made in (self.projection, self.lasso, self.box):
            made.setEnabled(self.session.generator is not None)
        self._asked.clear()
        self._recolour()

    def _make_plots(self) -> None:
        """Make a button and a plot for each space of the model."""
        spaces = self.session.spaces
        for name, space in spaces.items():
            if name in self.plots:
                continue
            made = toggle(
                name.removesuffix(" code"), self._on_space, f"show or hide: {space.about}"
            )
            # Raw beside learned at first, where both came with the model.
            made.setChecked(name == LEARNED or (name == RAW and bool(space.known.coordinates)))
            plot = MapPlot(name)
            plot.clicked.connect(self._on_clicked)
            plot.hovered.connect(self._on_hovered)
            plot.drawn.connect(self._on_drawn)
            self.space_buttons[name], self.plots[name] = made, plot
            place = list(spaces).index(name)
            self.spaces_row.insertWidget(place, made)
            self.body.insertWidget(place, plot, 1)
        for name, made in self.space_buttons.items():
            made.setVisible(name in spaces)
            self.plots[name].setVisible(False)

    def _recolour(self, *_: object) -> None:
        generator = self.session.generator
        if generator is None:
            return
        colouring = self.colour.colouring()
        ids = generator.subject_ids
        self._colour = dict(zip(ids, colouring.colours, strict=True))
        self._value = dict(zip(ids, colouring.values, strict=True))
        self._own = frozenset(s.subject_id for s in generator.subjects if s.split == "own")
        entries = [
            f'<span style="color:{colour}">●</span>&nbsp;{_plain(label)}'
            for label, colour in colouring.legend
        ]
        entries += ["◆&nbsp;own"] if self._own else []
        remark = self.colour.remark()
        self.legend.setText(" ".join(entries) + (f" · {remark}" if remark else ""))
        self.legend.setToolTip(ABOUT_SILHOUETTE if remark else "")
        self.draw()

    def draw(self, *_: object) -> None:
        """Draw the maps that are chosen."""
        generator = self.session.generator
        shown: dict[str, str] = dict(self.shown)
        if generator is None:
            return
        for name, plot in self.plots.items():
            plot.setVisible(name in shown)
            if name in shown:
                space, projection = self.session.spaces[name], shown[name]
                there = plot.show_map(space, projection)
                here = " · computed here" if projection in space.made_here else ""
                wait = here if there else " · not computed yet"
                plot.say(f"{name} · {projection}{wait}", space.about)
                plot.show_points(self._colour, self._own)
        self._show_markers()
        self._show_selected()
        self._placed = False
        self._rest.start()
        self._ask_missing()

    def _on_code(self, *_: object) -> None:
        self._placed = False
        self._rest.start()

    def _on_placed(self) -> None:
        self._show_markers(corrects=True)

    def _on_start(self, *_: object) -> None:
        """Begin new trails; where they go the code tells, which changes next."""
        for plot in self.plots.values():
            plot.forget_trail()

    def _show_markers(self, *, corrects: bool = False) -> None:
        state = self.session.state
        home = state.subject_id or (state.averaged[0] if len(state.averaged) == 2 else "")
        for space, projection in self.shown:
            here = self.session.marker(space, projection)
            self.plots[space].show_marker(here, home, corrects=corrects)

    def _show_selected(self, *_: object) -> None:
        for space, _projection in self.shown:
            self.plots[space].show_selected(self.session.state.selected)
        self.selection.show_selected()

    def _on_hovered(self, subject: str, at: QPoint) -> None:
        generator = self.session.generator
        if generator is None or subject not in self._value:
            self.card.leave()
            return
        split = next((s.split for s in generator.subjects if s.subject_id == subject), "")
        value = self._value[subject] or "unknown"
        self.card.show_subject(subject, f"{subject}\n{split}\n{self.colour.column}\n{value}", at)
        self.session.ask_thumbnail(subject)

    def _on_thumbnail(self, subject: str, thumbnail: Thumbnail) -> None:
        self.card.show_picture(subject, thumbnail, LUNG_LIMITS)

    def _on_progress(self, kind: str, share: float, message: str) -> None:
        if kind == "map":
            self.status.setText(f"computing {message}: {share:.0%}")

    def _on_busy(self, kind: str, busy: bool) -> None:
        if kind == "map" and not busy:
            self.status.setText(HINT)
            self._ask_missing()
        elif kind == "synthesis" and not busy and not self._placed:
            self._rest.start()


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
