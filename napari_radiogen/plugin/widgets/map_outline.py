"""Drawing on the map: a lasso or a box around subjects."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal

from napari_radiogen.plugin.palette import palette

Tool = Literal["", "lasso", "box"]


class OutlineViewBox(pg.ViewBox):
    """A view box whose left drag can draw instead of pan.

    With a tool a drag draws it; without one Shift+drag draws a lasso.

    Signals
    -------
    drawn(outline (M, 2) in map coordinates, add): ``add`` with Shift held
    """

    drawn = Signal(object, bool)

    def __init__(self) -> None:
        super().__init__()
        self.tool: Tool = ""
        self._corners: list[tuple[float, float]] = []
        self._curve = pg.PlotCurveItem()
        self.addItem(self._curve, ignoreBounds=True)

    def set_tool(self, tool: Tool) -> None:
        """Let drags draw with a tool, or pan ("")."""
        self.tool = tool
        self.setCursor(Qt.CursorShape.CrossCursor if tool else Qt.CursorShape.ArrowCursor)

    def mouseDragEvent(self, event: Any, axis: Any = None) -> None:  # noqa: N802 - pyqtgraph's
        """Draw, or pan as ever."""
        held = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        drawing = bool(self._corners) or bool(self.tool) or held
        if event.button() != Qt.MouseButton.LeftButton or not drawing:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        self._curve.setPen(pg.mkPen(palette().handle, width=1.5))
        if event.isStart():
            self._corners = [self._place(event.buttonDownPos())]
        self._corners.append(self._place(event.pos()))
        outline = self._outline()
        if event.isFinish():
            self._corners = []
            self._curve.setData([], [])
            self.drawn.emit(outline, held)
        else:
            closed = np.vstack([outline, outline[:1]])
            self._curve.setData(closed[:, 0], closed[:, 1])

    def _place(self, position: Any) -> tuple[float, float]:
        point = self.mapToView(position)
        return float(point.x()), float(point.y())

    def _outline(self) -> npt.NDArray[np.float64]:
        if self.tool != "box":
            return np.array(self._corners)
        (left, top), (right, bottom) = self._corners[0], self._corners[-1]
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
