"""Everything that reaches into napari's main window, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

if TYPE_CHECKING:
    from napari import Viewer

LEFT_WIDTH = 228
RIGHT_WIDTH = 318
MAP_HEIGHT = 226


def unwrapped(viewer: Any) -> Any:
    """Return the viewer behind the proxy that napari hands to widgets."""
    return getattr(viewer, "__wrapped__", viewer)


def main_window(viewer: Viewer) -> QMainWindow | None:
    """Return napari's Qt window, or None for a bare viewer model."""
    window = getattr(viewer, "window", None)
    return None if window is None else window._qt_window


def embed_planes(viewer: Viewer, planes: QWidget) -> None:
    """Put the planes at the right of the canvas, inside napari's centre."""
    window = main_window(viewer)
    centre = None if window is None else window.centralWidget()
    layout = None if centre is None else centre.layout()
    if layout is None:
        return
    layout.setContentsMargins(2, 0, 2, 0)
    layout.addWidget(planes)
    layout.setStretch(0, 4)
    layout.setStretch(1, 3)


def close_notifications(viewer: Viewer) -> None:
    """Close what napari said at its start, such as its plans for a Qt binding."""
    window = main_window(viewer)
    for child in [] if window is None else window.findChildren(QWidget):
        if type(child).__name__ == "NapariQtNotification":
            child.close()


def keep_notifications(viewer: Viewer) -> None:
    """Let what shows stay until a person answers: napari closes it after seconds."""
    window = main_window(viewer)
    for child in [] if window is None else window.findChildren(QWidget):
        if type(child).__name__ == "NapariQtNotification":
            child.timer_stop()


def arrange(viewer: Viewer, docks: dict[str, QWidget]) -> None:
    """Dock the four widgets: scan left, genes right, map below, export left."""
    window = main_window(viewer)
    if window is None:
        return
    area = Qt.DockWidgetArea
    for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.TopLeftCorner):
        window.setCorner(corner, area.LeftDockWidgetArea)
    for corner in (Qt.Corner.BottomRightCorner, Qt.Corner.TopRightCorner):
        window.setCorner(corner, area.RightDockWidgetArea)
    sides = {"Gene Panel": "right", "Gene Map": "bottom"}
    placed: dict[str, QDockWidget] = {
        name: viewer.window.add_dock_widget(
            body, name=name, area=sides.get(name, "left"), add_vertical_stretch=False
        )
        for name, body in docks.items()
    }
    _order_left_side(viewer, window, placed)
    horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    window.resizeDocks(
        [placed["CT & Tumour"], placed["Gene Panel"]], [LEFT_WIDTH, RIGHT_WIDTH], horizontal
    )
    window.resizeDocks([placed["Gene Map"]], [MAP_HEIGHT], vertical)


def _order_left_side(viewer: Viewer, window: QMainWindow, placed: dict[str, QDockWidget]) -> None:
    """Our scan dock on top, napari's layers under it; its controls wait in the Window menu."""
    napari_side = viewer.window._qt_viewer
    layers, controls = napari_side.dockLayerList, napari_side.dockLayerControls
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    controls.hide()
    for part in (layers, *layers.findChildren(QWidget)):
        if part.minimumWidth() > LEFT_WIDTH:
            part.setMinimumWidth(0)
    layers.setMinimumHeight(0)
    layers.widget().setStyleSheet("QtLayerList, QLineEdit { font-size: 11px; }")
    window.addDockWidget(left, placed["CT & Tumour"])
    for below in (layers, placed["Export"]):
        window.addDockWidget(left, below)
    vertical = Qt.Orientation.Vertical
    window.splitDockWidget(placed["CT & Tumour"], layers, vertical)
    window.splitDockWidget(layers, placed["Export"], vertical)
    window.resizeDocks([placed["CT & Tumour"], layers, placed["Export"]], [350, 270, 130], vertical)
