"""What a synthetic nodule changes: its difference in HU and its weight map, as layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_radiogen.plugin.overlays import (
    DIFFERENCE_LAYER,
    WEIGHT_LAYER,
    Overlay,
    nodule_overlay,
)

if TYPE_CHECKING:
    from napari_radiogen.plugin.presenter import Presenter


class ChangeLayers:
    """Keeps both layers, and their colours in the planes, in step with the nodule."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._keeper = presenter.keeper
        self.layers: dict[str, Any] = {DIFFERENCE_LAYER: None, WEIGHT_LAYER: None}
        session = presenter.session
        session.comparing.changed.connect(self.refresh)
        view: Any = session.view.events  # type: ignore[attr-defined]
        for event in (view.difference, view.difference_to, view.weight):
            event.connect(self.refresh)
        state: Any = session.state.events  # type: ignore[attr-defined]
        state.show_synthetic.connect(self.refresh)

    def forget(self) -> None:
        """Remove both: another scan is open."""
        self._keeper.remove(*self.layers.values())
        self.layers = dict.fromkeys(self.layers)

    def refresh(self, *_: object) -> None:
        """Show what the person wants to see of the nodule on screen."""
        scene = self._presenter.planes.scene
        before = {name: scene.overlays.get(name) for name in self.layers}
        for name, overlay in self._wanted().items():
            self._show(name, overlay)
        if before != {name: scene.overlays.get(name) for name in self.layers}:
            self._presenter.planes.refresh()

    def _wanted(self) -> dict[str, Overlay | None]:
        session, display = self._presenter.session, self._presenter.display
        wanted: dict[str, Overlay | None] = dict.fromkeys(self.layers)
        result, view = session.result, session.view
        if result is None or display is None or not session.state.show_synthetic:
            return wanted
        if view.difference:
            hu = session.comparing.difference(view.difference_to)
            if hu is not None:
                wanted[DIFFERENCE_LAYER] = nodule_overlay(
                    DIFFERENCE_LAYER, hu, result, display.volume
                )
        if view.weight and result.weight is not None:
            wanted[WEIGHT_LAYER] = nodule_overlay(
                WEIGHT_LAYER, result.weight, result, display.volume
            )
        return wanted

    def _show(self, name: str, overlay: Overlay | None) -> None:
        overlays = self._presenter.planes.scene.overlays
        if overlay is None:
            overlays.pop(name, None)
            self._keeper.show(self.layers[name], False)
            return
        overlays[name] = overlay
        self.layers[name] = self._keeper.repaint(self.layers[name], overlay.layer())
        self._keeper.show(self.layers[name], True)
