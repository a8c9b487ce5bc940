"""Where the window looks: crosshair and axial camera, for a session's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogen.session.session_file import Viewport

if TYPE_CHECKING:
    from napari_radiogen.plugin.presenter import Presenter


class WindowView:
    """Reads and sets what one window looks at.

    An oblique scan shows seconds after it was opened: the view waits for it.
    """

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._waiting: Viewport | None = None
        presenter.display_changed.connect(self._on_display)

    def viewport(self) -> Viewport | None:
        """Return where the window looks, None while it shows no scan."""
        presenter = self._presenter
        if presenter.display is None:
            return None
        camera = presenter.viewer.scene.camera
        a, b, c = (float(x) for x in camera.center)
        z, y, x = (int(axis) for axis in presenter.viewer.dims.order[-3:])
        return Viewport(
            point_mm=presenter.point_mm,
            order=(z, y, x),
            centre=(a, b, c),
            extent_mm=self._side_px / float(camera.zoom),
        )

    def look(self, at: Viewport) -> None:
        """Look there, at once or when the scan shows."""
        presenter = self._presenter
        if presenter.display is None:
            self._waiting = at
            return
        presenter.viewer.dims.order = at.order
        presenter.go_to(at.point_mm)
        camera = presenter.viewer.scene.camera
        camera.center, camera.zoom = at.centre, self._side_px / at.extent_mm

    @property
    def _side_px(self) -> float:
        """Length of the shorter side of the axial canvas, pixels."""
        return float(max(min(self._presenter.viewer.canvas.size), 1))

    def _on_display(self, _: object) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.look(waiting)
