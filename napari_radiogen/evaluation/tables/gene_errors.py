"""Genes that the autoencoder H reads from images, beside a predictor that sees none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

from napari_radiogen.analysis.cluster_map import patient_means
from napari_radiogen.analysis.gene_errors import gene_errors, gene_pearson, pearson_p
from napari_radiogen.domain import Subject
from napari_radiogen.errors import CohortError
from napari_radiogen.evaluation.plan import subject_expression
from napari_radiogen.evaluation.tables.published import GENE_ERRORS, GENE_ERRORS_TIMES_GENES
from napari_radiogen.evaluation.tables.study import Study
from napari_radiogen.evaluation.tables.table import Row, Table
from napari_radiogen.inference.gene_mapping import GeneMapper
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.trainers.region_data import large_slices

FloatArray = npt.NDArray[np.float64]
#: Pairs or genes below this rate of false discoveries are counted.
RATE = 0.05
_MEAN, _DEALT = "mean of the training subjects", "subjects dealt anew"
#: Error to its words and its unit.
_ERRORS = {
    "mae": ("MAE", "genes in [0, 1]"),
    "mse": ("MSE", "genes in [0, 1]"),
    "rmse": ("RMSE", "genes in [0, 1]"),
    "share_mae": ("MAE", "genes that sum to 1"),
    "share_rmse": ("RMSE", "genes that sum to 1"),
    "jensen_shannon": ("Jensen-Shannon divergence", "genes that sum to 1"),
    "hellinger": ("Hellinger distance", "genes that sum to 1"),
    "bhattacharyya": ("Bhattacharyya distance", "genes that sum to 1"),
}


@dataclass(frozen=True, eq=False)
class Predicted:
    """Genes (N, G) in [0, 1] of test subjects as told by H, as they are, and by the mean."""

    subjects: tuple[Subject, ...]
    told: FloatArray
    asked: FloatArray
    mean: FloatArray

    @property
    def patients(self) -> tuple[str, ...]:
        """(N,) patient of each subject."""
        return tuple(s.patient_id for s in self.subjects)


def gene_error_table(study: Study) -> Table:
    """Compare predicted with true genes of test subjects for each H.

    Raises
    ------
    CohortError, ModelError
        When genes or slices are missing.
    """
    rows: list[Row] = []
    mappers = study.models.mappers
    for i, mapper in enumerate(mappers):
        study.progress(i / len(mappers), mapper.name)
        found = predict(study.cohort, mapper)
        rows += _error_rows(study, mapper, found)
        rows += _correlation_rows(study, mapper, found)
    return Table(
        "gene-errors",
        "Genes from images",
        tuple(rows),
        notes=(
            "Genes of a subject are the mean over its slices; each error is of one subject, then "
            "averaged.",
            "Li 2018 states no scale. Its values fit genes that sum to 1 and natural logarithms, "
            "and what it calls MSE fits RMSE (it is not below the MAE). MAE and RMSE of such genes "
            "fall with their number, hence the rows times genes.",
            "The control of errors is a predictor that sees no image: a row tells something of the "
            "image only where it is clearly better.",
        ),
    )


def predict(cohort: CohortStore, mapper: GeneMapper) -> Predicted:
    """Predict the genes of each test subject that has slices.

    Raises
    ------
    CohortError, ModelError
        When there is no slice, or the cohort lacks genes or their scale.
    """
    per_slice, ids = read_slices(cohort, mapper.to_genes)
    told, names = patient_means(per_slice, ids)
    known = {s.subject_id: s for s in cohort.split.test}
    subjects = tuple(known[name] for name in names)

    def unit(of: tuple[Subject, ...]) -> FloatArray:
        values = subject_expression(cohort, mapper.scale.gene_symbols, mapper.scale.scale, of)
        return np.asarray(mapper.scale.transform(values), dtype=np.float64)

    mean = unit(cohort.split.train).mean(axis=0, keepdims=True)
    return Predicted(subjects, told, unit(subjects), np.repeat(mean, len(subjects), axis=0))


def read_slices(cohort: CohortStore, read: Any) -> tuple[npt.NDArray[Any], list[str]]:
    """Apply a function of images and masks to the large axial test slices.

    Returns
    -------
    array, list
        (M, F), and the subject of each slice.

    Raises
    ------
    CohortError
        When there is no such slice.
    """
    rows = large_slices(cohort, "test")
    if not rows.size:
        raise CohortError("no test nodule has axial slices", subject=cohort.path)
    found = read(cohort.image[rows].astype(np.float32), cohort.mask[rows])
    return np.asarray(found), [str(s) for s in cohort.slices["subject_id"][rows]]


def _error_rows(study: Study, mapper: GeneMapper, found: Predicted) -> list[Row]:
    own, blind = gene_errors(found.told, found.asked), gene_errors(found.mean, found.asked)
    genes, rows = found.asked.shape[1], []
    for name, (measure, on) in _ERRORS.items():
        scales = [(1, "", GENE_ERRORS)]
        if name.startswith("share_"):
            scales.append((genes, " times genes", GENE_ERRORS_TIMES_GENES))
        for factor, words, printed in scales:
            values = factor * own[name]
            rows.append(
                Row(
                    mapper.name,
                    system_of(mapper),
                    measure + words,
                    float(values.mean()),
                    n=len(values),
                    patients=len(set(found.patients)),
                    on=on,
                    ci95=study.mean_interval(values, found.patients),
                    control=float(factor * blind[name].mean()),
                    control_is=_MEAN,
                    published=printed.get(name, ()),
                )
            )
    return rows


def _correlation_rows(study: Study, mapper: GeneMapper, found: Predicted) -> list[Row]:
    rng, count = study.rng(), len(found.subjects)
    dealt = [
        gene_pearson(found.told[rng.permutation(count)], found.asked)
        for _ in range(study.settings.permutations)
    ]
    own = gene_pearson(found.told, found.asked)
    interval = study.interval(
        found.patients, lambda r: float(gene_pearson(found.told[r], found.asked[r]).mean())
    )
    about: dict[str, Any] = {
        "model": mapper.name,
        "system": system_of(mapper),
        "n": count,
        "patients": len(set(found.patients)),
        "on": "each gene across subjects",
        "control_is": _DEALT,
    }
    return [
        Row(
            **about,
            measure="Pearson, mean of genes",
            value=float(own.mean()),
            ci95=interval,
            control=float(np.mean([r.mean() for r in dealt])),
        ),
        Row(
            **about,
            measure=f"genes of {len(own)} with r above 0 and q at most {RATE}",
            value=float(_discoveries(own, count)),
            control=float(np.mean([_discoveries(r, count) for r in dealt])),
        ),
    ]


def _discoveries(r: FloatArray, subjects: int) -> int:
    q = false_discovery_control(pearson_p(r, subjects), method="bh")
    return int(((q <= RATE) & (r > 0)).sum())


def system_of(mapper: GeneMapper) -> str:
    """Return the system of an H, with a word on what it learned."""
    return "autoencoder, permuted genes" if mapper.learned_permuted_genes else "autoencoder"
