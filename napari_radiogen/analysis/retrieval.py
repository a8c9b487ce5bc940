"""Is a synthetic nodule nearest to its own patient, and is it anybody's copy?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist


@dataclass(frozen=True)
class Retrieval:
    """How often the own patient is found among all.

    Parameters
    ----------
    top1, top5
        Share of queries whose own patient is the first, or one of the first five.
    mrr
        Mean reciprocal rank.
    chance_top1
        What guessing gives.
    """

    top1: float
    top5: float
    mrr: float
    chance_top1: float


def retrieve(queries: npt.NDArray[Any], gallery: npt.NDArray[Any]) -> Retrieval:
    """Rank a gallery for each query by cosine; row i of both is one patient.

    Ties count against the query; a query that is not finite ranks last.

    Parameters
    ----------
    queries, gallery
        (N, F) features, centred so that the cosine means something.
    """
    similarity = 1 - cdist(queries, gallery, "cosine")
    own = np.diagonal(similarity)[:, None]
    rank = (similarity >= own).sum(axis=1)
    rank = np.where(np.isfinite(own[:, 0]), rank, len(gallery))
    return Retrieval(
        top1=float((rank == 1).mean()),
        top5=float((rank <= 5).mean()),
        mrr=float((1 / rank).mean()),
        chance_top1=1 / len(gallery),
    )


def nearest_ratio(made: npt.NDArray[Any], train: npt.NDArray[Any], test: npt.NDArray[Any]) -> float:
    """Return how near synthetic images lie to training images, as a share of test images.

    Median distance to the nearest training image, of synthetic over that of
    real test images; well below 1 means that training images are repeated.

    Parameters
    ----------
    made, train, test
        (N, F), (M, F) and (T, F) pixels or features.
    """
    nearest_made = cdist(made, train).min(axis=1)
    nearest_test = cdist(test, train).min(axis=1)
    return float(np.median(nearest_made) / np.median(nearest_test))
