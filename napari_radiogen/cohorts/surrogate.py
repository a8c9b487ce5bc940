"""The surrogate cohort: real genes and real nodules of *different* people, matched by semantics."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_radiogen import __version__
from napari_radiogen.cohorts import semantics as words
from napari_radiogen.cohorts.gene_table import GeneTable, read_genes
from napari_radiogen.cohorts.matching import (
    SCORE_RANGE,
    SIZE_RANGE_OCTAVES,
    Match,
    MatchConfig,
    Scored,
    match,
)
from napari_radiogen.cohorts.nodule_folder import Candidate, cut_nodule, read_index, stack_rows
from napari_radiogen.cohorts.semantics import Semantics, read_semantics
from napari_radiogen.cohorts.splits import deal_nodule_patients
from napari_radiogen.constants import NODULE_PATIENT
from napari_radiogen.domain import Scale, Subject
from napari_radiogen.errors import CohortError, InputError, Stop, check_stop
from napari_radiogen.io.cohort_content import CohortContent, write_cohort
from napari_radiogen.io.dicom_index import content_of

#: Scores of LIDC's readers that are matched.
MATCHED_SCORES = ("texture", "spiculation", "lobulation", "margin")
DIAMETER = "eq_diam_mm"
#: Says whether the index joined a nodule with its readings beyond doubt.
SURE = "attr_ok"
LEAST_PATIENTS = 3
WARNING = "surrogate: genes and nodules are of different people, matched by what radiologists said"


@dataclass(frozen=True)
class SurrogateSources:
    """Tables of the patients, and the folder of nodules.

    Parameters
    ----------
    genes
        Expression table.
    semantics
        What radiologists said of the same patients.
    nodules
        Folder with ``index.csv`` and ``patches/``.
    sizes
        CSV with diameters or volumes of the patients' tumours.
    scale
        Of the expression values, where the table leaves it open.
    """

    genes: Path
    semantics: Path
    nodules: Path
    sizes: Path | None = None
    scale: Scale | None = None


def surrogate_cohort(
    sources: SurrogateSources,
    out: Path,
    config: MatchConfig,
    *,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Stop | None = None,
) -> dict[str, Any]:
    """Pair patients' expression with other people's nodules and write the cohort.

    Parameters
    ----------
    sources
        Where from.
    out
        Cohort folder to make; must not exist.
    config
        Weights, nodules a patient, seed.

    Returns
    -------
    dict
        Counts, distances and digest, as the command line reports them.

    Raises
    ------
    InputError, CohortError, Cancelled
        For tables or a folder that are not what they should be, or a stop.
    """
    if out.exists():
        raise CohortError("already exists; choose another folder or remove it", subject=out)
    said = read_semantics(sources.semantics, sources.sizes)
    genes = read_genes(sources.genes, sources.scale, said)
    patients = [said[p] for p in sorted(said) if p in genes.patients]
    if len(patients) < LEAST_PATIENTS:
        raise CohortError(f"{len(patients)} patients have both genes and semantics", out)
    index, scored = scored_nodules(sources.nodules)
    cut = _cut_all(sources.nodules, index, list(scored), progress, cancelled)
    usable = [scored[i] for i, c in cut.items() if c.is_subject]
    pairs = match(patients, usable, deal_nodule_patients(index, config.seed), config)
    if not pairs:
        raise CohortError(f"{len(usable)} nodules are too few for {len(patients)} patients", out)
    content = _content(sources, config, genes, said, cut, pairs)
    digest = write_cohort(out, content, cancelled=cancelled)
    apart = [m.distance for m in pairs]
    return {
        "cohort": str(out),
        "kind": content.kind,
        "subjects": len(content.subjects),
        "patients": len(patients),
        "nodule_patients": len({m.nodule_patient for m in pairs}),
        "split": {
            name: sum(s.split == name for s in content.subjects)
            for name in ("train", "validation", "test")
        },
        "slices": len(content.slices["role"]),
        "genes": content.provenance["genes"],
        "distance": {"median": float(np.median(apart)), "largest": max(apart)},
        "digest": digest,
    }


def scored_nodules(nodules: Path) -> tuple[list[dict[str, str]], dict[int, Scored]]:
    """Read the index of a folder of nodules.

    Returns
    -------
    list of dict, dict
        Its rows, and by their place the scores of those that are surely their own.

    Raises
    ------
    InputError
        When it cannot be read or a score is no number.
    """
    index = read_index(nodules)
    return index, {i: _scored(i, row, nodules) for i, row in enumerate(index) if _sure(row)}


def _cut_all(
    nodules: Path,
    index: list[dict[str, str]],
    sure: list[int],
    progress: Callable[[float, str], None] | None,
    cancelled: Stop | None,
) -> dict[int, Candidate]:
    cut = {}
    for done, i in enumerate(sure, start=1):
        check_stop(cancelled)
        cut[i] = cut_nodule(nodules, index[i], index)
        if progress is not None:
            progress(done / len(sure), f"nodule {done} of {len(sure)}")
    return cut


def _sure(row: dict[str, str]) -> bool:
    """Whether a nodule has scores that are its own."""
    return row.get(SURE, "True") == "True" and all(row.get(s) for s in MATCHED_SCORES)


def _scored(place: int, row: dict[str, str], nodules: Path) -> Scored:
    try:
        scores = {name: float(row[name]) for name in MATCHED_SCORES}
        size = float(row.get(DIAMETER) or "nan")
    except ValueError as error:
        raise InputError(
            "index.csv holds a score or diameter that is no number", nodules
        ) from error
    if not all(map(math.isfinite, scores.values())):
        raise InputError("index.csv holds a score that is not finite", nodules)
    return Scored(place, row["pid"], scores, size if 0 < size < math.inf else None)


def _content(
    sources: SurrogateSources,
    config: MatchConfig,
    genes: GeneTable,
    said: dict[str, Semantics],
    cut: dict[int, Candidate],
    pairs: list[Match],
) -> CohortContent:
    subjects = tuple(
        Subject(
            f"U-{i + 1:04d}",
            m.patient_id,
            m.split,
            {
                NODULE_PATIENT: m.nodule_patient,
                "match_distance": f"{m.distance:.4f}",
                **cut[m.place].clinical,
                **said[m.patient_id].words,
            },
            cut[m.place].attributes,
        )
        for i, m in enumerate(pairs)
    )
    ids = tuple(s.subject_id for s in subjects)
    columns, arrays = stack_rows(
        [(i, m.patient_id, m.split, cut[m.place]) for i, m in zip(ids, pairs, strict=True)]
    )
    return CohortContent(
        name=f"surrogate-seed{config.seed}",
        kind="surrogate",
        subjects=subjects,
        expression=genes.of(tuple(m.patient_id for m in pairs), ids),
        slices=columns,
        image=arrays["image"],
        mask=arrays["mask"],
        paired=arrays["paired"],
        provenance=_provenance(sources, config, genes, said, cut, pairs),
    )


def _provenance(
    sources: SurrogateSources,
    config: MatchConfig,
    genes: GeneTable,
    said: dict[str, Semantics],
    cut: dict[int, Candidate],
    pairs: list[Match],
) -> dict[str, Any]:
    tables = {"genes": sources.genes, "semantics": sources.semantics, "sizes": sources.sizes}
    apart = [m.distance for m in pairs]
    people = {m.patient_id for m in pairs}
    return {
        "warning": WARNING,
        "nodules": "surrogate: LIDC-IDRI (TCIA, CC BY 3.0) through LUNA16 and NODE21",
        "napari-radiogen": __version__,
        "inputs": {n: content_of([str(p)]) for n, p in tables.items() if p is not None},
        "genes": {
            "kept": len(genes.matrix.gene_symbols),
            "dropped_for_missing_values": genes.dropped,
        },
        "patients": {
            "with_genes_and_semantics": len(people),
            "with_known_size": sum(said[p].diameter_mm is not None for p in people),
            "without_semantics": len(genes.patients - set(said)),
        },
        "nodules_unused": len(cut) - len(pairs),
        "matching": {
            **asdict(config),
            "assignment": "optimal within each split; no nodule twice",
            "distance": "weighted root mean square of differences over the scores both have",
            "score_range": SCORE_RANGE,
            "size_range_octaves": SIZE_RANGE_OCTAVES,
            "texture_of_attenuation": words.TEXTURE,
            "scores_of_margins": words.MARGINS,
            "primary_share": round(words.PRIMARY_SHARE, 4),
            "median_distance": round(float(np.median(apart)), 6),
            "largest_distance": max(apart),
            "pairs": [
                [f"U-{i + 1:04d}", m.patient_id, m.nodule_patient, m.distance]
                for i, m in enumerate(pairs)
            ],
        },
    }
