"""What a person chose on the Gene Map: to the session's state, which a file keeps, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_radiogen.plugin.widgets.gene_map import GeneMapWidget


class MapChoice:
    """Projection, colour and maps on screen, in the boxes of a dock and in the state."""

    def __init__(self, dock: GeneMapWidget) -> None:
        self._dock, self._state = dock, dock.session.state
        for box in (dock.projection, dock.colour):
            box.activated.connect(self.keep)

    def keep(self, *_: object) -> None:
        """Remember what the person chose."""
        dock, state = self._dock, self._state
        state.projection = dock.projection.currentText()
        state.map_colour = dock.colour.currentText()
        state.map_spaces = tuple(n for n, made in dock.space_buttons.items() if made.isChecked())

    def show(self, *_: object) -> None:
        """Show a choice that came with a session; what this model lacks stays as it is."""
        dock, state = self._dock, self._state
        for box, chosen in ((dock.projection, state.projection), (dock.colour, state.map_colour)):
            if box.findText(chosen) >= 0:
                box.setCurrentText(chosen)
        if set(state.map_spaces) & set(dock.space_buttons):
            for name, made in dock.space_buttons.items():
                made.setChecked(name in state.map_spaces)
        dock.draw()
