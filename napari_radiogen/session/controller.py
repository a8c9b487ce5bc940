"""The session: every action of every front end, without a GUI."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogen.constants import SEED_LIMIT, WINDOWS_HU
from napari_radiogen.domain import CTVolume, Point, Scale
from napari_radiogen.errors import SeveralSeriesError
from napari_radiogen.session import tumours
from napari_radiogen.session.comparing import Comparing
from napari_radiogen.session.exporting import Exporting
from napari_radiogen.session.jobs import InlineRunner, JobContext, JobRunner
from napari_radiogen.session.map_actions import MapActions
from napari_radiogen.session.models import LoadedModels, load_models
from napari_radiogen.session.nodule_actions import NoduleActions
from napari_radiogen.session.patients import holds_genes
from napari_radiogen.session.placing import Preview, preview
from napari_radiogen.session.ports import Engines, Generator, Segmentation, Segmenter
from napari_radiogen.session.reactions import NO_MODEL, NO_SCAN, NO_SCAN_FOR_MASK
from napari_radiogen.session.scan_info import ScanInfo
from napari_radiogen.session.session_file import looks_like_session
from napari_radiogen.session.session_files import SessionFiles
from napari_radiogen.session.sheets import Sheets
from napari_radiogen.session.state import Intent
from napari_radiogen.session.tumour_editing import TumourEditing

if TYPE_CHECKING:
    from napari_radiogen.io.series_choice import SeriesChoice


class Session(NoduleActions, MapActions, Exporting):
    """What one window or one script works on.

    Every action returns at once and never raises for what a person did: a
    refusal is one line through ``failed`` and leaves the state as it was.
    Long work runs in the job runner; all signals (see `SessionFacts`) are
    emitted, and all state is changed, on the thread that the runner delivers
    to.

    Parameters
    ----------
    runner
        `ThreadRunner` in a GUI, `InlineRunner` (the default) elsewhere.
    generator, segmenter
        Engines that are loaded already.
    engines
        Where readers and models come from.
    seed
        Of the draws of `reroll` and `randomise`, None for fresh ones.
    """

    def __init__(
        self,
        runner: JobRunner | None = None,
        generator: Generator | None = None,
        segmenter: Segmenter | None = None,
        engines: Engines | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(runner or InlineRunner(), engines or Engines(), seed)
        self.files = SessionFiles(self)
        self.editing = TumourEditing(self, self._show_tumours)
        self.comparing = Comparing(self)
        self.sheets = Sheets(self)
        self.info = ScanInfo(self)
        if generator is not None or segmenter is not None:
            self._adopt_models(LoadedModels.of(generator, segmenter, self.engines))

    # --- scan and models -------------------------------------------------------

    def open_path(self, path: str | Path, series_uid: str | None = None) -> None:
        """Read a DICOM folder or a volume file, then open it.

        Of a folder with several CT series, ``series_offered`` tells which
        there are, unless the UID of one is given.
        """
        source = Path(path)

        def work(ctx: JobContext) -> CTVolume | tuple[SeriesChoice, ...]:
            try:
                return self.engines.read_ct(source, series_uid)
            except SeveralSeriesError:
                if not len(self.series_offered):
                    raise
                return self.engines.ct_choices(source)

        def done(found: CTVolume | tuple[SeriesChoice, ...]) -> None:
            if isinstance(found, tuple):
                self.series_offered.emit(source, found)
            else:
                self._open(found, source)

        self.work.start("scan", work, done)

    def open_scan(self, ct: CTVolume) -> None:
        """Open a scan that is read already, and outline its lung."""
        self._open(ct, None)

    def open_mask(self, path: str | Path) -> None:
        """Read a mask onto the open scan and show its segments as the tumours.

        DICOM SEG, RTSTRUCT, LIDC XML, NIfTI, NRRD or MetaImage. One that does
        not belong to the scan is refused and the tumours stay as they were.
        """
        scan, source, read = self.scan, Path(path), self.engines.read_mask
        if scan is None:
            self.failed.emit(NO_SCAN_FOR_MASK)
            return
        self.work.start(
            "tumours",
            lambda ctx: tumours.open_mask(source, scan, read, ctx.progress),
            self._show_tumours,
        )

    def open_genes(self, path: str | Path, scale: Scale | None = None) -> None:
        """Let the patients of a cohort folder or an expression table join the model's.

        One that the model knows by the same id takes the new values, and a
        notice says so; percentiles and gauge stay those of the training
        cohort. While the models load the path waits for them.
        """
        if self.generator is not None:
            self._open_genes(Path(path), scale)
        elif self.is_busy("models"):
            self._genes_waiting = Path(path), scale
        else:
            self.failed.emit(NO_MODEL)

    def open_any(self, path: str | Path) -> None:
        """Open what was dropped: a session, genes, a mask onto the scan, else a scan."""
        source = Path(path)
        if looks_like_session(source):
            self.files.open(source)
            return
        if holds_genes(source):
            self.open_genes(source)
            return
        self.work.start(
            "drop",
            lambda ctx: self.engines.is_mask(source),
            lambda mask: self.open_mask(source) if mask else self.open_path(source),
        )

    def load_models(self, name: str | None = None) -> None:
        """Load a generator (the default one without a name) and the segmenter."""

        def work(ctx: JobContext) -> LoadedModels:
            return load_models(name, self.engines, ctx.progress)

        def done(models: LoadedModels) -> None:
            self._adopt_models(models)
            for line in models.problems:
                self.failed.emit(line)

        self.work.start("models", work, done)

    def find_tumours(self) -> None:
        """Segment the scan."""
        scan, segmenter, lung = self.scan, self.segmenter, self.lung
        if scan is None or segmenter is None:
            self.failed.emit(NO_SCAN if scan is None else NO_MODEL)
            return

        def work(ctx: JobContext) -> Segmentation:
            return segmenter.segment(
                scan, lung=lung, progress=ctx.progress, cancelled=ctx.cancelled
            )

        self.work.start("tumours", work, self._show_tumours)

    def cancel(self, kind: str) -> None:
        """Stop the work of a kind; what was shown stays."""
        if kind == "synthesis":
            self.live.cancel()
        else:
            self.work.cancel(kind)

    # --- intent ----------------------------------------------------------------

    def reroll(self) -> None:
        """Draw another seed for the noise."""
        self.set_seed(int(self._rng.integers(SEED_LIMIT)))

    def set_seed(self, seed: int) -> None:
        """Set the seed of the noise, 0 to 2**31 - 1."""
        if not 0 <= seed < SEED_LIMIT:
            self.failed.emit(f"expected a seed from 0 to {SEED_LIMIT - 1}, got {seed}")
            return
        self._change(lambda now: replace(now, seed=int(seed)))

    def _with_noise(self, before: Intent, after: Intent) -> Intent:
        """Draw other noise for another patient or place, unless it is locked."""
        was, now = ((i.site, i.subject_id, i.averaged) for i in (before, after))
        kept = self.view.seed_locked or before.site is None or after.site is None or was == now
        # Another nodule in hand brings its own seed.
        if kept or before.seed != after.seed or before.active != after.active:
            return after
        return replace(after, seed=int(self._rng.integers(SEED_LIMIT)))

    def set_strength(self, strength: float) -> None:
        """Set the strength of the blend, clipped to 0..1."""
        self._change(lambda now: replace(now, strength=float(np.clip(strength, 0, 1))))

    def place(self, point_lps_mm: Point, *, record: bool = True) -> None:
        """Put the nodule at an LPS point (x, y, z) in mm, inside the lung.

        While the lung is being outlined the point waits for it. A place that
        no person chose is no undo step: ``record`` False.
        """
        scan = self.scan
        if scan is None or self.generator is None:
            self.failed.emit(NO_SCAN if scan is None else NO_MODEL)
            return
        x, y, z = (float(c) for c in point_lps_mm)
        if self.lung is None and self.is_busy("lung"):
            self._waiting = (x, y, z), record
        else:
            self._place_in(scan, (x, y, z), record)

    def preview(self, point_lps_mm: Point) -> Preview | None:
        """Say what a nodule at an LPS point (mm) would cover; None without scan or model."""
        if self.scan is None or self.generator is None:
            return None
        return preview(self.scan, self.lung, self.generator, point_lps_mm)

    def choose_window(self, name: str) -> None:
        """Show a preset of ``constants.WINDOWS_HU``; what was set by hand is gone."""
        if name not in WINDOWS_HU:
            self.failed.emit(f"{name[:40]}: no such window; there are {', '.join(WINDOWS_HU)}")
            return
        self.view.by_hand = None
        self.state.window = name

    def select(self, ids: Iterable[str]) -> None:
        """Mark subjects on the map; changes no pixels."""
        self.state.selected = tuple(ids)

    def begin_gesture(self) -> None:
        """Start a drag: until `end_gesture` all changes are one undo step.

        While it lasts, a request waits for the first look of the one before,
        so that nodules show during the drag; the end asks for the last value.
        """
        self._history.begin_gesture()
        self.live.drag(True)

    def end_gesture(self) -> None:
        """End a drag."""
        self._history.end_gesture()
        self.live.drag(False)
        self.gesture_ended.emit()

    def undo(self) -> None:
        """Take the last change of genes, place, seed or strength back."""
        self._restore(self._history.undo(self.state.intent))

    def redo(self) -> None:
        """Make the last undone change again."""
        self._restore(self._history.redo(self.state.intent))
