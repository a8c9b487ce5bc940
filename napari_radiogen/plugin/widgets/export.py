"""Export: a figure, the synthetic scan, the recipe; each with its recipe beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog

from napari_radiogen.plugin.first_steps import OPENING, next_step, take_step
from napari_radiogen.plugin.widgets.empty import EmptyState, at_work
from napari_radiogen.plugin.widgets.figure_dialog import FigureDialog
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row
from napari_radiogen.plugin.widgets.session_row import SessionRow
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.figure_choice import FigureChoice

VOLUME_FILTER = "Synthetic scan (*.nii.gz *.nrrd *.mha)"
FOLDER_FILTER = "New folder (*)"
PURPOSE = "A synthetic nodule as figure, volume and recipe."
#: Work that brings what a nodule lacks.
STEPS = (*OPENING, "models", "lung")
RECIPE_FILTER = "Recipe (*.json)"


class ExportWidget(Dock):
    """What leaves the window."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.workbench = workbench = workbench_of(napari_viewer)
        self.session = workbench.session
        self.figure = button("Figure…", self.ask_figure, "PNG, SVG or PDF, with recipe")
        self.volume = button("NIfTI…", self.ask_volume, "scan with the nodule, marked synthetic")
        self.series = button(
            "DICOM…", self.ask_series, "a new series, marked synthetic, without identity"
        )
        self.recipe = button("Recipe…", self.ask_recipe, "genes, seed, place, weights")
        self.cancel = button("Cancel", self._cancel, "stop writing; nothing is left behind")
        self.last = note("Every export carries its recipe.")
        self.last.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.show_folder = button("show folder", self._show_folder)
        self._last_path: Path | None = None
        self.column.addLayout(row(self.figure, self.recipe))
        self.column.addLayout(row(self.volume, self.series))
        self.column.addWidget(self.cancel)
        self.sessions = SessionRow(workbench.desk, self)
        self.foot.addWidget(self.sessions)
        foot = row(self.last, self.show_folder)
        foot.setStretch(0, 1)
        self.foot.addLayout(foot)
        self.show_folder.hide()
        self.start = EmptyState(
            PURPOSE, button("", self._go_on), {"a session": workbench.desk.show_menu}
        )
        self.add_empty_state(self.start)
        self.pack()
        for signal in (
            self.session.result_changed, self.session.busy_changed,
            self.session.scan_changed, self.session.models_changed,
        ):  # fmt: skip
            self.listen(signal, self._show_ready)
        self.listen(self.session.exported, self._on_exported)
        self._show_ready()

    def ask_figure(self) -> None:
        """Let the person compose the figure, then write it."""
        preferred = FigureChoice(dpi=self.workbench.preferences.now.figure_dpi)
        self.composer = FigureDialog(self.session, self, preferred)
        self.composer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.composer.open()

    def ask_volume(self) -> None:
        """Ask where the synthetic scan goes, then write it."""
        self._ask("synthetic.nii.gz", VOLUME_FILTER, self.session.export_volume)

    def ask_series(self) -> None:
        """Ask for a new folder, then write the DICOM series into it."""
        self._ask("synthetic-series", FOLDER_FILTER, self.session.export_series)

    def ask_recipe(self) -> None:
        """Ask where the recipe goes, then write it."""
        self._ask("recipe.json", RECIPE_FILTER, self.session.save_recipe)

    def _ask(self, name: str, kinds: str, write: Any) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export", name, kinds)
        if path:
            write(path)

    def _show_folder(self) -> None:
        if self._last_path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._last_path.parent)))

    def _show_ready(self, *_: object) -> None:
        result, writing = self.session.result, self.session.is_busy("export")
        ready = result is not None and result.complete and not writing
        self.cancel.setVisible(writing)
        self._show_step(result is None and not writing)
        for widget in (self.figure, self.volume, self.series, self.recipe):
            widget.setEnabled(ready)

    def _show_step(self, nothing: bool) -> None:
        """While there is no nodule, show what it lacks; without a scan there is no session."""
        self.show_empty(nothing)
        self.start.button.setText(next_step(self.workbench))
        words = at_work(self.session, STEPS)
        self.start.button.setEnabled(not words)
        self.start.show_work(words, None)
        scan = self.session.scan is not None
        self.sessions.setVisible(scan)
        self.last.setVisible(self._last_path is not None or not nothing)
        self.start.links.setVisible(not scan)

    def _go_on(self) -> None:
        take_step(self.workbench, self.start.button.text())

    def _cancel(self) -> None:
        self.session.cancel("export")
        self.last.setText("stopped")

    def _on_exported(self, path: str) -> None:
        self._last_path = Path(path)
        self.last.show()
        # The whole path takes lines that a small screen does not have.
        self.last.setText(f"written: {self._last_path.name}")
        self.last.setToolTip(path)
        self.show_folder.show()
