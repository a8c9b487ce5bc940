"""Expression tables with a known form: our CSV, h5ad, and the text table of GSE103584.

Ids are text: a gene called NA, MARCH1 or 1e5 stays what it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import ExpressionMatrix
from napari_radiogen.domain.expression import Scale
from napari_radiogen.errors import InputError
from napari_radiogen.io.csv_cells import csv_cell
from napari_radiogen.io.expression_h5ad import write_h5ad
from napari_radiogen.io.expression_tables import ReadingOptions, read_expression_table
from napari_radiogen.io.save import save_text

ID_HEADER = "subject_id"
WRITTEN_SUFFIXES = (".csv", ".h5ad")


def read_expression(path: Path, scale: Scale = "log2") -> ExpressionMatrix:
    """Read a table with patients in rows and genes in columns.

    Parameters
    ----------
    path
        CSV, or tab-separated when it ends with .tsv or .txt; the first row
        names the genes, the first column the patients.
    scale
        Of the values in the file; they are not changed.

    Returns
    -------
    ExpressionMatrix
        float32; NaN where the table says NA or nothing.

    Raises
    ------
    InputError
        When the file is not UTF-8 text, ragged, holds text among its
        numbers, or names a patient or gene twice.
    """
    return read_expression_table(path, ReadingOptions(scale=scale, genes="columns")).matrix()


def read_geo_table(path: Path) -> ExpressionMatrix:
    """Read genes in rows and patients in columns, FPKM, as log2(x + 1).

    The form of ``GSE103584_R01_NSCLC_RNAseq.txt``: tabs, NA where a gene was
    not detected.

    Raises
    ------
    InputError
        As for `read_expression`, or when a value is negative.
    """
    fpkm = read_expression_table(path, ReadingOptions(scale="fpkm", genes="rows")).matrix()
    return replace(fpkm, values=np.log2(fpkm.values + 1), scale="log2")


def write_expression(matrix: ExpressionMatrix, path: Path) -> None:
    """Write a table that `read_expression` reads back exactly."""
    rows = zip(matrix.patient_ids, matrix.values, strict=True)
    text = _table(ID_HEADER, matrix.gene_symbols, rows, delimiter=",", digits=9)
    save_text(Path(path), text)


def write_matrix(matrix: ExpressionMatrix, path: Path, *, note_scale: bool = True) -> None:
    """Write a matrix as the name says: ``.csv`` or ``.h5ad``.

    A CSV does not note the scale; an h5ad does when ``note_scale``, which is
    for a scale that somebody stated: an inferred one is inferred again.

    Raises
    ------
    InputError
        When the name ends otherwise.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITTEN_SUFFIXES:
        raise InputError(f"expected a name that ends with {' or '.join(WRITTEN_SUFFIXES)}", path)
    if suffix == ".h5ad":
        write_h5ad(matrix, Path(path), note_scale=note_scale)
    else:
        write_expression(matrix, Path(path))


def write_geo_table(matrix: ExpressionMatrix, path: Path) -> None:
    """Write log2 values as FPKM, genes in rows, NA where missing.

    Raises
    ------
    InputError
        When the matrix is not on the log2 scale.
    """
    if matrix.scale != "log2":
        raise InputError(f"expected log2 values, got {matrix.scale}", path)
    fpkm = np.exp2(matrix.values.astype(np.float64)).T - 1
    rows = zip(matrix.gene_symbols, fpkm, strict=True)
    save_text(Path(path), _table("", matrix.patient_ids, rows, delimiter="\t", digits=7))


def _table(
    corner: str,
    columns: Sequence[str],
    rows: Iterable[tuple[str, npt.NDArray[np.floating]]],
    *,
    delimiter: str,
    digits: int,
) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow([corner, *map(csv_cell, columns)])
    for name, values in rows:
        cells = ("NA" if v != v else f"{v:.{digits}g}" for v in values.tolist())
        writer.writerow([csv_cell(name), *cells])
    return stream.getvalue()
