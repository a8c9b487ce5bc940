"""Subjects selected on the map: who lies inside an outline, what sets them apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from skimage.measure import points_in_poly

from napari_radiogen.session.ports import Generator

#: A mean of fewer subjects has no spread to compare.
FEWEST = 2
#: Differences that the map lists.
LISTED = 5


@dataclass(frozen=True)
class Difference:
    """How a metagene of the selected differs from that of the rest.

    Parameters
    ----------
    metagene
        Its name.
    selected, rest
        Mean scores.
    effect
        Standardised mean difference: ``(selected - rest)`` over the pooled
        standard deviation (Cohen 1988).
    """

    metagene: str
    selected: float
    rest: float
    effect: float


def inside(
    subject_ids: Sequence[str],
    places: npt.NDArray[np.floating],
    outline: npt.NDArray[np.floating],
) -> tuple[str, ...]:
    """Return the subjects whose places (N, 2) lie inside an outline (M, 2), in their order.

    The outline is closed by itself; one of fewer than three corners holds nobody.
    """
    if len(outline) < 3:
        return ()
    within = points_in_poly(np.asarray(places, float), np.asarray(outline, float))
    return tuple(s for s, is_in in zip(subject_ids, within, strict=True) if is_in)


def differences(
    generator: Generator, selected: Iterable[str], count: int = LISTED
) -> tuple[Difference, ...]:
    """Return the metagenes that set selected subjects most apart from the rest.

    The largest absolute effect comes first. A description of those selected,
    not a test: with a hundred metagenes some differ by chance. Empty when
    either side has fewer than `FEWEST` subjects.
    """
    chosen = frozenset(selected)
    here = np.array([s in chosen for s in generator.subject_ids])
    scores = np.asarray(generator.subject_metagenes, dtype=np.float64)
    ours, rest = scores[here], scores[~here]
    if min(len(ours), len(rest)) < FEWEST:
        return ()
    freedom = np.array([len(ours) - 1, len(rest) - 1])
    variances = np.stack([ours.var(axis=0, ddof=1), rest.var(axis=0, ddof=1)])
    pooled = np.sqrt(freedom @ variances / freedom.sum())
    gap = ours.mean(axis=0) - rest.mean(axis=0)
    effect = np.divide(gap, pooled, out=np.zeros_like(gap), where=pooled > 0)
    order = np.argsort(-np.abs(effect), kind="stable")[:count]
    names = generator.metagenes.names
    return tuple(
        Difference(names[k], float(ours[:, k].mean()), float(rest[:, k].mean()), float(effect[k]))
        for k in order
    )
