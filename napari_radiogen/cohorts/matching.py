"""Which real nodule stands for which patient's tumour: optimal assignment by semantics.

The distance of a patient and a nodule is the weighted root mean square of the
differences of the scores that both have, each as a share of its range (LIDC's
1 to 5); sizes count by the logarithm of their ratio, where a factor of 4 is the
whole range. Patients of genes and of nodules are dealt to the splits before
anything is matched, so that neither stands in two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from napari_radiogen.cohorts.semantics import Semantics
from napari_radiogen.cohorts.splits import deal
from napari_radiogen.domain import Split

SCORE_RANGE = 4.0
#: Logarithm (base 2) of the ratio of diameters that counts as the whole range.
SIZE_RANGE_OCTAVES = 2.0
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class MatchConfig:
    """What decides a matching: weights of the scores, nodules a patient, seed."""

    seed: int = 0
    nodules_a_patient: int = 3
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "texture": 1.0,
            "spiculation": 1.0,
            "lobulation": 0.5,
            "margin": 0.5,
            "diameter": 1.0,
        }
    )


@dataclass(frozen=True)
class Scored:
    """A nodule that may be matched: its place in the index, its patient, its scores."""

    place: int
    nodule_patient: str
    scores: Mapping[str, float]
    diameter_mm: float | None


@dataclass(frozen=True)
class Match:
    """A patient, the place of a nodule in the index, how far apart, in which split."""

    patient_id: str
    place: int
    nodule_patient: str
    distance: float
    split: Split


def match(
    patients: Sequence[Semantics],
    nodules: Sequence[Scored],
    lenders: Mapping[str, Split],
    config: MatchConfig,
) -> list[Match]:
    """Assign to each patient the same number of nodules, none twice, at least total distance.

    Parameters
    ----------
    patients
        With genes; three or more.
    nodules
        That may be used.
    lenders
        Split of each nodule's patient.
    config
        Weights, how many, seed.

    Returns
    -------
    list
        By patient, then distance; fewer nodules a patient than asked where a
        split has too few.
    """
    home = deal([p.patient_id for p in patients], np.random.default_rng([config.seed, 2]))
    pools = {
        split: (
            [p for p in patients if home[p.patient_id] == split],
            [n for n in nodules if lenders[n.nodule_patient] == split],
        )
        for split in SPLITS
    }
    least = min(len(n) // len(p) for p, n in pools.values() if p)
    count = min(config.nodules_a_patient, least)
    found: list[Match] = []
    for split, (people, offered) in pools.items():
        if people and count:
            found += _assign(people, offered, count, split, config.weights)
    return sorted(found, key=lambda m: (m.patient_id, m.distance, m.place))


def distance(patient: Semantics, nodule: Scored, weights: Mapping[str, float]) -> float:
    """Return how unlike a patient's words and a nodule's scores are, 0 to about 1."""
    total = spread = 0.0
    for name, weight in weights.items():
        if name == "diameter":
            if patient.diameter_mm is None or nodule.diameter_mm is None:
                continue
            octaves = np.log2(patient.diameter_mm / nodule.diameter_mm)
            gap = float(octaves) / SIZE_RANGE_OCTAVES
        elif name in patient.scores and name in nodule.scores:
            gap = (patient.scores[name] - nodule.scores[name]) / SCORE_RANGE
        else:
            continue
        total += weight
        spread += weight * gap**2
    return float(np.sqrt(spread / total)) if total else 1.0


def _assign(
    people: list[Semantics],
    offered: list[Scored],
    count: int,
    split: Split,
    weights: Mapping[str, float],
) -> list[Match]:
    apart: npt.NDArray[np.float64] = np.array(
        [[distance(p, n, weights) for n in offered] for p in people]
    )
    rows, columns = linear_sum_assignment(np.repeat(apart, count, axis=0))
    return [
        Match(
            people[row // count].patient_id,
            offered[column].place,
            offered[column].nodule_patient,
            round(float(apart[row // count, column]), 6),
            split,
        )
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
