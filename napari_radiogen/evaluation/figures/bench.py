"""Which test subjects a figure shows, their slices, backgrounds, noise and genes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import Metagenes, Subject
from napari_radiogen.evaluation.plan import (
    DrawPlan,
    plan_draws,
    subject_expression,
    subject_metagenes,
)
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.genomics.gene_scale import GeneScale
from napari_radiogen.io.cohort_store import CohortStore

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Bench:
    """Test subjects with one draw of noise and a background of another test patient each."""

    cohort: CohortStore
    plan: DrawPlan

    @property
    def areas_mm2(self) -> npt.NDArray[np.float64]:
        """(N,) area of each subject's central slice."""
        return np.asarray(self.cohort.slices["area_mm2"][self.plan.central], dtype=float)

    def pick(self, count: int) -> list[int]:
        """Choose subjects of different patients at even steps of size, small to large.

        The rule looks at no result, so that no figure shows the best only.
        Where there are fewer patients, all of them.
        """
        first = {owner: i for i, owner in reversed(list(enumerate(self.plan.patients)))}
        rows = sorted(first.values(), key=lambda i: (self.areas_mm2[i], i))
        count = min(count, len(rows))
        return [rows[int((i + 0.5) / count * len(rows))] for i in range(count)]

    def subjects(self, rows: Sequence[int]) -> tuple[Subject, ...]:
        """Return the subjects of some rows of the plan."""
        return tuple(self.plan.subjects[i] for i in rows)

    def ids(self, rows: Sequence[int]) -> tuple[str, ...]:
        """Return their ids."""
        return tuple(s.subject_id for s in self.subjects(rows))

    def real(self, rows: Sequence[int]) -> FloatArray:
        """Return the central slices (n, H, W) in HU."""
        return np.asarray(self.cohort.image[self.plan.central[list(rows)]], dtype=np.float32)

    def masks(self, rows: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Return the readers' outlines of the central slices (n, H, W)."""
        return np.asarray(self.cohort.mask[self.plan.central[list(rows)]] > 0)

    def backgrounds(self, rows: Sequence[int]) -> FloatArray:
        """Return nodule-free slices (n, H, W) in HU, each of another patient than its row's."""
        return np.asarray(self.cohort.image[self.plan.backgrounds[0, list(rows)]], dtype=np.float32)

    def noise(self, rows: Sequence[int]) -> list[int]:
        """Return the seeds of the noise."""
        return [int(self.plan.noise[0, i]) for i in rows]

    def scores(self, metagenes: Metagenes, rows: Sequence[int]) -> FloatArray:
        """Return what a generator reads of the subjects' genes (n, K)."""
        return subject_metagenes(self.cohort, metagenes, self.subjects(rows))

    def unit_genes(self, scale: GeneScale, rows: Sequence[int]) -> FloatArray:
        """Return the subjects' genes (n, G) in [0, 1], as the autoencoder reads them."""
        genes = subject_expression(
            self.cohort, scale.gene_symbols, scale.scale, self.subjects(rows)
        )
        return scale.transform(genes)


def set_up(cohort: CohortStore, seed: int = 0) -> Bench:
    """Plan one background and one noise for each test subject.

    Raises
    ------
    CohortError
        When the cohort has too few test subjects.
    """
    return Bench(cohort, plan_draws(cohort, ControlSettings(draws=1, seed=seed)))


def heads(bench: Bench, rows: Sequence[int]) -> tuple[str, ...]:
    """Return the subjects' ids with the diameter of the real nodule, as heads of columns."""
    mm = 2 * np.sqrt(bench.areas_mm2[list(rows)] / np.pi)
    return tuple(f"{name}, {d:.0f} mm" for name, d in zip(bench.ids(rows), mm, strict=True))
