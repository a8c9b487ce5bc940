"""Several nodules in one scan: which one is in hand, and what all of them look like.

Each nodule is painted on the scan as it was read, so that its recipe holds
whatever stands beside it. Where the regions of two meet, the voxel is that of
the nodule with the greater blend weight, of the later one when both are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import SEED_LIMIT
from napari_radiogen.domain import CTVolume, SynthesisRequest, SynthesisResult
from napari_radiogen.session.jobs import JobContext
from napari_radiogen.session.live import LiveNodule, Make
from napari_radiogen.session.state import Intent, NoduleIntent
from napari_radiogen.session.work import Work

KIND = "others"
Array = npt.NDArray[np.generic]


def from_nodules(nodules: Sequence[NoduleIntent], active: int) -> Intent:
    """Return the intent whose nodules are these, with one of them in hand."""
    chosen = nodules[active]
    own = {f.name: getattr(chosen, f.name) for f in fields(NoduleIntent)}
    return Intent(**own, others=(*nodules[:active], *nodules[active + 1 :]), active=active)


def with_added(intent: Intent) -> Intent:
    """Return the intent with one more nodule in hand: the same genes, no place yet."""
    new = replace(intent.in_hand, site=None, seed=(intent.seed + 1) % SEED_LIMIT)
    return from_nodules((*intent.nodules, new), len(intent.nodules))


def with_selected(intent: Intent, index: int) -> Intent:
    """Return the intent with another nodule in hand; one without a place is dropped."""
    kept = list(intent.nodules)
    if index != intent.active and intent.site is None:
        del kept[intent.active]
        index -= index > intent.active
    return from_nodules(kept, index)


def without(intent: Intent, index: int) -> Intent:
    """Return the intent with a nodule gone; the last one loses only its place."""
    kept = list(intent.nodules)
    if len(kept) == 1:
        return replace(intent, site=None)
    del kept[index]
    active = intent.active - (index < intent.active)
    return from_nodules(kept, min(active, len(kept) - 1))


def combined(result: SynthesisResult, among: Sequence[SynthesisResult]) -> SynthesisResult:
    """Return a nodule of a scan with all that reach into its box painted there.

    Parameters
    ----------
    among
        All nodules of the scan in their order, ``result`` included.
    """
    if len(among) < 2:
        return result
    voxels = paste_all(result.composed.voxels, result.start_zyx, among)
    return replace(result, composed=replace(result.composed, voxels=voxels))


def whole_scan(scan: CTVolume, results: Sequence[SynthesisResult]) -> Array:
    """Return the voxels (Z, Y, X) of a scan with nodules in place."""
    return paste_all(scan.voxels, (0, 0, 0), results)


def paste_all(
    voxels: Array, start_zyx: tuple[int, int, int], results: Sequence[SynthesisResult]
) -> Array:
    """Return a copy of part of a scan, from an index on, with nodules in place."""
    out = voxels.copy()
    strongest = np.zeros(voxels.shape, np.float32) if len(results) > 1 else None
    for result in results:
        here, there = _overlap(start_zyx, voxels.shape, result)
        inside = result.region.labels[there] > 0
        if strongest is not None:
            weight = inside * (np.float32(1) if result.weight is None else result.weight[there])
            inside &= weight >= strongest[here]
            strongest[here][inside] = weight[inside]
        out[here][inside] = result.composed.voxels[there][inside]
    return out


def _overlap(
    start: tuple[int, int, int], shape: tuple[int, ...], result: SynthesisResult
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return where a result lies in a box, and which part of the result that is."""
    own = result.composed.voxels.shape
    low = np.maximum(start, result.start_zyx)
    high = np.minimum(np.add(start, shape), np.add(result.start_zyx, own))
    high = np.maximum(high, low)
    pairs = [
        tuple(slice(int(a), int(b)) for a, b in zip(low - at, high - at, strict=True))
        for at in (np.array(start), np.array(result.start_zyx))
    ]
    return pairs[0], pairs[1]


class OtherNodules:
    """The finished nodules of a scan that are not in hand.

    Parameters
    ----------
    work
        Runs the job that makes those that are missing.
    live
        Takes over and hands out nodules when another one is taken in hand.
    on_change
        Called when `results` changes.
    """

    def __init__(self, work: Work, live: LiveNodule, on_change: Callable[[], None]) -> None:
        self.results: tuple[SynthesisResult, ...] = ()
        self._wanted: tuple[SynthesisRequest, ...] = ()
        self._made: dict[SynthesisRequest, SynthesisResult] = {}
        self._work, self._live, self._on_change = work, live, on_change

    @property
    def complete(self) -> bool:
        """Whether every nodule that is wanted is there."""
        return len(self.results) == len(self._wanted)

    def ask(self, wanted: tuple[SynthesisRequest, ...], make: Make) -> None:
        """Show the nodules of these requests, as soon as there are any."""
        if wanted == self._wanted:
            return
        self._wanted = wanted
        for request in wanted:
            known = self._live.find(request)
            if known is not None:
                self._made[request] = known
        for request in [r for r in self._made if r not in wanted]:
            self._live.remember(self._made.pop(request))
        self._work.cancel(KIND)
        self._show()
        if not self.complete:
            self._start([r for r in wanted if r not in self._made], make)

    def forget(self) -> None:
        """Stop, and drop all: scan or model changed."""
        self._work.cancel(KIND)
        self._wanted = ()
        self._made.clear()
        self._show()

    def _start(self, missing: list[SynthesisRequest], make: Make) -> None:
        def work(ctx: JobContext) -> None:
            for request in missing:
                ctx.partial(make(request, ctx))

        self._work.start(KIND, work, lambda _: None, self._keep)

    def _keep(self, result: SynthesisResult) -> None:
        if result.complete and result.request in self._wanted:
            self._made[result.request] = result
            self._show()

    def _show(self) -> None:
        results = tuple(self._made[r] for r in self._wanted if r in self._made)
        if results != self.results:
            self.results = results
            self._on_change()
