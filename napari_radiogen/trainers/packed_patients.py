"""Whose genes go into a model file: the cohort's subjects, or nobody's."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from napari_radiogen.genomics.drawn_patients import (
    Apartness,
    apartness,
    draw_patients,
    fit_metagene_distribution,
)
from napari_radiogen.io.cohort_store import CohortStore

FloatArray = npt.NDArray[np.float32]
#: ``cohort`` packs subjects with their genes; ``drawn`` packs drawn patients only.
Patients = Literal["cohort", "drawn"]
#: Drawn patients in a model file: enough for a picker, a map and percentiles.
DRAWN_COUNT = 60
#: Of the draws.
SEED = 0
_FIT_FIELDS = ("mean", "components", "variance")


@dataclass(frozen=True, eq=False)
class PackedPatients:
    """The patients of a model file.

    Parameters
    ----------
    subjects
        As the file describes them, one dictionary each.
    metagenes
        (N, K) z-scores.
    tensors
        The fit that they were drawn from, if they were.
    about
        How they were drawn, and the proof that they are nobody's.
    """

    subjects: list[dict[str, Any]]
    metagenes: FloatArray
    tensors: dict[str, torch.Tensor]
    about: dict[str, Any] | None = None


def pack_patients(store: CohortStore, scores: FloatArray, who: Patients) -> PackedPatients:
    """Return the cohort's subjects, or patients drawn from a fit of the training patients'.

    Parameters
    ----------
    store
        The cohort.
    scores
        (subjects, K) metagene z-scores.
    who
        Whose genes are packed.

    Raises
    ------
    ValueError
        When patients cannot be drawn apart from real ones.
    """
    if who == "drawn":
        return _drawn(store, scores)
    subjects = [
        {
            "subject_id": s.subject_id,
            "patient_id": s.patient_id,
            "split": s.split,
            "clinical": s.clinical,
            "attributes": s.attributes,
        }
        for s in store.subjects
    ]
    return PackedPatients(subjects, scores, {})


def _drawn(store: CohortStore, scores: FloatArray) -> PackedPatients:
    first = {s.patient_id: i for i, s in reversed(list(enumerate(store.subjects)))}
    real = scores[sorted(first.values())]
    train = sorted(i for i in first.values() if store.subjects[i].split == "train")
    fit = fit_metagene_distribution(scores[train])
    drawn = draw_patients(fit, real, DRAWN_COUNT, SEED)
    proof = apartness(drawn, real)
    prefix = store.kind[:3].upper()
    names = [f"{prefix}-D{i + 1:02d}" for i in range(DRAWN_COUNT)]
    subjects = [
        {"subject_id": n, "patient_id": n, "split": "drawn", "clinical": {}, "attributes": {}}
        for n in names
    ]
    tensors = {f"drawn.{n}": torch.from_numpy(getattr(fit, n)) for n in _FIT_FIELDS}
    about = {
        "fitted_on": len(train),
        "components": len(fit.components),
        "seed": SEED,
        "apartness": asdict(proof),
    }
    return PackedPatients(subjects, drawn, tensors, about)


def drawn_lines(about: dict[str, Any]) -> list[str]:
    """Say in a card what stands in for real patients, and the proof.

    Parameters
    ----------
    about
        Of `PackedPatients`.
    """
    found = Apartness(**about["apartness"])
    return [
        "",
        "## Patients",
        f"- **Nobody's rows**: the {found.drawn} patients of this file are drawn (seed "
        f"{about['seed']}) from a normal distribution of metagenes: {about['components']} "
        "components of a Ledoit-Wolf covariance, shrunken by the mean of those left out, and a "
        f"diagonal, fitted on {about['fitted_on']} training patients.",
        f"- The nearest drawn patient lies {found.drawn_to_real:.2f} from a real one (Euclidean "
        f"distance of metagene z-scores, all {found.real} patients of the cohort). Real patients "
        f"lie {found.real_to_real:.2f} from one another at the least, and 95 % of them more than "
        f"{found.real_to_real_low:.2f} from their nearest neighbour.",
        "- The file holds, of expression: symbols, mean and standard deviation of the genes over "
        "training patients, which genes make which metagene and with what sign, the fit, and the "
        "drawn rows. It holds no row, id, learned code or place on a map of a real patient.",
    ]
