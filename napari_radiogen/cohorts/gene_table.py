"""The expression of a cohort's patients: genes with a missing value go (METHODS 1.6)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from napari_radiogen.domain import ExpressionMatrix, Scale
from napari_radiogen.errors import InputError
from napari_radiogen.genomics.preparation import drop_incomplete, to_log2
from napari_radiogen.io.expression_tables import ReadingOptions, read_expression_table


@dataclass(frozen=True, eq=False)
class GeneTable:
    """Complete genes of every patient of a table.

    Parameters
    ----------
    matrix
        log2 values; z-scores where the table holds these.
    dropped
        Genes left out for a missing value in any patient.
    """

    matrix: ExpressionMatrix
    dropped: int

    @property
    def patients(self) -> frozenset[str]:
        """Patients with a row."""
        return frozenset(self.matrix.patient_ids)

    def of(self, patients: tuple[str, ...], subjects: tuple[str, ...]) -> ExpressionMatrix:
        """Return one row a subject, whose patient stands at the same place."""
        values = self.matrix.rows(patients)
        return ExpressionMatrix(values, subjects, self.matrix.gene_symbols, self.matrix.scale)


def read_genes(path: Path, scale: Scale | None, known: Collection[str]) -> GeneTable:
    """Read an expression table of any form for a cohort.

    Parameters
    ----------
    path
        Table.
    scale
        Of its values; inferred when None.
    known
        Patients that are expected: they tell which way round the table stands.

    Raises
    ------
    InputError
        When it is no such table, or holds no complete gene.
    """
    options = ReadingOptions(scale=scale, known_patients=known)
    table = read_expression_table(path, options)
    try:
        complete, dropped = drop_incomplete(table.matrix())
    except InputError as error:
        raise InputError(error.reason, path) from error
    if complete.scale == "zscore":
        return GeneTable(complete, len(dropped))
    return GeneTable(to_log2(complete)[0], len(dropped))
