"""What follows from a change: genes, request, nodule, export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogen.domain import (
    CodeSource,
    CTVolume,
    GeneCode,
    LabelVolume,
    NoduleSite,
    Point,
    Scale,
    SynthesisRequest,
    SynthesisResult,
)
from napari_radiogen.errors import Cancelled, InputError, SynthesisError
from napari_radiogen.inference.upright import check_site
from napari_radiogen.session.facts import SessionFacts
from napari_radiogen.session.jobs import JobContext
from napari_radiogen.session.models import LoadedModels
from napari_radiogen.session.patients import OwnPatients, read_patients
from napari_radiogen.session.ports import Segmentation
from napari_radiogen.session.resolve import Facts, keep_known, metagene_vector, resolve
from napari_radiogen.session.state import Intent

if TYPE_CHECKING:
    from napari_radiogen.session.session_open import Restored

NO_MODEL = "no model is loaded; load one first (radiogen models lists them)"
NO_SCAN = "no scan is open; open a CT first"
OWN_LEFT = "another model is in use; open your own tables and cohorts again"
NO_SCAN_FOR_MASK = "no scan is open; open the CT first, then the mask that was drawn on it"


class Reactions(SessionFacts):
    """The inner half of a session: one change in, all that follows."""

    def _open(self, ct: CTVolume, path: Path | None, lung: LabelVolume | None = None) -> None:
        self.work.cancel("lung")
        self.work.cancel("tumours")
        self.live.forget()
        self.others.forget()
        self.scan, self.scan_path, self.lung = ct, path, None
        self._waiting = None
        self._history.clear()
        self.state.apply(replace(self.state.intent, site=None, others=(), active=0))
        self.scan_changed.emit(ct)
        self._show_tumours(None)
        self._request()
        if lung is not None:
            self._show_lung(lung)
        else:
            self.work.start("lung", lambda ctx: self.engines.lung_mask(ct), self._show_lung)

    def _show_lung(self, lung: LabelVolume) -> None:
        self.lung = lung
        self.lung_changed.emit(lung)
        waiting, self._waiting = self._waiting, None
        if waiting is not None and self.scan is not None:
            self._place_in(self.scan, *waiting)

    def _place_in(self, scan: CTVolume, point: Point, record: bool) -> None:
        try:
            if self.lung is None:
                raise SynthesisError("the lung of this scan could not be outlined")
            check_site(scan, self.lung, point)
        except SynthesisError as error:
            self.failed.emit(str(error))
            return
        site = NoduleSite(scan.series_uid, point)
        self._change(lambda now: replace(now, site=site), record)

    def _show_tumours(self, tumours: Segmentation | None) -> None:
        self.tumours = tumours
        self.tumours_changed.emit(tumours)

    def _adopt_models(self, models: LoadedModels) -> None:
        """Take over what was loaded; what failed to load leaves the old one in use."""
        models = replace(models, segmenter=models.segmenter or self.segmenter)
        before, generator = self.generator, models.generator
        if generator is None and before is not None:
            self.models = replace(self.models, segmenter=models.segmenter, problems=models.problems)
            self.models_changed.emit()
            return
        if self.models.own and generator is not None:
            self.failed.emit(OWN_LEFT)
        self.live.forget()
        self.others.forget()
        self.models = models
        self._history.clear()
        if generator is not None:
            self.state.apply(keep_known(self.state.intent, generator, before))
        self.models_changed.emit()
        self._follow_genes()
        self._request()
        waiting, self._genes_waiting = self._genes_waiting, None
        if waiting is not None and generator is not None:
            self._open_genes(*waiting)

    def _open_genes(self, path: Path, scale: Scale | None) -> None:
        before = self.models
        generator = before.generator
        if generator is None:
            return

        def work(ctx: JobContext) -> tuple[LoadedModels, OwnPatients]:
            own = read_patients(path, generator, scale)
            return before.with_own(own), own

        def done(found: tuple[LoadedModels, OwnPatients]) -> None:
            if self.models is before:
                self._join(*found)
            else:  # another model came meanwhile: the table meets that one instead
                self._open_genes(path, scale)

        self.work.start("genes", work, done)

    def _join(self, models: LoadedModels, own: OwnPatients) -> None:
        self.models = models
        self.patients_changed.emit(own)
        self._follow_genes()
        self._request()

    def _change(self, make: Callable[[Intent], Intent], record: bool = True) -> None:
        generator = self.generator
        if generator is None:
            self.failed.emit(NO_MODEL)
            return
        before = self.state.intent
        after = self._with_noise(before, make(before))
        try:
            metagene_vector(after, generator)
        except InputError as error:
            self.failed.emit(str(error))
            return
        if self._asks_first(before, after) or after == before:
            return
        if record:
            self._history.record(before)
        self._adopt(after)

    def _with_noise(self, before: Intent, after: Intent) -> Intent:
        """Return the intent with the noise that a change brings."""
        return after

    def _asks_first(self, before: Intent, after: Intent) -> bool:
        """Whether a change of genes waits until the person was asked."""
        return False

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
        source = "interpolated" if intent.weights else source
        source = "edited" if intent.edited else source
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
        intent, facts = self.state.intent, Facts(scan, self.generator)

        def make(request: SynthesisRequest, ctx: JobContext) -> SynthesisResult:
            if scan is None or synthesiser is None:
                raise Cancelled
            return synthesiser.synthesise(
                scan, request, lung=lung, first_look=ctx.partial, cancelled=ctx.cancelled
            )

        others = [resolve(nodule, facts) for nodule in intent.others]
        self.others.ask(tuple(r for r in others if r is not None), make)
        self.live.ask(resolve(intent, facts), make)

    def adopt_restored(self, found: Restored) -> None:
        """Put a session that was read and painted again in place of all that is open."""
        for kind in ("models", "scan", "genes", "tumours"):
            self.work.cancel(kind)
        self._open(found.scan, found.scan_path, found.lung)
        if found.models is not None and found.models is not self.models:
            self.models = replace(self.models, own=())
            self._adopt_models(found.models)
        if found.tumours is not None:
            self._show_tumours(found.tumours)
        for result in found.results:
            self.live.remember(result)
        self._adopt(found.intent)
        self._history.clear()

    def _drop_refused(self) -> None:
        """Return from a refused place, or take a nodule of other genes off the screen."""
        site = self.live.site
        if self.state.site == site:
            self.live.clear()
        else:
            self.state.site = site
            self._request()
