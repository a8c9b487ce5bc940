"""Which features of H go with which metagenes, and how many would by chance (Li 2018, fig. 6)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_radiogen.analysis.bootstrap import jackknife_interval
from napari_radiogen.analysis.cluster_map import ClusterMap, cluster_map, patient_means
from napari_radiogen.analysis.correlation import spearman
from napari_radiogen.constants import METAGENE_COUNT
from napari_radiogen.errors import CohortError
from napari_radiogen.evaluation.plan import subject_metagenes
from napari_radiogen.evaluation.tables.gene_errors import RATE, read_slices, system_of
from napari_radiogen.evaluation.tables.study import Study
from napari_radiogen.evaluation.tables.table import Interval, Row, Table
from napari_radiogen.inference.gene_mapping import GeneMapper
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.trainers.mcgan_package import fit_cohort_metagenes

FloatArray = npt.NDArray[np.float64]
#: Pairs that are written out, the strongest first.
LISTED = 100
#: Patients below which no rank correlation is tested: four, and the interval leaves one out.
FEWEST = 5


@dataclass(frozen=True, eq=False)
class FeaturesAndGenes:
    """Means of P test patients: features of H (P, F) and metagene z-scores (P, K).

    ``names`` are the metagenes'.
    """

    patients: tuple[str, ...]
    features: FloatArray
    metagenes: FloatArray
    names: tuple[str, ...]


def cluster_map_table(study: Study) -> Table:
    """Count the pairs of feature and metagene that go together, for each H.

    Raises
    ------
    CohortError, ModelError
        When genes or slices are missing.
    """
    rows: list[Row] = []
    files: dict[str, str] = {}
    mappers = study.models.mappers
    for i, mapper in enumerate(mappers):
        study.progress(i / len(mappers), mapper.name)
        data = features_and_genes(study.cohort, mapper)
        found = cluster_map(data.features, data.metagenes)
        rows += _rows(study, mapper, data, found)
        suffix = "" if len(mappers) == 1 else f"-{i + 1}"
        files[f"cluster-map-pairs{suffix}.csv"] = _pairs(found, data.names)
    return Table(
        "cluster-map",
        "Cluster map of image features and metagenes",
        tuple(rows),
        notes=(
            "Spearman across test patients of the features of H's first two blocks with metagenes "
            "fitted on training subjects; a patient's features are the mean over slices and "
            "subjects, as its metagenes are. q by Benjamini and Hochberg over all pairs.",
            "Li 2018 shows the map as a picture and prints no number.",
            "The interval of a count leaves out one patient at a time: resampling with repeats "
            "makes pairs agree by itself.",
        ),
        files=files,
    )


def features_and_genes(cohort: CohortStore, mapper: GeneMapper) -> FeaturesAndGenes:
    """Read H's features of test patients, beside their metagenes.

    Raises
    ------
    CohortError, ModelError
        When genes or slices are missing, or there are fewer than five patients.
    """
    features, ids = patient_means(*read_slices(cohort, mapper.features))
    known = {s.subject_id: s for s in cohort.split.test}
    subjects = tuple(known[name] for name in ids)
    count = min(METAGENE_COUNT, len(cohort.expression.gene_symbols))
    fitted = fit_cohort_metagenes(cohort, count)
    owners = [s.patient_id for s in subjects]
    if len(set(owners)) < FEWEST:
        raise CohortError(f"needs {FEWEST} test patients to correlate", subject=cohort.path)
    scores, patients = patient_means(subject_metagenes(cohort, fitted, subjects), owners)
    return FeaturesAndGenes(patients, patient_means(features, owners)[0], scores, fitted.names)


def _rows(study: Study, mapper: GeneMapper, data: FeaturesAndGenes, found: ClusterMap) -> list[Row]:
    rng, count = study.rng(), len(data.patients)
    dealt = [
        cluster_map(data.features, data.metagenes[rng.permutation(count)])
        for _ in range(study.settings.permutations)
    ]
    pair = np.unravel_index(np.abs(found.rho).argmax(), found.rho.shape)
    a, b = data.features[:, pair[0]], data.metagenes[:, pair[1]]

    def row(measure: str, statistic: Callable[[ClusterMap], float], ci95: Interval | None) -> Row:
        return Row(
            mapper.name,
            system_of(mapper),
            measure,
            float(statistic(found)),
            n=count,
            patients=count,
            on=f"{found.rho.shape[0]} features x {found.rho.shape[1]} metagenes",
            ci95=ci95,
            control=float(np.mean([statistic(one) for one in dealt])),
            control_is=f"mean of {len(dealt)} dealings of genes",
        )

    return [
        row(
            f"pairs with q at most {RATE}",
            lambda m: m.discoveries(RATE),
            _count_interval(data.patients, data, lambda m: m.discoveries(RATE)),
        ),
        row(
            f"metagenes with such a pair, q at most {RATE}",
            _metagenes_found,
            _count_interval(data.patients, data, _metagenes_found),
        ),
        row(
            "Spearman of the strongest pair, absolute",
            lambda m: float(np.abs(m.rho).max()),
            study.interval(data.patients, lambda r: abs(float(spearman(a[r], b[r])))),
        ),
    ]


def _metagenes_found(found: ClusterMap) -> int:
    return int((found.q <= RATE).any(axis=0).sum())


def _count_interval(
    patients: Sequence[str], data: FeaturesAndGenes, statistic: Callable[[ClusterMap], float]
) -> Interval | None:
    if len(set(patients)) < 3:
        return None
    low, high = jackknife_interval(
        patients, lambda r: float(statistic(cluster_map(data.features[r], data.metagenes[r])))
    )
    return max(low, 0.0), high


def _pairs(found: ClusterMap, names: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["feature", "metagene", "spearman", "p", "q"])
    for flat in np.argsort(-np.abs(found.rho), axis=None, kind="stable")[:LISTED]:
        f, k = np.unravel_index(flat, found.rho.shape)
        numbers = (found.rho[f, k], found.p[f, k], found.q[f, k])
        writer.writerow([f"F{f + 1:03d}", names[k], *(f"{v:.4g}" for v in numbers)])
    return text.getvalue()
