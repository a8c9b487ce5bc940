"""The session: facts, actions, and what follows from each, without a GUI."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from psygnal import Signal

from napari_radiogen.constants import METAGENE_Z_LIMIT, SEED_LIMIT
from napari_radiogen.domain import (
    CodeSource,
    CTVolume,
    GeneCode,
    LabelVolume,
    NoduleSite,
    Point,
    SynthesisRequest,
    SynthesisResult,
)
from napari_radiogen.errors import Cancelled, InputError, RadiogenError, SynthesisError
from napari_radiogen.session import exports
from napari_radiogen.session.exportable import Exportable
from napari_radiogen.session.jobs import InlineRunner, JobContext, JobRunner
from napari_radiogen.session.live import LiveNodule
from napari_radiogen.session.models import LoadedModels, load_models
from napari_radiogen.session.ports import Engines, FloatArray, Generator, Segmentation, Segmenter
from napari_radiogen.session.reference import OutOfCohort
from napari_radiogen.session.resolve import Facts, metagene_vector, resolve
from napari_radiogen.session.siting import check_site
from napari_radiogen.session.state import Intent, SessionState
from napari_radiogen.session.undo import History
from napari_radiogen.session.work import Work

log = logging.getLogger(__name__)

NO_MODEL = "no model is loaded; load one first (radiogen models lists them)"
NO_SCAN = "no scan is open; open a CT first"


class Session:
    """What one window or one script works on.

    Every action returns at once and never raises for what a person did: a
    refusal is one line through ``failed`` and leaves the state as it was.
    Long work runs in the job runner; all signals are emitted, and all state
    is changed, on the thread that the runner delivers to.

    Signals
    -------
    scan_changed(CTVolume), lung_changed(LabelVolume),
    tumours_changed(Segmentation | None), models_changed(),
    vector_changed((K,) array), code_changed(GeneCode),
    result_changed(SynthesisResult | None): first with ``complete=False``,
    then with True, progress(kind, fraction, message), busy_changed(kind,
    bool), failed(line), exported(path). Kinds: scan, lung, models, tumours,
    synthesis, export.

    Parameters
    ----------
    runner
        `ThreadRunner` in a GUI, `InlineRunner` (the default) elsewhere.
    generator, segmenter
        Engines that are loaded already.
    engines
        Where readers and models come from.
    seed
        Of the draws of `reroll`, None for fresh ones.
    """

    scan_changed = Signal(object)
    lung_changed = Signal(object)
    tumours_changed = Signal(object)
    models_changed = Signal()
    vector_changed = Signal(object)
    code_changed = Signal(object)
    result_changed = Signal(object)
    progress = Signal(str, float, str)
    busy_changed = Signal(str, bool)
    failed = Signal(str)
    exported = Signal(str)

    def __init__(
        self,
        runner: JobRunner | None = None,
        generator: Generator | None = None,
        segmenter: Segmenter | None = None,
        engines: Engines | None = None,
        seed: int | None = None,
    ) -> None:
        self.work = Work(
            runner or InlineRunner(), self.busy_changed.emit, self.progress.emit, self._report
        )
        self.live = LiveNodule(self.work, self.result_changed.emit)
        self.engines = engines or Engines()
        self.state = SessionState()
        self.scan: CTVolume | None = None
        self.scan_path: Path | None = None
        self.lung: LabelVolume | None = None
        self.tumours: Segmentation | None = None
        self.models = LoadedModels()
        self.vector: FloatArray | None = None
        self.code: GeneCode | None = None
        self._history = History()
        self._waiting_point: Point | None = None
        self._rng = np.random.default_rng(seed)
        if generator is not None or segmenter is not None:
            self._adopt_models(LoadedModels.of(generator, segmenter, self.engines))

    # --- reading ---------------------------------------------------------------

    @property
    def generator(self) -> Generator | None:
        """The loaded generator."""
        return self.models.generator

    @property
    def segmenter(self) -> Segmenter | None:
        """The loaded segmenter."""
        return self.models.segmenter

    @property
    def result(self) -> SynthesisResult | None:
        """The nodule on screen."""
        return self.live.result

    @property
    def runner(self) -> JobRunner:
        """The runner, for jobs of a front end's own kinds."""
        return self.work.runner

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to redo."""
        return self._history.can_redo

    def is_busy(self, kind: str) -> bool:
        """Whether work of a kind runs."""
        return self.work.is_busy(kind)

    def distribution(self, name: str) -> FloatArray:
        """Return the training scores (N,) of a metagene; empty without a model."""
        reference = self.models.reference
        return np.zeros(0, np.float32) if reference is None else reference.distribution(name)

    def percentile(self, name: str, z: float) -> float:
        """Return the percentile (0 to 100) of a score; nan without a model."""
        reference = self.models.reference
        return math.nan if reference is None else reference.percentile(name, z)

    def gauge(self) -> OutOfCohort | None:
        """Say how unusual the current metagenes are; None without a model."""
        reference = self.models.reference
        return None if reference is None or self.vector is None else reference.gauge(self.vector)

    def code_position(self, projection: str = "t-SNE") -> np.ndarray[Any, Any] | None:
        """Return the place (2,) of the current code on the map; None without a model.

        See `Reference.map_position` for the weights.
        """
        reference = self.models.reference
        if reference is None or self.code is None:
            return None
        return reference.map_position(self.code.vector, projection)

    # --- scan and models -------------------------------------------------------

    def open_path(self, path: str | Path) -> None:
        """Read a DICOM folder or a volume file, then open it."""
        source = Path(path)
        self.work.start(
            "scan",
            lambda ctx: self.engines.read_ct(source),
            lambda ct: self._open(ct, source),
        )

    def open_scan(self, ct: CTVolume) -> None:
        """Open a scan that is read already, and outline its lung."""
        self._open(ct, None)

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

    def close(self) -> None:
        """Stop all work; call when the window closes."""
        self.work.runner.close()

    # --- intent ----------------------------------------------------------------

    def choose_subject(self, subject_id: str) -> None:
        """Start from the genes of a subject; edits are cleared."""
        self._change(lambda now: replace(now, subject_id=str(subject_id), averaged=(), edits=()))

    def synthesise_mean_of(self, ids: Iterable[str]) -> None:
        """Start from the mean metagenes of some subjects; edits are cleared."""
        chosen = tuple(ids)
        if not chosen:
            self.failed.emit("nobody is selected; select subjects on the map first")
            return
        self._change(lambda now: replace(now, subject_id="", averaged=chosen, edits=()))

    def set_metagene(self, name: str, z: float) -> None:
        """Set a metagene, clipped to +-METAGENE_Z_LIMIT."""
        if not math.isfinite(z):
            self.failed.emit(f"{name}: expected a finite score, got {z}")
            return
        limited = float(np.clip(z, -METAGENE_Z_LIMIT, METAGENE_Z_LIMIT))
        self._change(lambda now: now.with_edit(name, limited))

    def reset_metagene(self, name: str) -> None:
        """Take one edit back to the subject's own score."""
        self._change(lambda now: now.without_edit(name))

    def reset_all(self) -> None:
        """Take all edits back."""
        self._change(lambda now: replace(now, edits=()))

    def reroll(self) -> None:
        """Draw another seed for the noise."""
        self.set_seed(int(self._rng.integers(SEED_LIMIT)))

    def set_seed(self, seed: int) -> None:
        """Set the seed of the noise, 0 to 2**31 - 1."""
        if not 0 <= seed < SEED_LIMIT:
            self.failed.emit(f"expected a seed from 0 to {SEED_LIMIT - 1}, got {seed}")
            return
        self._change(lambda now: replace(now, seed=int(seed)))

    def set_strength(self, strength: float) -> None:
        """Set the strength of the blend, clipped to 0..1."""
        self._change(lambda now: replace(now, strength=float(np.clip(strength, 0, 1))))

    def place(self, point_lps_mm: Point) -> None:
        """Put the nodule at an LPS point (x, y, z) in mm, inside the lung.

        While the lung is being outlined the point waits for it.
        """
        scan = self.scan
        if scan is None or self.generator is None:
            self.failed.emit(NO_SCAN if scan is None else NO_MODEL)
            return
        x, y, z = (float(c) for c in point_lps_mm)
        if self.lung is None and self.is_busy("lung"):
            self._waiting_point = (x, y, z)
            return
        try:
            if self.lung is None:
                raise SynthesisError("the lung of this scan could not be outlined")
            check_site(scan, self.lung, (x, y, z), self.engines.in_lung)
        except SynthesisError as error:
            self.failed.emit(str(error))
            return
        site = NoduleSite(scan.series_uid, (x, y, z))
        self._change(lambda now: replace(now, site=site))

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

    def undo(self) -> None:
        """Take the last change of genes, place, seed or strength back."""
        self._restore(self._history.undo(self.state.intent))

    def redo(self) -> None:
        """Make the last undone change again."""
        self._restore(self._history.redo(self.state.intent))

    # --- export ----------------------------------------------------------------

    def export_figure(self, path: str | Path) -> None:
        """Write the figure (PNG, SVG or PDF) and its recipe beside it."""
        self._export(path, exports.write_figure)

    def export_volume(self, path: str | Path) -> None:
        """Write the scan with the nodule (.nii.gz, .nrrd, .mha) and its recipe beside it."""
        self._export(path, exports.write_synthetic)

    def save_recipe(self, path: str | Path) -> None:
        """Write the recipe alone."""
        self._export(path, exports.write_recipe)

    # --- what follows ----------------------------------------------------------

    def _open(self, ct: CTVolume, path: Path | None) -> None:
        self.work.cancel("lung")
        self.work.cancel("tumours")
        self.live.forget()
        self.scan, self.scan_path, self.lung = ct, path, None
        self._waiting_point = None
        self._history.clear()
        self.state.site = None
        self.scan_changed.emit(ct)
        self._show_tumours(None)
        self._request()
        self.work.start("lung", lambda ctx: self.engines.lung_mask(ct), self._show_lung)

    def _show_lung(self, lung: LabelVolume) -> None:
        self.lung = lung
        self.lung_changed.emit(lung)
        point, self._waiting_point = self._waiting_point, None
        if point is not None:
            self.place(point)

    def _show_tumours(self, tumours: Segmentation | None) -> None:
        self.tumours = tumours
        self.tumours_changed.emit(tumours)

    def _adopt_models(self, models: LoadedModels) -> None:
        self.live.forget()
        self.models = models
        self._history.clear()
        generator = models.generator
        if generator is not None:
            known, names = generator.subject_ids, generator.metagenes.names
            now = self.state.intent
            averaged = tuple(s for s in now.averaged if s in known)
            stays = now.subject_id in known or bool(averaged)
            self.state.apply(
                replace(
                    now,
                    subject_id=now.subject_id if stays else known[0],
                    averaged=averaged,
                    edits=tuple(e for e in now.edits if e[0] in names) if stays else (),
                )
            )
        self.models_changed.emit()
        self._follow_genes()
        self._request()

    def _change(self, make: Callable[[Intent], Intent]) -> None:
        generator = self.generator
        if generator is None:
            self.failed.emit(NO_MODEL)
            return
        before = self.state.intent
        after = make(before)
        try:
            metagene_vector(after, generator)
        except InputError as error:
            self.failed.emit(str(error))
            return
        if after != before:
            self._history.record(before)
            self._adopt(after)

    def _restore(self, intent: Intent | None) -> None:
        if intent is not None:
            self._adopt(intent)

    def _adopt(self, intent: Intent) -> None:
        self.state.apply(intent)
        self._follow_genes()
        self._request()

    def _follow_genes(self) -> None:
        generator = self.generator
        if generator is None:
            return
        intent = self.state.intent
        vector = metagene_vector(intent, generator)
        source: CodeSource = "mean" if intent.averaged else "patient"
        source = "edited" if intent.edits else source
        code = self.code
        same_model = code is not None and code.encoder_digest == generator.digest
        if same_model and self.vector is not None and np.array_equal(vector, self.vector):
            return
        self.vector = vector
        self.code = GeneCode(generator.encode(vector[None])[0], source, generator.digest)
        self.vector_changed.emit(vector)
        self.code_changed.emit(self.code)

    def _request(self) -> None:
        scan, lung, synthesiser = self.scan, self.lung, self.models.synthesiser
        wanted = resolve(self.state.intent, Facts(scan, self.generator))

        def make(request: SynthesisRequest, ctx: JobContext) -> SynthesisResult:
            if scan is None or synthesiser is None:
                raise Cancelled
            return synthesiser.synthesise(
                scan, request, lung=lung, first_look=ctx.partial, cancelled=ctx.cancelled
            )

        self.live.ask(wanted, make)

    def _export(self, path: str | Path, write: Callable[[Exportable, Path], None]) -> None:
        target = Path(path)
        scan, result, models = self.scan, self.result, self.models
        wanted = resolve(self.state.intent, Facts(scan, self.generator))
        finished = result is not None and result.complete and result.request == wanted
        if scan is None or result is None or not finished or models.reference is None:
            self.failed.emit("there is no finished synthetic nodule to export yet")
            return
        what = Exportable(
            scan,
            self.scan_path,
            result,
            self.state.intent,
            models.reference.generator,
            models.reference,
        )
        self.work.start(
            "export", lambda ctx: write(what, target), lambda _: self.exported.emit(str(target))
        )

    def _report(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            return
        if isinstance(error, SynthesisError):
            self._take_place_back()
        if isinstance(error, RadiogenError):
            self.failed.emit(str(error))
        else:
            log.debug("unexpected", exc_info=error)
            line = " ".join(str(error).split())
            self.failed.emit(f"unexpected {type(error).__name__}: {line}")

    def _take_place_back(self) -> None:
        """Return to the place of the nodule on screen after a refused one."""
        shown = None if self.result is None else self.result.request.site
        if self.state.site != shown:
            self.state.site = shown
