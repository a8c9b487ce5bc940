"""The demo: phantom patient, tumour outlined, a synthetic nodule in the left lung."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from napari.utils.notifications import show_warning
from qtpy.QtCore import QBuffer, QEventLoop, QIODevice, QTimer

from napari_radiogen.domain import Subject
from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.save import save_bytes
from napari_radiogen.plugin.site import left_lung_site
from napari_radiogen.plugin.window import close_notifications, main_window
from napari_radiogen.plugin.workbench import Workbench
from napari_radiogen.session.jobs import JobContext

if TYPE_CHECKING:
    from napari import Viewer

KINDS = ("demo", "scan", "lung", "models", "tumours", "synthesis", "measure", "export")
#: A tumour of this size shows on every plane, mm.
DEMO_DIAMETER_MM = 20.0
#: The window is quiet when no job has run for this long, ms.
QUIET_MS = 700
POLL_MS = 100
#: Far longer than the slowest machine needs, ms (30 minutes).
LIMIT_MS = 1_800_000


class Demo:
    """Leads a workbench from nothing to a synthetic nodule."""

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench
        self.session = workbench.session
        self._first_site: object = None
        self._led = False
        self._wanted: Path | None = None
        self.session.lung_changed.connect(self._lead)
        self.session.models_changed.connect(self._lead)
        self.session.tumours_changed.connect(self._align)

    def start(self, scan: Path | None = None) -> None:
        """Open a scan, the phantom patient without a path; models that failed get a second try."""
        if self.session.generator is None and not self.session.is_busy("models"):
            self.session.load_models()
        self._led, self._first_site, self._wanted = False, None, None
        if scan is not None:
            self._open(scan)
            return
        self.session.work.start("demo", _demo_folder, self._open)

    def _open(self, scan: Path) -> None:
        self._wanted = scan
        self.session.open_path(scan)

    @property
    def busy(self) -> bool:
        """Whether anything still runs."""
        return any(self.session.is_busy(kind) for kind in KINDS)

    def _lead(self, *_: object) -> None:
        """Once lung and models are there: look for tumours, choose, place."""
        session = self.session
        if self._led or session.lung is None or not session.models.generator:
            return
        if session.scan_path != self._wanted:
            return  # the person opened another scan meanwhile
        self._led = True
        if session.generator is not None:
            session.choose_subject(demo_subject(session.generator.subjects))
        self._place(None)
        self._first_site = session.state.site
        if session.segmenter is not None:
            session.find_tumours()

    def _align(self, found: object) -> None:
        """Bring the nodule to the first tumour's height, once, unless the person moved it."""
        tumours = self.session.tumours
        if found is None or tumours is None or not tumours.nodules or self._first_site is None:
            return
        first, self._first_site = self._first_site, None
        if self.session.state.site == first:
            self._place(tumours.nodules[0].centroid_lps_mm)

    def _place(self, near: tuple[float, float, float] | None) -> None:
        lung = self.session.lung
        point = None if lung is None else left_lung_site(lung, near)
        if point is not None:
            self.session.place(point, record=False)
            self.workbench.presenter.go_to(point)


def demo_subject(subjects: tuple[Subject, ...]) -> str:
    """Return a test subject whose tumour is easy to see."""
    unseen = [s for s in subjects if s.split == "test"] or list(subjects)
    best = min(unseen, key=lambda s: abs(s.attributes.get("diameter", 0.0) - DEMO_DIAMETER_MM))
    return best.subject_id


def open_demo_patient(workbench: Workbench) -> Demo:
    """Start the demo in a window that is open already."""
    demo = Demo(workbench)
    workbench.demo = demo
    demo.start()
    return demo


def run(size: tuple[int, int], scan: Path | None, screenshot: Path | None) -> list[str]:
    """Run the demo until its window closes, or until its picture is taken.

    Returns
    -------
    list of str
        What went wrong on the way, one line each.
    """
    import napari

    from napari_radiogen.plugin.docks import open_window

    viewer, workbench = open_window(size)
    problems: list[str] = []
    workbench.session.failed.connect(problems.append)
    demo = Demo(workbench)
    workbench.demo = demo
    demo.start(scan)
    if screenshot is None:
        napari.run()
        return []
    wait_until_quiet(demo)
    # They cover the marks on the canvas; the lines go to standard error and the dock.
    close_notifications(viewer)
    save_bytes(screenshot, picture(viewer))
    workbench.close()
    viewer.close()
    return problems


class Busy(Protocol):
    """What may still be at work."""

    @property
    def busy(self) -> bool:
        """Whether anything still runs."""


def wait_until_quiet(demo: Busy) -> None:
    """Run Qt's events until all jobs are done and the canvas is drawn.

    Raises
    ------
    RadiogenError
        When that takes longer than `LIMIT_MS`.
    """
    loop, timer = QEventLoop(), QTimer()
    quiet, waited = [0], [0]

    def look() -> None:
        waited[0] += POLL_MS
        quiet[0] = 0 if demo.busy else quiet[0] + POLL_MS
        if quiet[0] >= QUIET_MS or waited[0] >= LIMIT_MS:
            loop.quit()

    timer.timeout.connect(look)
    timer.start(POLL_MS)
    loop.exec()
    timer.stop()
    if demo.busy:
        raise RadiogenError(f"the demo did not finish within {LIMIT_MS // 60_000} minutes")


def picture(viewer: Viewer) -> bytes:
    """Return the whole window as PNG."""
    window = main_window(viewer)
    if window is None:
        show_warning("no window to take a picture of")
        return b""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    window.grab().save(buffer, "PNG")
    return bytes(buffer.data())


def _demo_folder(ctx: JobContext) -> Path:
    from napari_radiogen.cohorts.phantom import demo_folder

    return Path(demo_folder(ctx.progress, cancelled=ctx.cancelled))
