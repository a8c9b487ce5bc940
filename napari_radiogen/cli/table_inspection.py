"""``radiogen inspect`` of a table: expression, clinical, or neither and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from napari_radiogen.cli.output import print_json
from napari_radiogen.cli.tables import describe_table
from napari_radiogen.errors import InputError

TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".gct", ".h5ad")


def named_as_table(path: Path) -> bool:
    """Whether a file is named as tables are, packed or not."""
    return path.is_file() and path.name.lower().removesuffix(".gz").endswith(TABLE_SUFFIXES)


def inspect_table(path: Path, as_json: bool) -> None:
    """Print what a table is.

    Raises
    ------
    InputError
        When it is neither expression nor a clinical table, with the reason
        why it is no expression; and when it names a gene twice.
    """
    from napari_radiogen.io.expression_tables import read_expression_table

    try:
        table = read_expression_table(path)
    except InputError as refused:
        _inspect_clinical(path, as_json, refused)
        return
    if as_json:
        print_json({**table.to_json(), "problems": _problems(table.duplicated_genes)})
    else:
        typer.echo("\n".join(describe_table(table)))
    table.matrix()


def _problems(duplicated: tuple[str, ...]) -> list[str]:
    return [f"{len(duplicated)} genes appear more than once"] if duplicated else []


def _inspect_clinical(path: Path, as_json: bool, refused: InputError) -> None:
    from napari_radiogen.io.clinical import read_clinical

    try:
        people = read_clinical(path)
    except InputError:
        raise refused from None
    about: dict[str, Any] = {
        "kind": "clinical",
        "patients": len(people.rows),
        "id_column": people.id_column,
        "columns": list(people.columns),
        "encoding": people.encoding,
        "not_expression": refused.reason,
        "warnings": list(people.warnings),
        "problems": [],
    }
    if as_json:
        print_json(about)
        return
    typer.echo(f"clinical table ({len(people.rows)} patients, by {people.id_column!r})")
    typer.echo(f"  columns    {len(people.columns)}, {people.encoding}")
    for warning in people.warnings:
        typer.echo(f"  warning    {warning}")
