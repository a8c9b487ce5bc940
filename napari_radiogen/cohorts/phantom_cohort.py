"""A phantom cohort to train on: hundreds of patients, rendered only where they are looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.cohorts.assemble import Kept, assemble
from napari_radiogen.cohorts.build import LEAST_PATIENTS, Progress, Report, gather, report_of
from napari_radiogen.cohorts.gene_table import GeneTable
from napari_radiogen.cohorts.parallel import Crew, crew
from napari_radiogen.cohorts.patient import Outcome
from napari_radiogen.cohorts.phantom_patient import LATENT_STEP, Person, render_patient
from napari_radiogen.cohorts.phantom_people import People, draw_people, known_truth
from napari_radiogen.cohorts.plant import ridge_ceiling
from napari_radiogen.cohorts.rejections import Rejections
from napari_radiogen.cohorts.splits import SPLIT_SHARES
from napari_radiogen.cohorts.voi import CutConfig
from napari_radiogen.constants import ATTRIBUTES, FIELD_OF_VIEW_MM, METAGENE_COUNT
from napari_radiogen.errors import CohortError, InputError, Stop
from napari_radiogen.genomics.preparation import drop_incomplete
from napari_radiogen.io.clinical import ClinicalTable
from napari_radiogen.io.cohort_content import CohortContent, write_cohort
from napari_radiogen.io.cohort_work import make_work_folder, work_folder
from napari_radiogen.phantom.biology import FIRST_NULL_LATENT, LATENT_NAMES

#: Share of the progress bar for patients; the rest is writing.
PATIENT_SHARE = 0.95
#: Every so many patients the slopes of all latents are measured.
SLOPES_EVERY = 4


@dataclass(frozen=True)
class PhantomConfig:
    """What decides a phantom cohort: patients, complete genes, backgrounds a patient."""

    patients: int = 300
    seed: int = 0
    genes: int = 5172
    backgrounds: int = 6


def phantom_cohort(
    out: Path,
    config: PhantomConfig,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    cancelled: Stop | None = None,
    told: Callable[[str, str], None] | None = None,
) -> Report:
    """Render a cohort folder of phantom patients whose gene-to-image truth is known.

    The people are those of ``radiogen phantom`` with the same numbers. Whoever
    was finished before a stop lies in a hidden folder beside ``out`` until the
    cohort is complete.

    Parameters
    ----------
    out
        Cohort folder to make; must not exist.
    config
        How many, and of which seed.
    workers, scheduler
        See `crew`.
    progress
        Called with a fraction and a line of text.
    cancelled
        Asked while work goes on.
    told
        Called with each patient left out and why.

    Raises
    ------
    RadiogenError
        When numbers make no cohort, or the place is taken.
    Cancelled
        When the person asked to stop; finished patients are kept.
    """
    if out.exists():
        raise CohortError("already exists; choose another folder or remove it", subject=out)
    if config.patients < LEAST_PATIENTS or config.genes < METAGENE_COUNT:
        raise InputError(
            f"expected at least {LEAST_PATIENTS} patients and {METAGENE_COUNT} genes, "
            f"got {config.patients} and {config.genes}"
        )
    tell = progress or (lambda fraction, message: None)
    cut = CutConfig(FIELD_OF_VIEW_MM, backgrounds=config.backgrounds, seed=config.seed)
    people = draw_people(config.patients, config.seed, config.genes)
    work, rejected = work_folder(out), Rejections(told)
    with crew(workers, scheduler, cancelled) as hands:
        make_work_folder(work)
        outcomes = _render_all(_persons(people), cut, work, hands, tell)
    kept = gather(outcomes, work, rejected)
    if len(kept) < LEAST_PATIENTS:
        raise CohortError(f"{len(kept)} of {config.patients} patients can be used", out)
    tell(PATIENT_SHARE, "writing")
    content = _content(people, kept, work, cut, rejected)
    digest = write_cohort(out, content, cancelled=cancelled)
    tell(1.0, "done")
    return report_of(out, content, digest, rejected)


def _persons(people: People) -> list[Person]:
    return [
        Person(name, seed, tuple(map(float, latents)), slopes=i % SLOPES_EVERY == 0)
        for i, (name, seed, latents) in enumerate(
            zip(people.ids, people.seeds, people.latents, strict=True)
        )
    ]


def _render_all(
    persons: list[Person], cut: CutConfig, work: Path, hands: Crew, tell: Progress
) -> list[Outcome]:
    stop = hands.cancelled if hands.here else None
    task = partial(render_patient, config=cut, work=work.absolute(), stop=stop)
    outcomes = []
    for _, outcome in hands.results(task, persons):
        outcomes.append(outcome)
        share = PATIENT_SHARE * len(outcomes) / len(persons)
        tell(share, f"patient {len(outcomes)} of {len(persons)}")
    return sorted(outcomes, key=lambda o: o.patient_id)


def _content(
    people: People, kept: list[Kept], work: Path, cut: CutConfig, rejected: Rejections
) -> CohortContent:
    complete, dropped = drop_incomplete(people.transcriptome.expression)
    rows = dict(zip(people.ids, people.clinical, strict=True))
    clinical = ClinicalTable(work, tuple(people.clinical[0]), rows)
    name = f"phantom-seed{cut.seed}"
    genes = GeneTable(complete, len(dropped))
    content = assemble(name, kept, work, genes, clinical, cut, rejected, {}, shares=SPLIT_SHARES)
    return replace(content, truth=_truth(people, kept, content, cut.seed))


def _truth(people: People, kept: list[Kept], content: CohortContent, seed: int) -> dict[str, Any]:
    row = {name: i for i, name in enumerate(people.ids)}
    ids = [s.subject_id for s in content.subjects]
    latents = people.latents[[row[s.patient_id] for s in content.subjects]]
    factors = dict(zip(LATENT_NAMES, latents.T, strict=True))
    driving = {name: factors[name] for name in LATENT_NAMES[:FIRST_NULL_LATENT]}
    return known_truth(seed, people.transcriptome) | {
        "note": "phantom: patients, scans and genes are invented",
        "factors": {
            name: {i: round(float(v), 6) for i, v in zip(ids, values, strict=True)}
            for name, values in factors.items()
        },
        "scenes": {i: k.facts["scene"] for i, k in zip(ids, kept, strict=True)},
        "slopes": _slopes(people, kept, content.expression.gene_symbols),
        "ceiling": ridge_ceiling(content.expression, driving, content.subjects),
    }


def _slopes(people: People, kept: list[Kept], genes: tuple[str, ...]) -> dict[str, Any]:
    """Return the true slopes of each attribute, over latents and over genes.

    Over latents: the mean finite difference of the renderer. Over genes: the
    same times what each gene, all others equal, says of the latents.
    """
    measured = [k.facts["slopes"] for k in kept if k.facts["slopes"]]
    if not measured:
        raise CohortError("none of the patients whose slopes were measured is left")
    table = np.zeros((len(measured), len(ATTRIBUTES), len(LATENT_NAMES)))
    for i, slopes in enumerate(measured):
        for k, attribute in enumerate(ATTRIBUTES):
            values = [slopes[attribute].get(latent, 0.0) for latent in LATENT_NAMES]
            table[i, k] = values
    mean = np.nanmean(table, axis=0)
    error = np.nanstd(table, axis=0) / np.sqrt(np.isfinite(table).sum(axis=0))
    by_gene = mean @ people.transcriptome.latents_by_gene
    return {
        "note": "change of an attribute for one standard deviation more, all else equal",
        "patients": len(measured),
        "latent_step": LATENT_STEP,
        "latents": _named(mean, LATENT_NAMES),
        "latents_standard_error": _named(error, LATENT_NAMES),
        "genes": _named(by_gene, genes),
    }


def _named(values: npt.NDArray[np.float64], names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    return {
        attribute: {n: float(f"{v:.6g}") for n, v in zip(names, row, strict=True)}
        for attribute, row in zip(ATTRIBUTES, values, strict=True)
    }
