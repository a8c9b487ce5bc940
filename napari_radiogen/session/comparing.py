"""The nodule in hand beside what its genes are compared with: place and noise are the same."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from napari_radiogen.constants import RESULT_CACHE_SIZE
from napari_radiogen.domain import CTVolume, LabelVolume, Nodule, SynthesisRequest, SynthesisResult
from napari_radiogen.errors import Cancelled, InputError
from napari_radiogen.session.jobs import JobContext
from napari_radiogen.session.ports import FloatArray, Measurer, Synthesiser
from napari_radiogen.session.resolve import metagene_vector
from napari_radiogen.session.state import Intent

if TYPE_CHECKING:
    from napari_radiogen.session.controller import Session

T = TypeVar("T")

KIND = "measure"
#: What a nodule is compared with: the genes kept as A, or those before any edit.
SNAPSHOT: Final = "A"
START: Final = "start"
#: What the difference is taken from: the scan as it is, or the nodule of the other genes.
TO_SCAN, TO_GENES = "scan", "genes"


@dataclass(frozen=True, eq=False)
class Measured:
    """A finished nodule and its reference, each outlined by the measuring network.

    Parameters
    ----------
    result, reference
        Of the genes of now and of ``since``, at the same place, with the same
        noise and strength; one and the same where the genes are equal.
    since
        ``A`` or ``start``.
    now, before
        Measurements; None where the network sees no nodule.
    """

    result: SynthesisResult
    reference: SynthesisResult
    since: str
    now: Nodule | None
    before: Nodule | None


@dataclass(frozen=True, eq=False)
class _Engines:
    scan: CTVolume
    lung: LabelVolume | None
    synthesiser: Synthesiser
    measurer: Measurer


class Comparing:
    """Measures each nodule that came to rest, and the one of the reference genes.

    Signals
    -------
    changed(Measured | None): None while the nodule is being painted or measured.
    """

    changed = Signal(object)

    def __init__(self, session: Session) -> None:
        self._session = session
        self.measured: Measured | None = None
        self._known: OrderedDict[SynthesisRequest, Nodule | None] = OrderedDict()
        self._references: OrderedDict[SynthesisRequest, SynthesisResult] = OrderedDict()
        session.result_changed.connect(self._follow)
        session.snapshots_changed.connect(self._follow)
        session.busy_changed.connect(self._make_way)
        session.models_changed.connect(self._forget)
        session.scan_changed.connect(self._forget)

    @property
    def since(self) -> str:
        """What changes are counted from: ``A`` where one is kept, else ``start``."""
        return SNAPSHOT if SNAPSHOT in self._session.snapshots else START

    def difference(self, to: str) -> FloatArray | None:
        """Return HU (Z, Y, X) that the nodule adds, on the grid of its box.

        Parameters
        ----------
        to
            ``scan``, or ``genes`` for the nodule of the reference genes; None
            while that one is not there yet.
        """
        result, scan = self._session.result, self._session.scan
        if result is None or scan is None:
            return None
        after = result.composed.voxels
        if to == TO_SCAN:
            return _less(after, _part(scan.voxels, result.start_zyx, after.shape))
        wanted = self._reference_of(result.request)
        reference = result if wanted == result.request else self._references.get(wanted)
        if reference is None:
            return None
        # A first look holds fewer slices than a finished nodule.
        first = np.subtract(result.start_zyx, reference.start_zyx)
        before = _part(reference.composed.voxels, first, after.shape)
        return _less(after, before) if before.shape == after.shape else None

    # --- follows ---------------------------------------------------------------

    def _make_way(self, kind: str, busy: bool) -> None:
        if kind == "synthesis" and busy:
            self._session.work.cancel(KIND)

    def _forget(self, *_: object) -> None:
        self._session.work.cancel(KIND)
        self._known.clear()
        self._references.clear()
        self._tell(None)

    def _follow(self, *_: object) -> None:
        session, result = self._session, self._session.result
        models = session.models
        self._session.work.cancel(KIND)
        self._tell(None)
        if result is None or not result.complete or session.scan is None:
            return
        if models.synthesiser is None or models.measurer is None:
            return
        engines = _Engines(session.scan, session.lung, models.synthesiser, models.measurer)
        wanted, since = self._reference_of(result.request), self.since
        session.work.start(
            KIND, lambda ctx: self._measure(engines, result, wanted, since, ctx), self._show
        )

    def _show(self, found: Measured) -> None:
        if found.result is self._session.result:
            self._tell(found)

    def _tell(self, found: Measured | None) -> None:
        if found is not self.measured:
            self.measured = found
            self.changed.emit(found)

    def _reference_of(self, request: SynthesisRequest) -> SynthesisRequest:
        """Return the same request with the genes of A, or with those before any edit."""
        session, generator = self._session, self._session.generator
        kept = session.snapshots.get(SNAPSHOT)
        genes: Intent = replace(session.state.intent, edits=(), gene_edits=())
        genes = genes if kept is None else kept
        if generator is None:
            return request
        try:
            vector = metagene_vector(genes, generator)
        except InputError:
            return request
        told = tuple(float(z) for z in vector)
        same = told == request.metagenes
        return request if same else replace(request, metagenes=told, subject_id=genes.subject_id)

    # --- in the job ------------------------------------------------------------

    def _measure(
        self,
        engines: _Engines,
        result: SynthesisResult,
        wanted: SynthesisRequest,
        since: str,
        ctx: JobContext,
    ) -> Measured:
        # Both need every core: the nodule is to show before it is measured.
        ctx.give_way()
        if ctx.cancelled():
            raise Cancelled
        now = self._nodule(result, engines.measurer)
        if wanted == result.request:
            return Measured(result, result, since, now, now)
        reference = self._references.get(wanted)
        if reference is None:
            reference = engines.synthesiser.synthesise(
                engines.scan, wanted, lung=engines.lung, cancelled=ctx.cancelled
            )
            _remember(self._references, wanted, reference)
        return Measured(result, reference, since, now, self._nodule(reference, engines.measurer))

    def _nodule(self, result: SynthesisResult, measurer: Measurer) -> Nodule | None:
        if result.request not in self._known:
            _remember(self._known, result.request, measurer.measure(result))
        return self._known[result.request]


def _remember(cache: OrderedDict[SynthesisRequest, T], request: SynthesisRequest, value: T) -> None:
    cache[request] = value
    while len(cache) > RESULT_CACHE_SIZE:
        cache.popitem(last=False)


def _part(
    voxels: npt.NDArray[Any], start: npt.ArrayLike, shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    first = np.asarray(start, dtype=int)
    return voxels[tuple(slice(a, a + n) for a, n in zip(first, shape, strict=True))]


def _less(after: npt.NDArray[Any], before: npt.NDArray[Any]) -> FloatArray:
    return np.asarray(after, dtype=np.float32) - np.asarray(before, dtype=np.float32)
