"""Who is under the pointer: a small picture and a few words beside it."""

from __future__ import annotations

from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QColor, QFont, QImage, QPainter, QPixmap
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.plugin.reslice import window_bytes
from napari_radiogen.plugin.sharp import fitted
from napari_radiogen.plugin.styles import SYNTHETIC_COLOR
from napari_radiogen.plugin.widgets.parts import note
from napari_radiogen.session.map_actions import Thumbnail

PICTURE_PX = 76
WIDTH = 196
#: Between the pointer and the card.
AWAY = 14


class HoverCard(QFrame):
    """Floats over the map; it never takes the mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.subject = ""
        self.synthetic: bool | None = None
        self.picture = QLabel()
        self.picture.setFixedSize(PICTURE_PX, PICTURE_PX)
        self.words = note()
        line = QHBoxLayout(self)
        line.setContentsMargins(5, 5, 5, 5)
        line.addWidget(self.picture)
        line.addWidget(self.words, 1)
        self.setFixedWidth(WIDTH)
        self.hide()

    def show_subject(self, subject: str, words: str, at: QPoint) -> None:
        """Show who it is beside a point of the screen; the picture follows."""
        if subject != self.subject:
            self.picture.clear()
            self.synthetic = None
        self.subject = subject
        self.words.setText(words)
        self.adjustSize()
        parent = self.parentWidget()
        here = parent.mapFromGlobal(at)
        x, y = here.x() + AWAY, here.y() + AWAY
        if x + self.width() > parent.width():
            x = here.x() - AWAY - self.width()
        y = max(min(y, parent.height() - self.height()), 0)
        self.move(max(x, 0), y)
        self.show()
        self.raise_()

    def show_picture(self, subject: str, thumbnail: Thumbnail, limits: tuple[float, float]) -> None:
        """Show a picture in a window (HU), if that subject is still under the pointer."""
        if subject != self.subject or not self.isVisible():
            return
        self.synthetic = thumbnail.synthetic
        grey = window_bytes(thumbnail.pixels_hu, limits)
        height, width = grey.shape
        image = QImage(grey.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
        drawn = fitted(image.copy(), self.picture.size(), self.devicePixelRatioF())
        if thumbnail.synthetic:
            _mark(drawn)
        self.picture.setPixmap(drawn)

    def leave(self) -> None:
        """Hide: the pointer is on nobody."""
        self.subject = ""
        self.hide()


def _mark(picture: QPixmap) -> None:
    """Write SYNTHETIC across the foot of a picture."""
    painter = QPainter(picture)
    size = picture.size() / picture.devicePixelRatio()
    strip = QRect(0, size.height() - 13, size.width(), 13)
    painter.fillRect(strip, QColor(0, 0, 0, 170))
    font = QFont()
    font.setPixelSize(10)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor(SYNTHETIC_COLOR))
    painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, SYNTHETIC)
    painter.end()
