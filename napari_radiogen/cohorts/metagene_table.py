"""The metagenes of a cohort's training patients as a table (METHODS 1.6)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np

from napari_radiogen.constants import METAGENE_COUNT
from napari_radiogen.domain import ExpressionMatrix, Metagenes, Subject
from napari_radiogen.errors import InputError
from napari_radiogen.genomics.metagenes import fit_metagenes
from napari_radiogen.io.csv_cells import csv_cell

METAGENE_FILE = "metagenes.csv"
COLUMNS = ("gene", "metagene", "weight", "training_mean", "training_sd")
#: Fewer genes a metagene, or training patients, cluster nothing.
LEAST_MEMBERS, LEAST_TRAINING = 5, 3


def training_metagenes(
    expression: ExpressionMatrix, subjects: Sequence[Subject]
) -> Metagenes | None:
    """Fit metagenes on training patients only.

    Parameters
    ----------
    expression
        One row a subject, in their order.
    subjects
        Say which split each row belongs to.

    Returns
    -------
    Metagenes or None
        A hundred, or fewer where there are few genes; None where genes or
        training patients are too few or too alike.
    """
    train = np.array([s.split == "train" for s in subjects])
    count = min(METAGENE_COUNT, len(expression.gene_symbols) // LEAST_MEMBERS)
    if count < 2 or train.sum() < LEAST_TRAINING:
        return None
    try:
        return fit_metagenes(expression.values[train], expression.gene_symbols, k=count)
    except InputError:
        return None


def format_metagenes(fitted: Metagenes) -> str:
    """Return the text of ``metagenes.csv``: each gene, its metagene, and its part in it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for gene, weights, mean, sd in zip(
        fitted.gene_symbols, fitted.weights, fitted.gene_mean, fitted.gene_sd, strict=True
    ):
        home = int(np.abs(weights).argmax())
        numbers = (weights[home], mean, sd)
        writer.writerow([csv_cell(gene), fitted.names[home], *(f"{n:.6g}" for n in numbers)])
    return text.getvalue()
