"""The one entry for expression tables, whatever their form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import ExpressionMatrix, Scale
from napari_radiogen.domain.gene_names import date_names
from napari_radiogen.errors import InputError
from napari_radiogen.io.expression_forms import Form, Genes, SampleNames, read_form
from napari_radiogen.io.expression_h5ad import is_hdf5
from napari_radiogen.io.expression_scale import ScaleFinding, find_scale
from napari_radiogen.io.h5ad_process import read_h5ad
from napari_radiogen.io.sources import check_openable
from napari_radiogen.io.table_layout import Layout, decide_layout
from napari_radiogen.io.text_tables import check_names

FloatArray = npt.NDArray[np.float32]

#: From this share of zeros on, a table that never says NA may write missing values as 0.
ZEROS_SUSPICIOUS = 0.02
#: Names that a report shows of a longer list.
SHOWN = 5


@dataclass(frozen=True)
class ReadingOptions:
    """What a person may say of a table that the table does not say itself.

    Parameters
    ----------
    scale, scale_reason
        Of the values; inferred when None.
    genes
        Whether genes are in ``rows`` or ``columns`` of a plain table.
    encoding
        Of the text; UTF-8 when None.
    zeros_missing
        Take 0 as "not measured".
    sample_names
        Of a GEO series matrix: by ``accession`` or ``title``.
    known_patients, known_genes
        Ids that are expected; evidence of which way round a table stands.
    """

    scale: Scale | None = None
    scale_reason: str = "as stated"
    genes: Genes | None = None
    encoding: str | None = None
    zeros_missing: bool = False
    sample_names: SampleNames = "accession"
    known_patients: Collection[str] = ()
    known_genes: Collection[str] = ()


@dataclass(frozen=True, eq=False)
class ExpressionTable:
    """A table as read: values (patients, genes) float32, and how we know what they are.

    Genes may appear twice here, so that a report can name them; `matrix`
    refuses them.
    """

    path: Path
    form: str
    values: FloatArray
    patient_ids: tuple[str, ...]
    gene_symbols: tuple[str, ...]
    layout: Layout
    scale: ScaleFinding
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def duplicated_genes(self) -> tuple[str, ...]:
        """Genes named more than once."""
        return tuple(g for g, n in Counter(self.gene_symbols).items() if n > 1)

    def matrix(self) -> ExpressionMatrix:
        """Return the values as a matrix of unique patients and genes.

        Raises
        ------
        InputError
            When a gene is named twice.
        """
        twice = self.duplicated_genes
        if twice:
            more = f" (and {len(twice) - 1} more)" if len(twice) > 1 else ""
            reason = f"gene {twice[0][:40]!r} appears more than once{more}; keep one row of each"
            raise InputError(reason, self.path)
        return ExpressionMatrix(self.values, self.patient_ids, self.gene_symbols, self.scale.scale)

    def missing_per_gene(self) -> dict[str, int]:
        """Return how many patients lack a value, for each gene that lacks any."""
        counts = np.isnan(self.values).sum(axis=0)
        return {self.gene_symbols[i]: int(counts[i]) for i in np.flatnonzero(counts)}

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints of a table."""
        missing = np.isnan(self.values)
        lacking = missing.any(axis=0)
        return {
            "kind": "expression",
            "form": self.form,
            "patients": len(self.patient_ids),
            "genes": len(self.gene_symbols),
            "genes_in": {"axis": self.layout.genes, "reason": self.layout.reason},
            "scale": {
                "name": self.scale.scale,
                "stated": self.scale.stated,
                "reason": self.scale.reason,
            },
            "missing": {
                "values": int(missing.sum()),
                "genes_with_missing": int(lacking.sum()),
                "genes_complete": int((~lacking).sum()),
            },
            "duplicated_genes": list(self.duplicated_genes),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }


def read_expression_table(
    path: Path, options: ReadingOptions | None = None, *, scale: Scale | None = None
) -> ExpressionTable:
    """Read a GEO series matrix, GCT, CSV, TSV or h5ad, text ones gzipped or not.

    Parameters
    ----------
    path
        The form is told by content.
    options
        What the person says of the table.
    scale
        Short for ``options`` with that scale.

    Raises
    ------
    InputError
        One line, ``FILE: reason``: what is wrong, or what the person must say.
    """
    path = Path(path)
    chosen = options or ReadingOptions()
    if scale is not None:
        chosen = replace(chosen, scale=scale)
    if path.is_dir():
        raise InputError("is a folder; give the table itself", path)
    check_openable(path)
    if is_hdf5(path):
        form, stored = read_h5ad(path)
        if chosen.scale is None and stored is not None:
            chosen = replace(chosen, scale=stored, scale_reason="as the file states")
    else:
        form = read_form(path, encoding=chosen.encoding, sample_names=chosen.sample_names)
    layout = decide_layout(
        form,
        path,
        asked=chosen.genes,
        known_patients=chosen.known_patients,
        known_genes=chosen.known_genes,
    )
    return _assemble(form, layout, chosen, path)


def some(names: Collection[str]) -> str:
    """Return the first few names, cut, for a line that a person reads."""
    shown = ", ".join(name[:40] for name in list(names)[:SHOWN])
    return f"{shown}, ..." if len(names) > SHOWN else shown


def _assemble(form: Form, layout: Layout, options: ReadingOptions, path: Path) -> ExpressionTable:
    table = form.table
    in_rows = layout.genes == "rows"
    genes, patients = (table.rows, table.columns) if in_rows else (table.columns, table.rows)
    values = np.ascontiguousarray(table.values.T if in_rows else table.values)
    check_names(patients, "patient", path)
    check_names(genes, "gene", path)
    twice = [p for p, n in Counter(patients).items() if n > 1]
    if twice:
        raise InputError(f"patient {twice[0][:40]!r} appears more than once", path)
    notes = list(form.notes)
    zeros = int((values == 0).sum())
    if options.zeros_missing:
        values = np.where(values == 0, np.float32(np.nan), values)
        notes.append(f"{zeros} zeros were taken as missing, as stated")
    found = find_scale(values, path, options.scale, options.scale_reason)
    warnings = _warnings(patients, genes)
    if not options.zeros_missing and _suspicious(values, zeros, found.scale):
        warnings.append(
            f"{zeros} values are 0 and none is NA: if 0 stands for a missing value here, "
            "say --zeros-missing"
        )
    return ExpressionTable(
        path, form.name, values, patients, genes, layout, found, tuple(notes), tuple(warnings)
    )


def _suspicious(values: FloatArray, zeros: int, scale: Scale) -> bool:
    many = zeros > ZEROS_SUSPICIOUS * values.size
    return many and scale in ("fpkm", "log2") and not np.isnan(values).any()


def _warnings(patients: tuple[str, ...], genes: tuple[str, ...]) -> list[str]:
    warnings = []
    dates = date_names(genes)
    if dates:
        warnings.append(
            f"{len(dates)} gene(s) named like dates ({some(dates)}): a spreadsheet replaced "
            "their symbols, which cannot be told back"
        )
    padded = [name for name in (*patients, *genes) if name != name.strip()]
    if padded:
        warnings.append(f"{len(padded)} names begin or end with a blank; ids are taken as they are")
    return warnings
