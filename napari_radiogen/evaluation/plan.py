"""Who is tested, on which backgrounds, with which noise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.domain import Metagenes, Subject, people_of
from napari_radiogen.domain.expression import Scale
from napari_radiogen.errors import CohortError, ModelError
from napari_radiogen.evaluation.interfaces import FloatArray, PatchModel
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.io.cohort_store import CohortStore

IndexArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DrawPlan:
    """Subjects of one split and their draws; the same for every model that is compared.

    Parameters
    ----------
    subjects
        (N,) of the split, the test split where models are judged.
    truth
        Attribute to (N,) values of the real central slices.
    central
        (N,) rows of those slices.
    backgrounds
        (D, N) rows of natural nodule-free slices of other patients of the split.
    noise
        (D, N) seeds.
    partners
        (N,) whose genes each subject receives when genes are swapped.
    """

    subjects: tuple[Subject, ...]
    truth: dict[str, npt.NDArray[np.float64]]
    central: IndexArray
    backgrounds: IndexArray
    noise: IndexArray
    partners: IndexArray

    @property
    def patients(self) -> tuple[str, ...]:
        """(N,) patient of each subject."""
        return tuple(s.patient_id for s in self.subjects)


def plan_draws(
    cohort: CohortStore,
    settings: ControlSettings,
    split: Literal["test", "validation"] = "test",
) -> DrawPlan:
    """Choose backgrounds and noise for every subject of a split.

    Only the test split judges; validation patients are for comparing recipes.

    Raises
    ------
    CohortError
        When a subject lacks its central slice or an attribute, or when no
        other patient of the split has a background.
    """
    subjects: tuple[Subject, ...] = getattr(cohort.split, split)
    if len(subjects) < 3 or len({s.patient_id for s in subjects}) < 2:
        raise CohortError(f"control needs at least 3 {split} subjects of 2 patients", cohort.path)
    rng = np.random.default_rng(settings.seed)
    shape = (settings.draws, len(subjects))
    pool = _background_rows(cohort, split)
    owners = _owners(cohort, pool)
    backgrounds = [
        _draw(pool[[not (s.people & people) for people in owners]], s, settings.draws, rng)
        for s in subjects
    ]
    return DrawPlan(
        subjects=subjects,
        truth={name: _true_values(subjects, name) for name in ATTRIBUTES},
        central=np.array([_central_row(cohort, s) for s in subjects]),
        backgrounds=np.stack(backgrounds, axis=1),
        noise=rng.integers(2**31, size=shape),
        partners=_partners(len(subjects), rng),
    )


def subject_metagenes(
    cohort: CohortStore, metagenes: Metagenes, subjects: tuple[Subject, ...]
) -> FloatArray:
    """Return metagene z-scores (N, K) of subjects, genes matched by symbol.

    Raises
    ------
    CohortError
        When expression is not on the scale that the metagenes were fitted on.
    ModelError
        When the model needs genes that the cohort lacks.
    """
    return metagenes.transform(
        subject_expression(cohort, metagenes.gene_symbols, metagenes.scale, subjects)
    )


def subject_expression(
    cohort: CohortStore, gene_symbols: Sequence[str], scale: Scale, subjects: Sequence[Subject]
) -> FloatArray:
    """Return a cohort's expression (N, G) of some genes, in the order asked for.

    Raises
    ------
    CohortError
        When expression is on another scale.
    ModelError
        When the cohort lacks genes.
    """
    table = cohort.expression
    if table.scale != scale:
        raise CohortError(f"expected {scale} expression, got {table.scale}", cohort.path)
    place = {gene: i for i, gene in enumerate(table.gene_symbols)}
    missing = [gene for gene in gene_symbols if gene not in place]
    if missing:
        raise ModelError(f"{len(missing)} genes are not in the cohort: {', '.join(missing[:5])}")
    columns = [place[gene] for gene in gene_symbols]
    return table.rows(tuple(s.subject_id for s in subjects))[:, columns]


def require_fit(model: PatchModel, cohort: CohortStore) -> None:
    """Refuse a model on another grid, or one that has seen test patients.

    Raises
    ------
    ModelError
    """
    grid = (model.size_px, round(model.pixel_mm, 6), tuple(model.hu_range))
    expected = (cohort.size_px, round(cohort.pixel_mm, 6), tuple(cohort.hu_range))
    if grid != expected:
        raise ModelError(
            f"slices are {grid} (px, mm, HU), the cohort's {expected}", subject=model.name
        )
    if any(s.split == "drawn" for s in model.subjects):
        _require_own(model, cohort)
        return
    learned = people_of(s for s in model.subjects if s.split != "test")
    require_unseen(model.name, learned, cohort)


def require_unseen(name: str, patients: Collection[str], cohort: CohortStore) -> None:
    """Refuse a network that was trained or chosen on the cohort's test patients.

    Raises
    ------
    ModelError
    """
    seen = people_of(cohort.split.test) & set(patients)
    if seen:
        raise ModelError(
            f"was trained or chosen on {len(seen)} of the cohort's test patients, "
            f"such as {min(seen)}",
            subject=name,
        )


def _require_own(model: PatchModel, cohort: CohortStore) -> None:
    """Refuse another cohort for a model that does not name its patients."""
    if model.cohort_digest != cohort.digest:
        raise ModelError(
            "does not tell which patients it learned from, so only the cohort that it was "
            f"trained on can judge it (digest {model.cohort_digest[:16]})",
            subject=model.name,
        )


def _background_rows(cohort: CohortStore, split: str) -> IndexArray:
    column = cohort.slices
    chosen = (column["role"] == "background") & (column["split"] == split)
    rows = np.flatnonzero(chosen & (column["plane"] == "axial"))
    if cohort.mask[rows].any():
        raise CohortError("a background slice shows a nodule", cohort.path)
    return rows


def _owners(cohort: CohortStore, rows: IndexArray) -> list[frozenset[str]]:
    """Return whose genes or scan some slices belong to."""
    people = {s.subject_id: s.people for s in cohort.subjects}
    columns = cohort.slices
    ids, patients = columns["subject_id"][rows].tolist(), columns["patient_id"][rows].tolist()
    return [people.get(i, frozenset((p,))) for i, p in zip(ids, patients, strict=True)]


def _draw(pool: IndexArray, subject: Subject, draws: int, rng: np.random.Generator) -> IndexArray:
    if not len(pool):
        raise CohortError(
            f"no {subject.split} patient other than {subject.patient_id} has a nodule-free slice"
        )
    return rng.choice(pool, size=draws, replace=len(pool) < draws)


def _central_row(cohort: CohortStore, subject: Subject) -> int:
    column = cohort.slices
    own = (column["subject_id"] == subject.subject_id) & (column["role"] == "nodule")
    rows = np.flatnonzero(own & (column["plane"] == "axial") & (column["central"] == 1))
    if len(rows) != 1:
        raise CohortError(f"subject {subject.subject_id} has {len(rows)} central slices, not 1")
    return int(rows[0])


def _true_values(subjects: tuple[Subject, ...], name: str) -> npt.NDArray[np.float64]:
    values = np.array([s.attributes.get(name, np.nan) for s in subjects], dtype=float)
    if not np.isfinite(values).all():
        gap = subjects[int(np.flatnonzero(~np.isfinite(values))[0])].subject_id
        raise CohortError(f"attribute {name} of subject {gap} is missing")
    return values


def _partners(count: int, rng: np.random.Generator) -> IndexArray:
    order = rng.permutation(count)
    partners = np.empty(count, dtype=np.int64)
    partners[order] = np.roll(order, 1)
    return partners
