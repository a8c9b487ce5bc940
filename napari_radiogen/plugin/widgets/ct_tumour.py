"""CT & Tumour: open a scan, window it, find its tumours, go through them."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QButtonGroup, QFileDialog, QMenu, QPushButton

from napari_radiogen.constants import RESEARCH_USE, WINDOWS_HU
from napari_radiogen.domain import CTVolume
from napari_radiogen.plugin.first_steps import OPEN_PHANTOM, OPENING, take_step
from napari_radiogen.plugin.widgets.empty import BUSY_WORDS, EmptyState, at_work
from napari_radiogen.plugin.widgets.parts import Dock, button, note, row, toggle
from napari_radiogen.plugin.widgets.scan_info import ScanInfoDialog
from napari_radiogen.plugin.widgets.tumour_panel import TumourPanel
from napari_radiogen.plugin.window import main_window
from napari_radiogen.plugin.workbench import workbench_of
from napari_radiogen.session.tumours import notes_of

SHORT_NAMES = {"Soft tissue": "Soft"}
VOLUME_FILTER = "CT volumes (*.nii *.nii.gz *.nrrd *.mha *.mhd *.dcm);;All files (*)"
MASK_FILTER = "Masks (*.dcm *.xml *.nii *.nii.gz *.nrrd *.mha *.mhd);;All files (*)"
#: Notices shown at once and the characters of each; the tip holds all.
NOTICES, NOTICE_LENGTH = 3, 120
#: Holds three lines of notices and three tumours, pixels.
LEAST_HEIGHT = 360
PURPOSE = "A chest CT in three planes, its tumours outlined and measured."


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
        self.info_button = button("info…", self.show_info, "the scan's grid and how it was made")
        self.info: ScanInfoDialog | None = None
        self.convention = toggle(
            "R on the right",
            self._set_convention,
            "neurological convention; otherwise the patient's right stands at the left",
        )
        self.tumours = TumourPanel(self.workbench, self)
        # Wrapped notices are not in a layout's least height: without room they cover the table.
        self.setMinimumHeight(LEAST_HEIGHT)
        self._lay_out()
        self._connect()
        self._on_scan(self.session.scan)
        self._on_window()
        self._show_busy()

    def _lay_out(self) -> None:
        column = self.column
        column.addLayout(row(self.open_button, self.demo_button))
        column.addWidget(self.scan_name)
        column.addWidget(self.notice)
        column.addLayout(self._window_row())
        column.addLayout(row(self.info_button, self.convention, spacing=2))
        column.addWidget(self.tumours, 1)
        self.foot.addWidget(note(RESEARCH_USE, role="warning"))
        start = button(OPEN_PHANTOM, self._open_demo, "a chest CT drawn by a program")
        links = {
            "a DICOM folder": self._open_folder,
            "a file": self._open_file,
            "a session": self.workbench.desk.ask_open,
        }
        self.start = EmptyState(PURPOSE, start, links)
        self.add_empty_state(self.start)

    def _window_row(self) -> Any:
        buttons = []
        for number, (name, (level, width)) in enumerate(WINDOWS_HU.items(), start=1):
            tip = f"{name}: level {level:.0f}, width {width:.0f} HU (Alt+{number})"
            made = toggle(SHORT_NAMES.get(name, name), self._pick(name), tip)
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
        view: Any = session.view.events  # type: ignore[attr-defined]
        self.listen(session.scan_changed, self._on_scan)
        self.listen(self.workbench.presenter.display_changed, self._show_notices)
        self.listen(session.tumours_changed, self._show_notices)
        self.listen(session.busy_changed, self._show_busy)
        self.listen(session.models_changed, self._show_busy)
        self.listen(session.progress, self._on_progress)
        self.listen(session.failed, self._on_failed)
        self.listen(state.window, self._on_window)
        self.listen(view.by_hand, self._on_window)
        self.listen(view.convention, self._on_convention)
        self._on_convention(session.view.convention)

    # --- asks ------------------------------------------------------------------

    def _pick(self, name: str) -> Any:
        return lambda _checked: self.session.choose_window(name)

    def _set_convention(self, neurological: bool) -> None:
        self.session.view.convention = "neurological" if neurological else "radiological"

    def show_info(self) -> None:
        """Open what is known about the scan."""
        if self.info is None:
            self.info = ScanInfoDialog(self.session, main_window(self.workbench.viewer) or self)
        self.info.open_anew()

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

    def _open_demo(self) -> None:
        take_step(self.workbench, OPEN_PHANTOM)

    # --- shows -----------------------------------------------------------------

    def _on_scan(self, ct: CTVolume | None) -> None:
        self.show_empty(ct is None)
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

    def _on_window(self, *_: object) -> None:
        session = self.session
        # An exclusive group keeps one button down; none is, for a window set by hand.
        self.windows.setExclusive(False)
        for made in self.windows.buttons():
            preset = session.view.by_hand is None
            made.setChecked(preset and made.property("window") == session.state.window)
        self.windows.setExclusive(session.view.by_hand is None)

    def _on_convention(self, convention: str) -> None:
        self.convention.setChecked(convention == "neurological")

    def _on_progress(self, kind: str, fraction: float, message: str) -> None:
        if kind in BUSY_WORDS:
            words = message or BUSY_WORDS[kind]
            self.tumours.show_work(words, fraction)
            self.start.show_work(words, fraction)

    def _on_failed(self, line: str) -> None:
        self.tumours.status.setText(line[:200])

    def _show_busy(self, *_: object) -> None:
        session = self.session
        self.tumours.cancel_button.setEnabled(session.is_busy("tumours"))
        self.mask_action.setEnabled(session.scan is not None)
        ready = session.scan is not None and session.segmenter is not None
        self.info_button.setEnabled(session.scan is not None)
        self.tumours.edit.setEnabled(session.scan is not None)
        idle = not session.is_busy("tumours") and not self.tumours.display.editing
        self.tumours.find_button.setEnabled(ready and idle)
        opening = any(session.is_busy(kind) for kind in OPENING)
        for made in (self.demo_button, self.start.button):
            made.setEnabled(not opening)
        words = at_work(session, tuple(BUSY_WORDS))
        self.tumours.show_work(words, None)
        self.start.show_work(words, None)


def _short(line: str) -> str:
    return line if len(line) <= NOTICE_LENGTH else f"{line[: NOTICE_LENGTH - 1]}…"
