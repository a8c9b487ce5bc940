"""Many nodules at one place: draws of the noise, and sweeps of one metagene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_radiogen.constants import ATTRIBUTES, METAGENE_Z_LIMIT, PIXEL_MM, SEED_LIMIT
from napari_radiogen.domain import CTVolume, LabelVolume, SynthesisRequest
from napari_radiogen.errors import SynthesisError
from napari_radiogen.session.exports import FIGURE_SUFFIXES, check_suffix
from napari_radiogen.session.glimpses import Glimpse, glimpse
from napari_radiogen.session.jobs import JobContext
from napari_radiogen.session.ports import FloatArray, Measurer, Synthesiser
from napari_radiogen.session.reactions import NO_MODEL
from napari_radiogen.session.resolve import Facts, resolve

if TYPE_CHECKING:
    from napari_radiogen.session.controller import Session

SHEET, SWEEP = "sheet", "sweep"
NO_NODULE = "there is no nodule yet; place one first"
#: Draws of a sheet, and positions of a sweep in z-scores: the range that cohorts hold.
DRAWS = 12
POSITIONS = tuple(float(z) for z in np.linspace(-3, 3, 9))


@dataclass(frozen=True, eq=False)
class NoiseSheet:
    """Nodules of the same genes at the same place, one for each seed.

    Parameters
    ----------
    draws
        The first has the seed of the nodule on screen.
    """

    draws: tuple[Glimpse, ...]

    @property
    def spread(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation of each attribute over the draws that hold a nodule."""
        return {name: _spread([d.measured[name] for d in self.draws]) for name in ATTRIBUTES}


@dataclass(frozen=True, eq=False)
class Sweep:
    """Nodules along one metagene; place, noise and all other metagenes stay.

    Parameters
    ----------
    metagene
        Its name.
    positions
        (N,) z-scores, rising.
    steps
        One for each position.
    now
        Score of the nodule on screen.
    """

    metagene: str
    positions: tuple[float, ...]
    steps: tuple[Glimpse, ...]
    now: float

    def curve(self, attribute: str) -> FloatArray:
        """Return (N,) values of one of ``ATTRIBUTES``; nan where no nodule was seen."""
        return np.array([s.measured[attribute] for s in self.steps], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Painter:
    """All that a series of nodules needs, frozen for a job."""

    scan: CTVolume
    lung: LabelVolume | None
    synthesiser: Synthesiser
    measurer: Measurer
    half_mm: float

    def paint(self, requests: tuple[SynthesisRequest, ...], ctx: JobContext) -> tuple[Glimpse, ...]:
        """Paint and measure one after the other; each is handed over as it comes.

        Raises
        ------
        Cancelled
            When the job was stopped.
        """
        found: list[Glimpse] = []
        for number, request in enumerate(requests):
            ctx.progress(number / len(requests), f"{number + 1} of {len(requests)}")
            found.append(self._one(request, ctx.cancelled))
            ctx.partial(tuple(found))
        return tuple(found)

    def _one(self, request: SynthesisRequest, cancelled: Callable[[], bool]) -> Glimpse:
        try:
            result = self.synthesiser.glimpse(
                self.scan, request, lung=self.lung, cancelled=cancelled
            )
        except SynthesisError:
            # Far from the cohort some draw may hold no nodule: its picture is the scan.
            return glimpse(self.scan, request, None, self.measurer, self.half_mm, PIXEL_MM)
        return glimpse(self.scan, request, result, self.measurer, self.half_mm, PIXEL_MM)


class Sheets:
    """Asks for sheets and sweeps of the nodule on screen, in jobs.

    Signals
    -------
    sheet_changed(NoiseSheet), sweep_changed(Sweep): as they grow.
    """

    sheet_changed = Signal(object)
    sweep_changed = Signal(object)

    def __init__(self, session: Session) -> None:
        self._session = session

    def draw(self, count: int = DRAWS) -> None:
        """Paint the nodule of now with the seeds that follow its own."""
        asked = self._request()
        if asked is None:
            return
        painter, request = asked
        seeds = [(request.seed + i) % SEED_LIMIT for i in range(count)]
        wanted = tuple(replace(request, seed=seed) for seed in seeds)
        self._start(SHEET, painter, wanted, lambda g: self.sheet_changed.emit(NoiseSheet(g)))

    def sweep(self, metagene: str, positions: tuple[float, ...] = POSITIONS) -> None:
        """Paint the nodule of now along one metagene."""
        asked, generator = self._request(), self._session.generator
        if asked is None or generator is None:
            return
        if metagene not in generator.metagenes.names:
            self._session.failed.emit(
                f"{metagene[:40]}: {generator.name} has no such metagene; choose one from the list"
            )
            return
        painter, request = asked
        place = generator.metagenes.names.index(metagene)
        rising = tuple(sorted(float(np.clip(z, -METAGENE_Z_LIMIT, METAGENE_Z_LIMIT))
                              for z in positions))  # fmt: skip
        wanted = tuple(_moved(request, place, z) for z in rising)
        now = request.metagenes[place]

        def tell(found: tuple[Glimpse, ...]) -> None:
            self.sweep_changed.emit(Sweep(metagene, rising[: len(found)], found, now))

        self._start(SWEEP, painter, wanted, tell)

    def save(self, sheet: NoiseSheet, path: str | Path) -> None:
        """Write a sheet as PNG, SVG or PDF."""
        session, target, generator = self._session, Path(path), self._session.generator
        model = "" if generator is None else generator.name

        def work(_: JobContext) -> None:
            from napari_radiogen.session.figure import save_figure
            from napari_radiogen.session.sheet_figure import compose_sheet

            check_suffix(target, FIGURE_SUFFIXES)
            save_figure(compose_sheet(sheet, model), target)

        session.work.start("export", work, lambda _: session.exported.emit(str(target)))

    def save_sweep(self, sweep: Sweep, path: str | Path) -> None:
        """Write a sweep as a strip (PNG, SVG, PDF) or a film (GIF, MP4)."""
        session, target, generator = self._session, Path(path), self._session.generator
        if generator is None:
            session.failed.emit(NO_MODEL)
            return
        model, cohort = generator.name, generator.cohort

        def work(ctx: JobContext) -> None:
            from napari_radiogen.session.sweep_export import write_sweep

            write_sweep(sweep, model, cohort, target, ctx.progress, ctx.cancelled)

        session.work.start("export", work, lambda _: session.exported.emit(str(target)))

    def cancel(self, kind: str) -> None:
        """Stop a sheet or a sweep; what was painted stays."""
        self._session.work.cancel(kind)

    def _start(
        self,
        kind: str,
        painter: Painter,
        wanted: tuple[SynthesisRequest, ...],
        tell: Callable[[tuple[Glimpse, ...]], None],
    ) -> None:
        self._session.work.start(kind, lambda ctx: painter.paint(wanted, ctx), tell, tell)

    def _request(self) -> tuple[Painter, SynthesisRequest] | None:
        session, models = self._session, self._session.models
        generator, synthesiser, measurer = models.generator, models.synthesiser, models.measurer
        if generator is None or synthesiser is None or measurer is None:
            session.failed.emit(NO_MODEL)
            return None
        request = resolve(session.state.intent, Facts(session.scan, generator))
        if session.scan is None or request is None:
            session.failed.emit(NO_NODULE)
            return None
        half = generator.field_of_view_mm / 2
        return Painter(session.scan, session.lung, synthesiser, measurer, half), request


def _moved(request: SynthesisRequest, place: int, z: float) -> SynthesisRequest:
    told = list(request.metagenes)
    told[place] = z
    return replace(request, metagenes=tuple(told))


def _spread(values: list[float]) -> tuple[float, float]:
    known = np.array([v for v in values if np.isfinite(v)])
    return (float(known.mean()), float(known.std())) if len(known) else (np.nan, np.nan)
