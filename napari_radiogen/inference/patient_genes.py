"""A user's expression table meets a model: the report, and the metagenes it is fed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import ExpressionMatrix, GeneAliases, GeneReport, Metagenes
from napari_radiogen.errors import InputError
from napari_radiogen.genomics.gene_report import report_genes
from napari_radiogen.genomics.preparation import COUNTS_WARNING, to_scale
from napari_radiogen.io.expression_tables import ExpressionTable, some

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GeneFeed:
    """What a model would read of a table, or why it reads nothing.

    Parameters
    ----------
    path
        Of the table.
    report
        Present, missing, duplicated, renamed and extra genes.
    problems
        Why the model cannot be fed; empty when it can.
    warnings
        What a person should know of the values.
    transform
        What was done to the values; None when nothing could be.
    missing_values
        Wanted gene to the number of patients without a value.
    patient_ids
        Of the table.
    metagenes
        (K,) names.
    scores
        (N, K) z-scores, NaN for a patient who lacks a wanted value; None
        while there are problems.
    genes
        (N, G) z-scores of single genes, as ``scores``.
    """

    path: Path
    report: GeneReport
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    transform: str | None
    missing_values: dict[str, int]
    patient_ids: tuple[str, ...]
    metagenes: tuple[str, ...]
    lacking: dict[str, tuple[str, ...]]
    scores: FloatArray | None
    genes: FloatArray | None = None

    def vector(self, patient_id: str) -> FloatArray:
        """Return the metagenes (K,) of a patient.

        Raises
        ------
        InputError
            When the table does not fit the model, does not know the patient,
            or lacks a value that the model needs.
        """
        if self.scores is None:
            raise InputError(self.problems[0], self.path)
        if patient_id not in self.patient_ids:
            raise InputError(
                f"has no patient {patient_id[:40]!r}; it has {some(self.patient_ids)}", self.path
            )
        if patient_id in self.lacking:
            raise InputError(self.why_not(patient_id), self.path)
        return np.asarray(self.scores[self.patient_ids.index(patient_id)])

    def why_not(self, patient_id: str) -> str:
        """Tell which values a patient lacks."""
        genes = self.lacking[patient_id]
        return (
            f"patient {patient_id[:40]!r} has no value for {len(genes)} of the "
            f"{len(self.report.wanted)} genes of the model ({some(genes)})"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values, without the vectors."""
        return {
            "genes": self.report.to_json(),
            "transform": self.transform,
            "missing_values": self.missing_values,
            "problems": list(self.problems),
            "warnings": list(self.warnings),
        }


def meet_model(
    table: ExpressionTable, metagenes: Metagenes, aliases: GeneAliases | None = None
) -> GeneFeed:
    """Bring a table to a model's genes, order and scale, without filling anything in.

    Parameters
    ----------
    table
        As `read_expression_table` returns it.
    metagenes
        Of the model.
    aliases
        Names that may be renamed.
    """
    report = report_genes(table.gene_symbols, metagenes.gene_symbols, aliases)
    problems = _gene_problems(report)
    warnings = [COUNTS_WARNING] if table.scale.scale == "counts" else []
    transform: str | None = None
    scores: FloatArray | None = None
    genes: FloatArray | None = None
    lacking: dict[str, tuple[str, ...]] = {}
    missing: dict[str, int] = {}
    if not problems:
        columns = [column for column in report.columns if column is not None]
        values = table.values[:, columns]
        missing, lacking = _lacking(values, table.patient_ids, report.wanted)
        asked = ExpressionMatrix(values, table.patient_ids, report.wanted, table.scale.scale)
        try:
            ready, transform = to_scale(asked, metagenes.scale)
            scores = metagenes.transform(ready.values)
            genes = metagenes.gene_scores(ready.values)
        except InputError as error:
            problems.append(error.reason)
    return GeneFeed(
        path=table.path,
        report=report,
        problems=tuple(problems),
        warnings=tuple(warnings),
        transform=transform,
        missing_values=missing,
        patient_ids=table.patient_ids,
        metagenes=metagenes.names,
        lacking=lacking,
        scores=scores,
        genes=genes,
    )


def _gene_problems(report: GeneReport) -> list[str]:
    wanted = len(report.wanted)
    problems = []
    if report.missing:
        problems.append(
            f"lacks {len(report.missing)} of the {wanted} genes of the model "
            f"({some(report.missing)}); a missing gene is never filled in"
        )
    if report.duplicated:
        problems.append(
            f"names {len(report.duplicated)} of the {wanted} genes of the model more than once "
            f"({some(report.duplicated)})"
        )
    return problems


def _lacking(
    values: FloatArray, patients: tuple[str, ...], genes: tuple[str, ...]
) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    """Return missing values per gene, and the genes that each patient lacks."""
    absent = np.isnan(values)
    counts = absent.sum(axis=0)
    per_gene = {genes[i]: int(counts[i]) for i in np.flatnonzero(counts)}
    per_patient = {
        patients[row]: tuple(genes[i] for i in np.flatnonzero(absent[row]))
        for row in np.flatnonzero(absent.any(axis=1))
    }
    return per_gene, per_patient
