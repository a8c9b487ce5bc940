"""Which patients train, which validate and which test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from napari_radiogen.domain import Split

#: Shares of patients in training and validation; the rest is for test.
SPLIT_SHARES = (0.62, 0.10)


def deal(names: Sequence[str], rng: np.random.Generator) -> dict[str, Split]:
    """Deal names to the three splits; each gets at least one of three or more."""
    order = [names[i] for i in rng.permutation(len(names))]
    train, validation = (round(share * len(order)) for share in np.cumsum(SPLIT_SHARES))
    train = min(train, len(order) - 2)
    validation = min(max(validation, train + 1), len(order) - 1)
    home: dict[str, Split] = dict.fromkeys(order, "test")
    home |= dict.fromkeys(order[:validation], "validation")
    return home | dict.fromkeys(order[:train], "train")


def deal_nodule_patients(index: Sequence[Mapping[str, str]], seed: int) -> dict[str, Split]:
    """Deal all patients of a nodule folder, those whose nodules are of no use too.

    Planted and surrogate cohorts of one folder and seed so agree on who trains:
    a network that learned from one may judge the other.
    """
    return deal(sorted({row["pid"] for row in index}), np.random.default_rng(seed))
