"""Parts of the window as pictures: docks, popups over them, dialogs with their titles."""

from __future__ import annotations

from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QColor, QPainter, QPixmap
from qtpy.QtWidgets import QWidget

from napari_radiogen.plugin.palette import palette

TITLE_PX = 26
EDGE_PX = 1


def part(window: QWidget, *widgets: QWidget) -> QPixmap:
    """Return the part of the window that some of its widgets cover."""
    return window.grab(_around(window, widgets))


def with_popups(window: QWidget, popups: list[QWidget], *widgets: QWidget) -> QPixmap:
    """Return a part of the window with menus or tables that float over it."""
    whole, around = window.grab(), _around(window, widgets)
    painter = QPainter(whole)
    for popup in popups:
        place = QRect(window.mapFromGlobal(popup.mapToGlobal(QPoint(0, 0))), popup.size())
        # A screen no wider than the window would keep it inside, too.
        place.moveRight(min(place.right(), whole.rect().right() - EDGE_PX))
        painter.drawPixmap(place.topLeft(), popup.grab())
        painter.setPen(QColor(palette().border))
        painter.drawRect(place)
        around = around.united(place.adjusted(-EDGE_PX, -EDGE_PX, EDGE_PX, EDGE_PX))
    painter.end()
    return whole.copy(around.intersected(whole.rect()))


def framed(dialog: QWidget) -> QPixmap:
    """Return a dialog below its title, which a desktop would draw."""
    body, colours = dialog.grab(), palette()
    out = QPixmap(body.width() + 2 * EDGE_PX, body.height() + TITLE_PX + EDGE_PX)
    out.fill(QColor(colours.border))
    painter = QPainter(out)
    bar = QRect(EDGE_PX, EDGE_PX, body.width(), TITLE_PX - EDGE_PX)
    painter.fillRect(bar, QColor(colours.panel))
    painter.setPen(QColor(colours.text))
    painter.drawText(bar, Qt.AlignmentFlag.AlignCenter, dialog.windowTitle())
    painter.drawPixmap(EDGE_PX, TITLE_PX, body)
    painter.end()
    return out


def _around(window: QWidget, widgets: tuple[QWidget, ...]) -> QRect:
    found = QRect()
    for widget in widgets:
        found = found.united(QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()))
    return found.intersected(window.rect()) if widgets else window.rect()
