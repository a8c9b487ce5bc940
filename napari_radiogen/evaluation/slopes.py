"""By how much attributes should rise with each metagene: what sweeps are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.domain import Metagenes
from napari_radiogen.errors import CohortError
from napari_radiogen.evaluation.plan import subject_metagenes
from napari_radiogen.genomics.components import fit_components
from napari_radiogen.io.cohort_store import CohortStore

FloatArray = npt.NDArray[np.float64]

#: Where reference slopes come from, as reports name it.
TRUTH, NODULES = "truth.json", "real nodules"


def reference_slopes(cohort: CohortStore, metagenes: Metagenes) -> tuple[FloatArray, str]:
    """Return the slopes of attributes over metagenes (A, K), and where they are from.

    They are the cohort's own truth where ``truth.json`` states it, else what
    its nodules show, in normal scores. Rows of the truth have length 1: its
    attributes have units of their own.

    Raises
    ------
    CohortError
        When the truth does not name every attribute and gene.
    """
    stated = (cohort.truth or {}).get("slopes")
    if stated is None:
        return _nodule_slopes(cohort, metagenes), NODULES
    return _unit(true_slopes(stated, metagenes, cohort)), TRUTH


def true_slopes(stated: dict[str, Any], metagenes: Metagenes, cohort: CohortStore) -> FloatArray:
    """Carry slopes over genes, as a truth states them, to metagenes (A, K).

    ``stated["genes"]`` holds attribute, gene, and the expected change of the
    attribute for one standard deviation more of the gene, all others equal. A
    metagene rises by one when its members move together, each to its side, by
    its standard deviation.
    """
    try:
        by_gene = np.array(
            [[stated["genes"][a][g] for g in metagenes.gene_symbols] for a in ATTRIBUTES],
            dtype=float,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CohortError(
            "truth.json states slopes, but not a number for every attribute and gene", cohort.path
        ) from error
    weights = metagenes.weights.astype(float)
    together = np.sign(weights) * metagenes.sd / np.abs(weights).sum(axis=0)
    return np.asarray(by_gene @ together)


def _nodule_slopes(cohort: CohortStore, metagenes: Metagenes) -> FloatArray:
    """Return how attributes of all nodules of a cohort hang on metagenes, (A, K)."""
    known = tuple(
        s
        for s in cohort.subjects
        if all(np.isfinite(s.attributes.get(name, np.nan)) for name in ATTRIBUTES)
    )
    values = np.array([[s.attributes[name] for name in ATTRIBUTES] for s in known])
    return fit_components(subject_metagenes(cohort, metagenes, known), values).astype(float)


def _unit(slopes: FloatArray) -> FloatArray:
    length = np.linalg.norm(slopes, axis=1, keepdims=True)
    return np.asarray(slopes / np.where(length > 0, length, 1.0))
