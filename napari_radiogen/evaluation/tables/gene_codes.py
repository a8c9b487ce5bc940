"""Raw genes, baseline code and proposed code: do they fall into groups? (Xu 2019, fig. 4)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import adjusted_rand_score

from napari_radiogen.analysis.projection import tsne
from napari_radiogen.analysis.separability import (
    CodeGroups,
    LabelArray,
    group_codes,
    shuffled_columns,
    silhouettes,
    thirds,
)
from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.domain import Subject
from napari_radiogen.errors import CohortError
from napari_radiogen.evaluation.plan import subject_metagenes
from napari_radiogen.evaluation.tables.study import Study, finite_mean
from napari_radiogen.evaluation.tables.table import Row, Table
from napari_radiogen.inference.painting import Painter
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.io.csv_cells import csv_cell

#: Genes or codes of the newest system colour all maps, as Xu 2019's proposed code did.
_COLOURS_FIRST = ("mcgan", "mcgan-paper", "mcgan-baseline")


@dataclass(frozen=True, eq=False)
class CodeSpace:
    """Codes (N, D) of the test subjects in one space."""

    name: str
    system: str
    codes: npt.NDArray[Any]


def gene_code_table(study: Study) -> Table:
    """Judge how raw genes and the codes of each painter fall into groups.

    Raises
    ------
    CohortError, ModelError
        When there are too few test subjects for groups, or genes are missing.
    """
    cohort, settings = study.cohort, study.settings
    if len(cohort.split.test) <= settings.clusters:
        raise CohortError(f"{settings.clusters} groups need more test subjects", cohort.path)
    spaces = code_spaces(cohort, study.models.painters)
    rows: list[Row] = []
    groups: list[CodeGroups] = []
    for i, space in enumerate(spaces):
        study.progress(i / len(spaces), space.name)
        groups.append(group_codes(space.codes, settings.clusters, seed=settings.seed))
        rows += _rows(study, space, groups[-1])
    return Table(
        "gene-codes",
        "Raw genes and learned codes",
        tuple(rows),
        notes=(
            f"Groups: k-means with {settings.clusters} centres. Everything is judged in code "
            "space; the t-SNE map is only a picture of it. Any codes fall into some groups: read "
            "silhouettes beside their control.",
            "Thirds of an attribute, cut on training subjects, are labels that had no part in "
            "making the groups: an adjusted Rand index of 0 is chance.",
            "Xu 2019 shows maps and prints no number.",
        ),
        files={"gene-codes-map.csv": _map(study, spaces, groups)},
    )


def code_spaces(cohort: CohortStore, painters: tuple[Painter, ...]) -> tuple[CodeSpace, ...]:
    """Return raw genes, on the cohort's scale, and each painter's codes.

    Raises
    ------
    CohortError, ModelError
        When the cohort lacks genes or their scale.
    """
    subjects = cohort.split.test
    raw = cohort.expression.rows(tuple(s.subject_id for s in subjects))
    spaces = [CodeSpace("raw genes", "raw", raw)]
    for painter in painters:
        codes = painter.encode(subject_metagenes(cohort, painter.metagenes, subjects))
        spaces.append(CodeSpace(painter.name, painter.system, codes))
    return tuple(spaces)


def _rows(study: Study, space: CodeSpace, groups: CodeGroups) -> list[Row]:
    subjects, settings, rng = study.cohort.split.test, study.settings, study.rng()
    patients = [s.patient_id for s in subjects]
    about: dict[str, Any] = {
        "model": space.name,
        "system": space.system,
        "n": len(subjects),
        "patients": len(set(patients)),
    }
    without = [
        group_codes(shuffled_columns(space.codes, rng), settings.clusters, seed=settings.seed)
        for _ in range(settings.permutations)
    ]
    rows = [
        Row(
            **about,
            measure="silhouette",
            on="groups",
            value=finite_mean(groups.silhouette),
            ci95=study.mean_interval(groups.silhouette, patients),
            control=finite_mean(np.array([finite_mean(w.silhouette) for w in without])),
            control_is="each dimension dealt anew",
        )
    ]
    for name in ATTRIBUTES:
        labels = _attribute_thirds(study.cohort, name)
        if labels is not None:
            rows += _label_rows(study, space, groups, labels, {**about, "on": f"thirds of {name}"})
    return rows


def _label_rows(
    study: Study, space: CodeSpace, groups: CodeGroups, labels: LabelArray, about: dict[str, Any]
) -> list[Row]:
    rng = study.rng()
    patients = [s.patient_id for s in study.cohort.split.test]
    dealt = [rng.permutation(labels) for _ in range(study.settings.permutations)]
    own = silhouettes(space.codes, labels)

    def agreement(rows: npt.NDArray[Any]) -> float:
        return float(adjusted_rand_score(labels[rows], groups.labels[rows]))

    return [
        Row(
            **about,
            measure="adjusted Rand index of groups",
            value=agreement(np.arange(len(labels))),
            ci95=study.interval(patients, agreement),
            control=float(np.mean([adjusted_rand_score(d, groups.labels) for d in dealt])),
            control_is="labels dealt anew",
        ),
        Row(
            **about,
            measure="silhouette",
            value=finite_mean(own),
            ci95=study.mean_interval(own, patients),
            control=float(np.mean([finite_mean(silhouettes(space.codes, d)) for d in dealt])),
            control_is="labels dealt anew",
        ),
    ]


def _attribute_thirds(cohort: CohortStore, name: str) -> LabelArray | None:
    """Return each test subject's third; None where an attribute is not known of everyone."""

    def values(subjects: tuple[Subject, ...]) -> npt.NDArray[np.float64]:
        return np.array([s.attributes.get(name, np.nan) for s in subjects], dtype=float)

    train, test = values(cohort.split.train), values(cohort.split.test)
    complete = np.isfinite(train).all() and np.isfinite(test).all()
    return thirds(train, test) if complete else None


def _map(study: Study, spaces: tuple[CodeSpace, ...], groups: list[CodeGroups]) -> str:
    """Return every space's t-SNE map of the test subjects, same seed and perplexity."""
    ranks = [
        _COLOURS_FIRST.index(s.system) if s.system in _COLOURS_FIRST else len(_COLOURS_FIRST)
        for s in spaces
    ]
    colours = groups[int(np.argmin(ranks))].labels
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["space", "subject_id", "x", "y", "group"])
    for space in spaces:
        points = tsne(space.codes, seed=study.settings.seed)
        for subject, (x, y), group in zip(study.cohort.split.test, points, colours, strict=True):
            names = (csv_cell(space.name), csv_cell(subject.subject_id))
            writer.writerow([*names, f"{x:.4f}", f"{y:.4f}", int(group) + 1])
    return text.getvalue()
