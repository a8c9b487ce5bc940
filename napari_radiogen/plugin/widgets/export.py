"""Export: a figure, the synthetic scan, the recipe; each with its recipe beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog

from napari_radiogen.plugin.widgets.figure_dialog import FigureDialog
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row
from napari_radiogen.plugin.widgets.session_row import SessionRow
from napari_radiogen.plugin.workbench import workbench_of

VOLUME_FILTER = "Synthetic scan (*.nii.gz *.nrrd *.mha)"
FOLDER_FILTER = "New folder (*)"
RECIPE_FILTER = "Recipe (*.json)"


class ExportWidget(Dock):
    """What leaves the window."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        workbench = workbench_of(napari_viewer)
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
        self.column.addWidget(self.sessions)
        foot = row(self.last, self.show_folder)
        foot.setStretch(0, 1)
        self.column.addLayout(foot)
        self.column.addStretch(1)
        self.show_folder.hide()
        self.listen(self.session.result_changed, self._show_ready)
        self.listen(self.session.busy_changed, self._show_ready)
        self.listen(self.session.exported, self._on_exported)
        self._show_ready()

    def ask_figure(self) -> None:
        """Let the person compose the figure, then write it."""
        self.composer = FigureDialog(self.session, self)
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
        for widget in (self.figure, self.volume, self.series, self.recipe):
            widget.setEnabled(ready)

    def _cancel(self) -> None:
        self.session.cancel("export")
        self.last.setText("stopped")

    def _on_exported(self, path: str) -> None:
        self._last_path = Path(path)
        # The whole path takes lines that a small screen does not have.
        self.last.setText(f"written: {self._last_path.name}")
        self.last.setToolTip(path)
        self.show_folder.show()
