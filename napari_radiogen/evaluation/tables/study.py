"""What every table of one evaluation shares: cohort, models, settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.analysis.bootstrap import cluster_bootstrap
from napari_radiogen.evaluation.interfaces import MeasuringNetwork, Progress
from napari_radiogen.evaluation.tables.given import GivenModels
from napari_radiogen.evaluation.tables.table import Interval
from napari_radiogen.io.cohort_store import CohortStore


@dataclass(frozen=True)
class TableSettings:
    """How much is drawn, and from which seed.

    Parameters
    ----------
    seed
        Of noise, backgrounds, permutations, clusters and resampling.
    resamples
        Of patients, for each interval.
    image_draws
        Pairs of noise and background for each subject in the image table.
    control_draws
        The same for control fidelity, where it is computed anew.
    permutations
        Dealings of the subjects that a chance level is the mean of.
    clusters
        Groups that gene codes are sorted into; Xu 2019 shows three.
    """

    seed: int = 0
    resamples: int = 1000
    image_draws: int = 4
    control_draws: int = 16
    permutations: int = 20
    clusters: int = 3


@dataclass(frozen=True, eq=False)
class Study:
    """A cohort, the models given, and how they are judged.

    Parameters
    ----------
    measuring
        Outlines painted nodules for control fidelity; None only where earlier
        reports tell of every painter.
    controls
        Reports of ``radiogen evaluate control --json``, used in place of a
        new evaluation of the same model on the same cohort.
    progress
        Called with the fraction done and what is being done.
    """

    cohort: CohortStore
    models: GivenModels
    settings: TableSettings = field(default_factory=TableSettings)
    measuring: MeasuringNetwork | None = None
    controls: tuple[dict[str, Any], ...] = ()
    progress: Progress = field(default=lambda _fraction, _message: None)

    def rng(self) -> np.random.Generator:
        """Return a new generator of the study's seed."""
        return np.random.default_rng(self.settings.seed)

    def interval(
        self, patients: Sequence[str], statistic: Callable[[npt.NDArray[np.intp]], float]
    ) -> Interval | None:
        """Return the interval of a statistic of rows.

        None with fewer than two patients, or where a resample has no finite value.
        """
        if len(set(patients)) < 2:
            return None

        def known(rows: npt.NDArray[np.intp]) -> float:
            value = statistic(rows)
            return value if np.isfinite(value) else float("nan")

        low, high = cluster_bootstrap(
            patients, known, resamples=self.settings.resamples, rng=self.rng()
        )
        return (low, high) if np.isfinite(low) and np.isfinite(high) else None

    def mean_interval(
        self, values: npt.NDArray[np.float64], patients: Sequence[str]
    ) -> Interval | None:
        """Return the interval of the mean of values (N,), those not finite left out."""
        return self.interval(patients, lambda rows: finite_mean(values[rows]))


def finite_mean(values: npt.NDArray[np.float64]) -> float:
    """Return the mean of what is finite; nan when nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
