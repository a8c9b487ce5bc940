"""Everything that reaches into napari's main window, in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari.plugins import menu_item_template
from qtpy.QtCore import QRect, Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

if TYPE_CHECKING:
    from napari import Viewer

LEFT_WIDTH = 228
RIGHT_WIDTH = 318
MAP_HEIGHT = 226
NOTIFICATION_MARGIN = 8
#: Icon, button and margins beside a notification's text.
NOTIFICATION_SIDES = 100
SIDES = {"Gene Panel": "right", "Gene Map": "bottom"}


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


def notifications(viewer: Viewer) -> list[Any]:
    """Return the notifications that show in napari's window."""
    window = main_window(viewer)
    found = [] if window is None else window.findChildren(QWidget)
    return [child for child in found if type(child).__name__ == "NapariQtNotification"]


def close_notifications(viewer: Viewer) -> None:
    """Close what napari said at its start, such as its plans for a Qt binding."""
    for shown in notifications(viewer):
        shown.close()


def keep_notifications(viewer: Viewer) -> None:
    """Let what shows stay until a person answers: napari closes it after seconds."""
    for shown in notifications(viewer):
        shown.timer_stop()


def linger(viewer: Viewer, time_ms: int) -> None:
    """Let what shows stay for some time (ms) before it fades."""
    for shown in notifications(viewer):
        shown.timer.start(time_ms)


def _text_height(shown: Any, width: int) -> int:
    """Return how much higher than one line the text of a notification is, pixels."""
    text, metrics = shown.message.text(), shown.message.fontMetrics()
    room = QRect(0, 0, width - NOTIFICATION_SIDES, 10_000)
    whole = metrics.boundingRect(room, int(Qt.TextFlag.TextWordWrap), text)
    return int(max(0, whole.height() - metrics.height())) + NOTIFICATION_MARGIN


def fit_notifications(viewer: Viewer) -> None:
    """Show whole lines, the newest lowest: napari cuts them after a few words, on one another."""
    low = 0
    for shown in reversed(notifications(viewer)):
        canvas = shown.parentWidget()
        if canvas is None:
            continue
        width = min(shown.MIN_WIDTH, canvas.width() - 2 * NOTIFICATION_MARGIN)
        shown.geom_anim.stop()
        shown.setMinimumWidth(width)
        shown.setMaximumWidth(width)
        height = shown.minimumHeight() + _text_height(shown, width)
        low += height + NOTIFICATION_MARGIN
        shown.setGeometry(
            canvas.width() - width - NOTIFICATION_MARGIN, canvas.height() - low, width, height
        )
        shown.setProperty("expanded", True)
        for needless in (shown.expand_button, shown.source_label):
            needless.hide()


def arrange(
    viewer: Viewer, docks: dict[str, Callable[[], QWidget]], plugin: tuple[str, ...]
) -> None:
    """Dock the four widgets: scan left, genes right, map below, export left.

    Parameters
    ----------
    docks
        What makes each, by its name; none is made twice.
    plugin
        Our names, under which napari's own menu and scripts look for them.
    """
    window = main_window(viewer)
    if window is None:
        return
    area = Qt.DockWidgetArea
    for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.TopLeftCorner):
        window.setCorner(corner, area.LeftDockWidgetArea)
    for corner in (Qt.Corner.BottomRightCorner, Qt.Corner.TopRightCorner):
        window.setCorner(corner, area.RightDockWidgetArea)
    placed = {name: _docked(viewer, name, made, plugin) for name, made in docks.items()}
    _order_left_side(viewer, window, placed)
    horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    window.resizeDocks(
        [placed["CT & Tumour"], placed["Gene Panel"]], [LEFT_WIDTH, RIGHT_WIDTH], horizontal
    )
    window.resizeDocks([placed["Gene Map"]], [MAP_HEIGHT], vertical)


def _docked(
    viewer: Viewer, name: str, make: Callable[[], QWidget], plugin: tuple[str, ...]
) -> QDockWidget:
    """Return the dock of a name, shown; the plugin's menu switches it on and off."""
    known: Any = viewer.window._wrapped_dock_widgets
    listed = [menu_item_template.format(ours, name) for ours in plugin]
    found: QDockWidget | None = next((known[n] for n in (name, *listed) if n in known), None)
    if found is None:
        found = viewer.window.add_dock_widget(
            make(), name=name, area=SIDES.get(name, "left"), add_vertical_stretch=False
        )
    known.update(dict.fromkeys(listed, found))
    found.show()
    return found


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
