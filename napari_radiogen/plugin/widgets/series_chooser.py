"""Several CT series in a folder: look, and choose one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSize, Signal
from qtpy.QtGui import QIcon, QImage
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_radiogen.plugin.palette import palette
from napari_radiogen.plugin.sharp import fitted
from napari_radiogen.plugin.styles import style_sheet

if TYPE_CHECKING:
    from napari_radiogen.io.series_choice import SeriesChoice

HEADINGS = ("", "Modality", "Description", "Slices", "Spacing, mm")
ICON_PX = 72
#: Longer descriptions stand in the tip.
SHOWN_TEXT = 60


class SeriesChooser(QDialog):
    """A table of series; double click or Open takes one.

    Signals
    -------
    chosen(uid)
    """

    chosen = Signal(str)

    def __init__(self, choices: tuple[SeriesChoice, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("radiogen")
        self.setStyleSheet(style_sheet(palette()))
        self.setWindowTitle("Which series?")
        self.resize(640, 360)
        self.choices = choices
        self.table = self._make_table()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self._take)
        self.buttons.rejected.connect(self.reject)
        self.table.cellDoubleClicked.connect(lambda *_: self._take())
        self.table.itemSelectionChanged.connect(self._show_whether_open)
        column = QVBoxLayout(self)
        column.addWidget(QLabel(f"This folder holds {len(choices)} CT series."))
        column.addWidget(self.table)
        column.addWidget(self.buttons)
        readable = [i for i, c in enumerate(choices) if not c.problem]
        self.table.selectRow(readable[0] if readable else 0)
        self._show_whether_open()

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(len(self.choices), len(HEADINGS))
        table.setHorizontalHeaderLabels(HEADINGS)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ICON_PX + 6)
        table.setIconSize(QSize(ICON_PX, ICON_PX))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        for number, choice in enumerate(self.choices):
            for place, text in enumerate(cells(choice)):
                item = QTableWidgetItem(text)
                item.setToolTip(choice.problem or choice.description)
                table.setItem(number, place, item)
            if choice.thumbnail is not None:
                side = QSize(ICON_PX, ICON_PX)
                shown = fitted(_image(choice.thumbnail), side, self.devicePixelRatioF())
                table.item(number, 0).setIcon(QIcon(shown))
        header = table.horizontalHeader()
        for place in range(len(HEADINGS)):
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        table.setColumnWidth(0, ICON_PX + 8)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        return table

    def _selected(self) -> SeriesChoice | None:
        rows = self.table.selectionModel().selectedRows()
        return self.choices[rows[0].row()] if rows else None

    def _show_whether_open(self) -> None:
        choice = self._selected()
        button = self.buttons.button(QDialogButtonBox.StandardButton.Open)
        button.setEnabled(choice is not None and not choice.problem)

    def _take(self) -> None:
        choice = self._selected()
        if choice is not None and not choice.problem:
            self.accept()
            self.chosen.emit(choice.uid)


def cells(choice: SeriesChoice) -> tuple[str, ...]:
    """Return the texts of a row; a series that cannot be read says why."""
    text = " · ".join(part for part in (choice.description, choice.problem) if part)
    text = text or "no description"
    shown = text if len(text) <= SHOWN_TEXT else f"{text[: SHOWN_TEXT - 1]}…"
    spacing = (
        "-" if choice.spacing_mm is None else " x ".join(f"{n:.2f}" for n in choice.spacing_mm)
    )
    return "", choice.modality, shown, str(choice.slices), spacing


def _image(grey: np.ndarray) -> QImage:
    rows = np.ascontiguousarray(grey)
    height, width = rows.shape
    return QImage(rows.tobytes(), width, height, width, QImage.Format.Format_Grayscale8).copy()
