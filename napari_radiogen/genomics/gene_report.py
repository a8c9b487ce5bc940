"""How the genes of a table meet those that a model was trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from napari_radiogen.domain import GeneAliases, GeneReport
from napari_radiogen.domain.gene_names import date_names


def report_genes(
    symbols: Sequence[str], wanted: tuple[str, ...], aliases: GeneAliases | None = None
) -> GeneReport:
    """Find the column of each wanted gene, by exact name or by a named alias.

    A gene that the table does not have under its own name is sought under
    every name that the alias table gives to the same gene; when several
    columns claim it, none is taken.

    Parameters
    ----------
    symbols
        Of the table's columns, in order; a name may come twice.
    wanted
        Genes of the model.
    aliases
        None renames nothing.
    """
    known = aliases or GeneAliases()
    by_name: dict[str, list[int]] = defaultdict(list)
    by_gene: dict[str, list[int]] = defaultdict(list)
    for column, name in enumerate(symbols):
        by_name[name].append(column)
        if name not in known.ambiguous:
            by_gene[known.current(name)].append(column)
    asked = frozenset(wanted)
    claims = [_claims(gene, by_name, by_gene, known, symbols, asked) for gene in wanted]
    found = [columns[0] if len(columns) == 1 else None for columns in claims]
    taken = {column for columns in claims for column in columns}
    pairs = list(zip(wanted, claims, strict=True))
    return GeneReport(
        wanted=wanted,
        columns=tuple(found),
        missing=tuple(gene for gene, columns in pairs if not columns),
        duplicated=tuple(gene for gene, columns in pairs if len(columns) > 1),
        renamed={
            gene: symbols[columns[0]]
            for gene, columns in pairs
            if len(columns) == 1 and symbols[columns[0]] != gene
        },
        extra=tuple(name for i, name in enumerate(symbols) if i not in taken),
        dates=date_names(symbols),
    )


def _claims(
    gene: str,
    by_name: dict[str, list[int]],
    by_gene: dict[str, list[int]],
    aliases: GeneAliases,
    symbols: Sequence[str],
    asked: frozenset[str],
) -> list[int]:
    if gene in by_name:
        return by_name[gene]
    if gene in aliases.ambiguous:
        return []
    # A column that stands for another wanted gene under its own name is not free.
    return [c for c in by_gene.get(aliases.current(gene), []) if symbols[c] not in asked]
