"""Which way round a table stands, by evidence that can be named."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from napari_radiogen.errors import InputError
from napari_radiogen.io.expression_forms import Form, Genes
from napari_radiogen.io.number_rows import GENE_CORNERS, PATIENT_CORNERS, plain_name

#: Ids of lung-cancer collections and of GEO samples.
PATIENT_PATTERN = re.compile(r"(R01|AMC|LUNG[13]|TCGA|LIDC-IDRI|GSM\d|C3[LN])-?\w*", re.IGNORECASE)
#: Probes, Ensembl genes and our own invented genes.
GENE_PATTERN = re.compile(r"ENSG\d{11}(\.\d+)?|\S+_at|P[HL]G\d{5}", re.IGNORECASE)
#: Approved symbols that most human tables hold: house-keeping and lung cancer.
_COMMON_SYMBOLS = (
    "ACTB GAPDH B2M TBP HPRT1 PGK1 RPLP0 RPL13A TUBB UBC YWHAZ SDHA GUSB PPIA EGFR KRAS TP53 "
    "ALK ROS1 BRAF MET ERBB2 RET STK11 KEAP1 NFE2L2 CDKN2A RB1 PTEN PIK3CA MYC SOX2 TP63 "
    "NKX2-1 NAPSA SFTPA1 SFTPA2 SFTPB SFTPC KRT5 KRT7 KRT8 KRT18 VIM CDH1 CDH2 CD4 CD8A CD274 "
    "CD44 CD68 PTPRC COL1A1 COL3A1 FN1 VEGFA HIF1A MKI67 TOP2A CCND1 STAT1 STAT3 JUN FOS "
    "DUSP1 CD3D CD52"
)
COMMON_SYMBOLS = frozenset(_COMMON_SYMBOLS.split())
#: One chance hit is no evidence unless the list is that short.
ENOUGH = 2


@dataclass(frozen=True)
class Layout:
    """Where the genes are and why we think so."""

    genes: Genes
    reason: str


def decide_layout(
    form: Form,
    path: Path,
    *,
    asked: Genes | None = None,
    known_patients: Collection[str] = (),
    known_genes: Collection[str] = (),
) -> Layout:
    """Tell whether genes are in rows or in columns.

    Parameters
    ----------
    asked
        What the person said; it wins over a plain table's evidence.
    known_patients, known_genes
        Ids that are expected, such as those of a clinical table or a model.

    Raises
    ------
    InputError
        When the form says otherwise than the person, and when evidence is
        absent or points both ways.
    """
    if form.genes is not None:
        if asked not in (None, form.genes):
            raise InputError(f"a {form.name} has its genes in {form.genes}", path)
        return Layout(form.genes, f"a {form.name} has them there")
    if asked is not None:
        return Layout(asked, "as stated")
    found = [
        layout
        for layout in (
            _by_known(form, known_genes, "rows", "genes that are expected"),
            _by_known(form, known_patients, "columns", "patients that are expected"),
            _by_corner(form),
            _by_pattern(form, PATIENT_PATTERN.fullmatch, "columns", "look like patient ids"),
            _by_pattern(form, GENE_PATTERN.fullmatch, "rows", "look like ids of genes or probes"),
            _by_known(form, COMMON_SYMBOLS, "rows", "common gene symbols"),
        )
        if layout is not None
    ]
    if len({layout.genes for layout in found}) != 1:
        why = "; ".join(f"{x.reason}: {x.genes}" for x in found) or "nothing tells"
        reason = f"cannot tell whether its genes are in rows or columns ({why})"
        raise InputError(f"{reason}; say --genes rows or --genes columns", path)
    return found[0]


def _by_known(form: Form, known: Collection[str], in_rows: Genes, what: str) -> Layout | None:
    """Decide by which axis holds known ids; ``in_rows`` is the answer for rows."""
    names = frozenset(known)
    return _decide(
        sum(n in names for n in form.table.rows),
        sum(n in names for n in form.table.columns),
        in_rows,
        f"are {what}",
        enough=min(ENOUGH, len(names)),
    )


def _by_pattern(
    form: Form, match: Callable[[str], re.Match[str] | None], in_rows: Genes, what: str
) -> Layout | None:
    def count(names: Iterable[str]) -> int:
        return sum(match(n) is not None for n in names)

    rows, columns = count(form.table.rows), count(form.table.columns)
    enough = min(len(form.table.rows if rows > columns else form.table.columns), ENOUGH)
    return _decide(rows, columns, in_rows, what, enough=enough)


def _decide(rows: int, columns: int, in_rows: Genes, what: str, *, enough: int) -> Layout | None:
    if max(rows, columns) < max(enough, 1) or min(rows, columns) > 0:
        return None
    other: Genes = "columns" if in_rows == "rows" else "rows"
    return Layout(in_rows if rows else other, f"{max(rows, columns)} {_axis(rows)} names {what}")


def _axis(rows: int) -> str:
    return "row" if rows else "column"


def _by_corner(form: Form) -> Layout | None:
    corner = plain_name(form.table.corner)
    if corner in PATIENT_CORNERS:
        return Layout("columns", "its first column is headed as patients")
    if corner in GENE_CORNERS:
        return Layout("rows", "its first column is headed as genes")
    return None
