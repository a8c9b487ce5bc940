"""CT & Tumour: open a scan, window it, find its tumours, go through them."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHeaderView,
    QMenu,
    QProgressBar,
    QPushButton,
)

from napari_radiogen.constants import RESEARCH_USE, WINDOWS_HU
from napari_radiogen.domain import CTVolume, Nodule
from napari_radiogen.plugin.widgets.parts import (
    Dock,
    button,
    note,
    row,
    set_cell,
    table,
    toggle,
)
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.ports import Segmentation
from napari_radiogen.session.tumours import notes_of, segment_name

SHORT_NAMES = {"Soft tissue": "Soft"}
VOLUME_FILTER = "CT volumes (*.nii *.nii.gz *.nrrd *.mha *.mhd *.dcm);;All files (*)"
MASK_FILTER = "Masks (*.dcm *.xml *.nii *.nii.gz *.nrrd *.mha *.mhd);;All files (*)"
SAVE_FILTER = "Tumours (*.dcm *.nii.gz *.nrrd *.mha)"
NUMBER_WIDTH = 48
#: Notices shown at once and the characters of each; the tip holds all.
NOTICES, NOTICE_LENGTH = 3, 120
#: Holds three lines of notices and three tumours, pixels.
LEAST_HEIGHT = 336
FIXED = QHeaderView.ResizeMode.Fixed
BUSY_WORDS = {
    "drop": "looking at the file",
    "scan": "reading the scan",
    "demo": "rendering the demo patient",
    "lung": "outlining the lung",
    "models": "loading models",
    "genes": "reading expression",
    "tumours": "looking for tumours",
    "session": "opening the session",
}


class CTTumourWidget(Dock):
    """The scan and its tumours."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.workbench = workbench_of(napari_viewer)
        self.session = self.workbench.session
        self.scan_name = note("no scan is open")
        self.notice = note(role="warning")
        self.open_button = QPushButton("Open CT ▾")
        self.demo_button = button("Demo patient", self._open_demo, "open the phantom patient")
        self.open_button.setMenu(self._open_menu())
        self.windows = QButtonGroup(self)
        self.find_button = button(
            "Find tumours", self.session.find_tumours, "segment the scan", primary=True
        )
        self.cancel_button = button("Cancel", self._cancel, "stop the search")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.status = note()
        self.table = table(("Tumour", "mm", "HU"))
        self.table.setMinimumHeight(80)
        for column in (1, 2):
            self.table.horizontalHeader().setSectionResizeMode(column, FIXED)
            self.table.setColumnWidth(column, NUMBER_WIDTH)
        self.previous = button("◂", lambda: self.workbench.next_tumour(-1), "previous tumour")
        self.next = button("▸", self.workbench.next_tumour, "next tumour (Alt+N)")
        self.save = button("save…", self.ask_save, "DICOM SEG, NIfTI, NRRD or MetaImage")
        self.overlay = toggle("outline", self._set_overlay, "show the tumour outlines (Alt+O)")
        # Wrapped notices are not in a layout's least height: without room they cover the table.
        self.setMinimumHeight(LEAST_HEIGHT)
        self._lay_out()
        self._connect()
        self._on_scan(self.session.scan)
        self._on_tumours(self.session.tumours)
        self._show_busy()

    def _lay_out(self) -> None:
        column = self.column
        column.addLayout(row(self.open_button, self.demo_button))
        column.addWidget(self.scan_name)
        column.addWidget(self.notice)
        column.addLayout(self._window_row())
        column.addLayout(row(self.find_button, self.cancel_button))
        column.addWidget(self.bar)
        column.addWidget(self.status)
        column.addWidget(self.table, 1)
        column.addLayout(row(self.previous, self.next, self.overlay, self.save))
        column.addWidget(note(RESEARCH_USE, role="warning"))

    def _window_row(self) -> Any:
        buttons = []
        for number, (name, (level, width)) in enumerate(WINDOWS_HU.items(), start=1):
            tip = f"{name}: level {level:.0f}, width {width:.0f} HU (Alt+{number})"
            made = toggle(SHORT_NAMES.get(name, name), self._pick(name), tip)
            made.setChecked(name == self.session.state.window)
            self.windows.addButton(made)
            made.setProperty("window", name)
            buttons.append(made)
        self.windows.setExclusive(True)
        return row(*buttons, spacing=2)

    def _open_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction("DICOM folder…", self._open_folder)
        menu.addAction("Volume file…", self._open_file)
        menu.addSeparator()
        self.mask_action = menu.addAction("Mask on this CT…", self.ask_mask)
        return menu

    def _connect(self) -> None:
        session = self.session
        state: Any = session.state.events  # type: ignore[attr-defined]
        self.listen(session.scan_changed, self._on_scan)
        self.listen(self.workbench.presenter.display_changed, self._show_notices)
        self.listen(session.tumours_changed, self._on_tumours)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(session.models_changed, self._show_busy)
        self.listen(session.progress, self._on_progress)
        self.listen(session.failed, self._on_failed)
        self.listen(state.window, self._on_window)
        self.listen(state.overlay_visible, self._show_overlay)
        self.overlay.setChecked(session.state.overlay_visible)
        self.table.itemSelectionChanged.connect(self._go_to_selected)

    # --- asks ------------------------------------------------------------------

    def _pick(self, name: str) -> Any:
        return lambda _checked: setattr(self.session.state, "window", name)

    def _set_overlay(self, visible: bool) -> None:
        self.session.state.overlay_visible = visible

    def _open_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a DICOM folder")
        if path:
            self.session.open_path(path)

    def _open_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a CT volume", "", VOLUME_FILTER)
        if path:
            self.session.open_path(path)

    def ask_mask(self) -> None:
        """Ask for a mask file, then show it on the open CT."""
        path, _ = QFileDialog.getOpenFileName(self, "Open a mask on this CT", "", MASK_FILTER)
        if path:
            self.session.open_mask(path)

    def ask_save(self) -> None:
        """Ask where the tumours go, then write them."""
        path, _ = QFileDialog.getSaveFileName(self, "Save tumours", "tumours.nii.gz", SAVE_FILTER)
        if path:
            self.session.save_tumours(path)

    def _open_demo(self) -> None:
        from napari_radiogen.plugin.demo import open_demo_patient

        open_demo_patient(self.workbench)

    def _cancel(self) -> None:
        self.session.cancel("tumours")

    def _go_to_selected(self) -> None:
        found, lines = self.session.tumours, {i.row() for i in self.table.selectedItems()}
        if found is not None and lines:
            self.workbench.presenter.go_to(found.nodules[lines.pop()].centroid_lps_mm)

    # --- shows -----------------------------------------------------------------

    def _on_scan(self, ct: CTVolume | None) -> None:
        if ct is None:
            self._show_notices()
            return
        path = self.session.scan_path
        name = "phantom patient" if ct.synthetic else ("CT" if path is None else path.name[:40])
        z, y, x = ct.geometry.shape
        step = ct.geometry.spacing_mm
        self.scan_name.setText(f"{name} · {z} slices {x}×{y} · {step[2]:.2f} × {step[0]:.2f} mm")
        self._show_notices()
        self._show_busy()

    def _show_notices(self, *_: object) -> None:
        scan, display = self.session.scan, self.workbench.presenter.display
        notices = [] if scan is None else list(scan.warnings)
        if display is not None and display.notice:
            notices.append(display.notice)
        notices += notes_of(self.session.tumours)
        shown = [_short(line) for line in notices[:NOTICES]]
        if len(notices) > NOTICES:
            shown.append(f"and {len(notices) - NOTICES} more: point here")
        self.notice.setText("\n".join(shown))
        self.notice.setToolTip("\n".join(notices))
        self.notice.setVisible(bool(notices))

    def _on_tumours(self, found: Segmentation | None) -> None:
        nodules = () if found is None else found.nodules
        self.table.setRowCount(len(nodules))
        for line, nodule in enumerate(nodules):
            cells = _cells(found, nodule)
            for column, text in enumerate(cells):
                set_cell(self.table, line, column, text)
            self.table.item(line, 0).setToolTip(f"{cells[0]} · {nodule.volume_mm3 / 1e3:.2f} ml")
        for widget in (self.previous, self.next, self.overlay, self.save):
            widget.setEnabled(bool(nodules))
        self._show_notices()
        if found is not None:
            count = f"{len(nodules)} tumour{'' if len(nodules) == 1 else 's'}"
            self.status.setText(f"{count} · {found.model} · {found.seconds:.0f} s")

    def _show_overlay(self, visible: bool) -> None:
        self.overlay.setChecked(visible)

    def _on_window(self, name: str) -> None:
        for made in self.windows.buttons():
            made.setChecked(made.property("window") == name)

    def _on_progress(self, kind: str, fraction: float, message: str) -> None:
        if kind in BUSY_WORDS:
            self.bar.setRange(0, 100)
            self.bar.setValue(round(100 * fraction))
            self.status.setText(message or BUSY_WORDS[kind])

    def _on_failed(self, line: str) -> None:
        self.status.setText(line[:200])

    def _show_busy(self, *_: object) -> None:
        session = self.session
        running = [kind for kind in BUSY_WORDS if session.is_busy(kind)]
        self.cancel_button.setEnabled(session.is_busy("tumours"))
        self.mask_action.setEnabled(session.scan is not None)
        ready = session.scan is not None and session.segmenter is not None
        self.find_button.setEnabled(ready and not session.is_busy("tumours"))
        self.bar.setRange(0, 0 if running else 100)
        self.bar.setValue(0)
        if running:
            self.status.setText(BUSY_WORDS[running[-1]])
        elif self.status.text() in BUSY_WORDS.values():
            self.status.setText("")
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)


def _cells(found: Segmentation | None, nodule: Nodule) -> tuple[str, str, str]:
    name = f"{nodule.label}" if found is None else segment_name(found, nodule)
    return name[:64], f"{nodule.long_axis_mm:.1f}", f"{nodule.mean_hu:+.0f}"


def _short(line: str) -> str:
    return line if len(line) <= NOTICE_LENGTH else f"{line[: NOTICE_LENGTH - 1]}…"
