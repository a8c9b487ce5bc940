"""Microarray probes to genes, by a platform annotation that the user gives."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

from napari_radiogen.errors import InputError
from napari_radiogen.io.csv_cells import plain_cell
from napari_radiogen.io.expression_tables import ExpressionTable
from napari_radiogen.io.text_tables import delimiter_of, open_lines

#: Which of several probes of a gene stays: that with the largest of these over patients.
ProbeRule = Literal["mean", "variance"]

ID_COLUMNS = ("id", "probe", "probeid", "probeset", "probesetid", "idref")
SYMBOL_COLUMNS = ("genesymbol", "symbol", "hgncsymbol", "genesymbols", "gene")
#: Cells that say "no gene" in the annotations of GEO platforms.
NO_GENE = frozenset({"", "---", "--- "})
#: A probe that names several genes measures none of them.
SEVERAL = re.compile(r"\s*(///|;|\|)\s*")


@dataclass(frozen=True)
class ProbeMap:
    """Probe to gene symbol; probes without a gene or with several are left out."""

    genes: Mapping[str, str]
    without: int
    several: int


def read_probe_map(path: Path) -> ProbeMap:
    """Read a GEO platform's table, or any table with a probe and a symbol column.

    Raises
    ------
    InputError
        When the columns cannot be told or a probe has two genes in two rows.
    """
    path = Path(path)
    with open_lines(path) as lines:
        first = next((t for t in lines if t.strip() and t[0] not in "#!^"), "")
        delimiter = delimiter_of(first, path)
        rows = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        header = next(rows)
        probe, symbol = _columns(header, path)
        genes: dict[str, str] = {}
        without = several = 0
        for row in rows:
            if not row or row[0].startswith("!"):
                continue
            if len(row) != len(header):
                raise InputError(f"a row has {len(row)} cells, the header {len(header)}", path)
            name, gene = plain_cell(row[probe]), plain_cell(row[symbol]).strip()
            without += gene in NO_GENE
            several += bool(SEVERAL.search(gene))
            if gene in NO_GENE or SEVERAL.search(gene):
                continue
            if genes.setdefault(name, gene) != gene:
                raise InputError(f"probe {name[:40]!r} stands for two genes", path)
    if not genes:
        raise InputError("names no gene for any probe", path)
    return ProbeMap(genes, without, several)


def collapse_probes(
    table: ExpressionTable, probes: ProbeMap, rule: ProbeRule = "mean"
) -> ExpressionTable:
    """Turn probes into genes, one probe a gene.

    Parameters
    ----------
    table
        With probes where genes will be.
    rule
        Of several probes, that with the largest mean or variance over the
        table's patients stays; the first of equals.

    Raises
    ------
    InputError
        When no probe of the table is in the annotation.
    """
    values = table.values.astype(np.float64)
    measured = np.isfinite(values)
    count = np.maximum(measured.sum(axis=0), 1)
    mean = np.where(measured, values, 0).sum(axis=0) / count
    spread = np.where(measured, (values - mean) ** 2, 0).sum(axis=0) / count
    rank = mean if rule == "mean" else spread
    kept: dict[str, int] = {}
    named = 0
    for i, probe in enumerate(table.gene_symbols):
        gene = probes.genes.get(probe)
        if gene is None:
            continue
        named += 1
        if gene not in kept or rank[i] > rank[kept[gene]]:
            kept[gene] = i
    if not kept:
        raise InputError("none of its probes is in the probe table", table.path)
    columns = np.array(list(kept.values()))
    left = len(table.gene_symbols) - named
    note = (
        f"{named} probes stand for {len(kept)} genes: of several, the one with the largest "
        f"{rule} over patients was kept; {left} probes have no gene of their own"
    )
    return replace(
        table,
        values=np.ascontiguousarray(table.values[:, columns]),
        gene_symbols=tuple(kept),
        notes=(*table.notes, note),
    )


def _columns(header: list[str], path: Path) -> tuple[int, int]:
    plain = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in header]
    probe = [plain.index(n) for n in ID_COLUMNS if n in plain]
    symbol = [plain.index(n) for n in SYMBOL_COLUMNS if n in plain]
    if probe and symbol:
        return probe[0], symbol[0]
    raise InputError("expected a column ID or probe, and one called Gene Symbol or symbol", path)
