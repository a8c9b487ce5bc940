"""What a session knows and tells: facts, signals, and what one may read."""

from __future__ import annotations

import logging
import math
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from psygnal import Signal

from napari_radiogen.domain import CTVolume, GeneCode, LabelVolume, Point, Scale, SynthesisResult
from napari_radiogen.errors import Cancelled, RadiogenError, in_one_line
from napari_radiogen.session.jobs import JobRunner
from napari_radiogen.session.live import KIND as SYNTHESIS
from napari_radiogen.session.live import LiveNodule
from napari_radiogen.session.models import LoadedModels
from napari_radiogen.session.nodules import OtherNodules, combined
from napari_radiogen.session.ports import Engines, FloatArray, Generator, Segmentation, Segmenter
from napari_radiogen.session.reference import OutOfCohort
from napari_radiogen.session.state import SessionState
from napari_radiogen.session.undo import History
from napari_radiogen.session.view import ViewState
from napari_radiogen.session.work import Work

log = logging.getLogger(__name__)

TRY_AGAIN = "try again, and report it if it comes back"


class SessionFacts(ABC):
    """Facts and signals of a session; `Session` adds the actions.

    Signals
    -------
    scan_changed(CTVolume), lung_changed(LabelVolume),
    tumours_changed(Segmentation | None), models_changed(),
    patients_changed(OwnPatients): they joined the generator's,
    vector_changed((K,) array), code_changed(GeneCode),
    result_changed(SynthesisResult | None): first with ``complete=False``,
    then with True, progress(kind, fraction, message), busy_changed(kind,
    bool), failed(line), exported(path), others_changed(): the finished
    nodules that are not in hand, gesture_ended(): a drag is over. Kinds:
    scan, drop, lung, models, genes, edits, map, places, clusters, thumbnail,
    tumours, synthesis, others, export, figure.
    """

    scan_changed = Signal(object)
    #: A folder and the CT series in it, one of which is to be chosen.
    series_offered = Signal(object, object)
    lung_changed = Signal(object)
    tumours_changed = Signal(object)
    models_changed = Signal()
    patients_changed = Signal(object)
    vector_changed = Signal(object)
    code_changed = Signal(object)
    result_changed = Signal(object)
    others_changed = Signal()
    gesture_ended = Signal()
    progress = Signal(str, float, str)
    busy_changed = Signal(str, bool)
    failed = Signal(str)
    exported = Signal(str)
    #: Pixels (H, W, 4) of a figure before it is written.
    figure_drawn = Signal(object)

    def __init__(self, runner: JobRunner, engines: Engines) -> None:
        self.work = Work(runner, self.busy_changed.emit, self.progress.emit, self._report)
        self.live = LiveNodule(self.work, self.result_changed.emit)
        self.others = OtherNodules(self.work, self.live, self.others_changed.emit)
        self.engines = engines
        self.state = SessionState()
        self.view = ViewState()
        self.scan: CTVolume | None = None
        self.scan_path: Path | None = None
        self.lung: LabelVolume | None = None
        self.tumours: Segmentation | None = None
        self.models = LoadedModels()
        self.unexpected: Exception | None = None
        self.vector: FloatArray | None = None
        self.code: GeneCode | None = None
        self._history = History()
        self._waiting: tuple[Point, bool] | None = None
        self._genes_waiting: tuple[Path, Scale | None] | None = None

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
        """The nodule in hand, as it shows."""
        return self.live.result

    @property
    def results(self) -> tuple[SynthesisResult, ...]:
        """All nodules of the scan that show, in the order in which they were added."""
        others, active = self.others.results, self.state.active
        own = () if self.result is None else (self.result,)
        return (*others[:active], *own, *others[active:])

    def on_screen(self, result: SynthesisResult) -> SynthesisResult:
        """Return a nodule with the others that reach into its box."""
        return combined(result, self.results)

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

    @property
    def in_gesture(self) -> bool:
        """Whether a drag goes on: see `begin_gesture`."""
        return self._history.in_gesture

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

    def _report(self, kind: str, error: Exception) -> None:
        if kind == SYNTHESIS and not isinstance(error, Cancelled):
            self._drop_refused()
        self.report(error)

    def report(self, error: Exception) -> None:
        """Tell of a failure in one line; nobody hears of what a person stopped.

        While listeners hear of an error that is none of ours, ``unexpected``
        holds it.
        """
        if isinstance(error, Cancelled):
            return
        line = in_one_line(error)
        if isinstance(error, RadiogenError | OSError):
            self.failed.emit(line)
            return
        log.debug("unexpected", exc_info=error)
        self.unexpected = error
        self.failed.emit(f"{line}; {TRY_AGAIN}")
        self.unexpected = None

    @abstractmethod
    def _drop_refused(self) -> None:
        """Stop showing what the newest request, which failed, is not."""
