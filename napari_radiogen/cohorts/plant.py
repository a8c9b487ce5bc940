"""The planted cohort: real nodules with invented expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import RidgeCV

from napari_radiogen import __version__
from napari_radiogen.cohorts.invented_genes import GeneDesign, invent_expression
from napari_radiogen.cohorts.nodule_folder import Candidate, cut_nodule, read_index, stack_rows
from napari_radiogen.cohorts.splits import deal
from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.domain import ExpressionMatrix, Subject
from napari_radiogen.errors import CohortError, Stop, check_stop
from napari_radiogen.genomics.components import normal_scores
from napari_radiogen.genomics.metagenes import fit_metagenes
from napari_radiogen.io.cohort_store import CohortContent, write_cohort


@dataclass(frozen=True)
class PlantConfig:
    """What decides a planted cohort, beside the nodules themselves."""

    seed: int = 0
    design: GeneDesign = field(default_factory=GeneDesign)


def plant_cohort(
    nodules: Path,
    out: Path,
    config: PlantConfig,
    *,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Stop | None = None,
) -> dict[str, Any]:
    """Pair each real nodule with invented genes and write the cohort.

    Parameters
    ----------
    nodules
        Folder with ``index.csv`` (columns image, mask, pid, and radiologists'
        scores) and ``patches/``.
    out
        Cohort folder to make; must not exist.
    config
        Seed, signal and noise.

    Returns
    -------
    dict
        Counts, ceiling and digest, as the command line reports them.

    Raises
    ------
    InputError, CohortError, Cancelled
        For a folder that is not what it should be, or a stop.
    """
    if out.exists():
        raise CohortError("already exists; choose another folder or remove it", subject=out)
    index = read_index(nodules)
    candidates = []
    for i, row in enumerate(index):
        check_stop(cancelled)
        candidates.append(cut_nodule(nodules, row, index))
        if progress is not None:
            progress((i + 1) / len(index), f"nodule {i + 1} of {len(index)}")
    check_stop(cancelled)
    content = _content(candidates, config)
    digest = write_cohort(out, content, cancelled=cancelled)
    truth = cast(dict[str, Any], content.truth)
    split = {
        s: sum(x.split == s for x in content.subjects) for s in ("train", "validation", "test")
    }
    return {
        "cohort": str(out),
        "kind": "planted",
        "subjects": len(content.subjects),
        "patients": len({s.patient_id for s in content.subjects}),
        "split": split,
        "slices": len(content.slices["role"]),
        "ceiling": truth["ceiling"],
        "digest": digest,
    }


def _content(candidates: list[Candidate], config: PlantConfig) -> CohortContent:
    rng = np.random.default_rng(config.seed)
    split_of = deal(sorted({c.patient_id for c in candidates}), rng)
    chosen = [c for c in candidates if c.is_subject]
    subjects = tuple(
        Subject(f"P-{i + 1:04d}", c.patient_id, split_of[c.patient_id], c.clinical, c.attributes)
        for i, c in enumerate(chosen)
    )
    ids = tuple(s.subject_id for s in subjects)
    factors = {a: normal_scores([s.attributes[a] for s in subjects]) for a in ATTRIBUTES}
    expression, truth = invent_expression(factors, ids, config.design, rng)
    truth |= {
        "seed": config.seed,
        "design": asdict(config.design),
        "factors": {
            name: {i: round(float(v), 6) for i, v in zip(ids, values, strict=True)}
            for name, values in factors.items()
        },
        "ceiling": ridge_ceiling(expression, factors, subjects),
        "note": "planted: the nodules are real, the expression is invented",
    }
    named = {id(c): s.subject_id for c, s in zip(chosen, subjects, strict=True)}
    columns, arrays = stack_rows(
        [(named.get(id(c), ""), c.patient_id, split_of[c.patient_id], c) for c in candidates]
    )
    return CohortContent(
        name=f"planted-seed{config.seed}",
        kind="planted",
        subjects=subjects,
        expression=expression,
        slices=columns,
        image=arrays["image"],
        mask=arrays["mask"],
        paired=arrays["paired"],
        truth=truth,
        provenance={
            "nodules": "LIDC-IDRI (TCIA, CC BY 3.0) through LUNA16 and NODE21",
            "napari-radiogen": __version__,
        },
    )


def ridge_ceiling(
    expression: ExpressionMatrix,
    factors: dict[str, npt.NDArray[np.float64]],
    subjects: tuple[Subject, ...],
) -> dict[str, float]:
    """Return the test R2 of each factor by ridge regression from 100 metagenes.

    No model that reads metagenes can be expected to do better. Fewer than two
    test subjects have none.
    """
    train = np.array([s.split == "train" for s in subjects])
    test = np.array([s.split == "test" for s in subjects])
    if test.sum() < 2:
        return {}
    metagenes = fit_metagenes(expression.values[train], expression.gene_symbols)
    scores = metagenes.transform(expression.values)
    ceiling = {}
    for name, values in factors.items():
        model = RidgeCV(alphas=np.logspace(-1, 4, 21)).fit(scores[train], values[train])
        ceiling[name] = round(float(model.score(scores[test], values[test])), 4)
    return ceiling
