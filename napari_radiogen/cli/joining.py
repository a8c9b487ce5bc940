"""``radiogen cohort join``: which patients of a clinical and an expression table match."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_radiogen.cli.output import print_json
from napari_radiogen.cli.tables import (
    GenesOption,
    JsonOption,
    Samples,
    SamplesOption,
    ScaleOption,
    describe_table,
    read_table,
)

if TYPE_CHECKING:
    from napari_radiogen.cohorts.join import JoinReport
    from napari_radiogen.io.clinical import ClinicalTable


def join(
    clinical: Annotated[Path, typer.Argument(help="CSV or TSV, one row a patient.")],
    expression: Annotated[Path, typer.Argument(help="Expression table of any known form.")],
    id_column: Annotated[
        str | None, typer.Option(help="Column of the clinical table that names the patients.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of the clinical table, where it is not UTF-8.")
    ] = None,
    scale: ScaleOption = None,
    genes_in: GenesOption = None,
    samples: SamplesOption = Samples.ACCESSION,
    as_json: JsonOption = False,
) -> None:
    """Tell which patients match by exact id, and which only nearly do."""
    from napari_radiogen.cli.convert import warn
    from napari_radiogen.cohorts.join import join_ids
    from napari_radiogen.io.clinical import read_clinical

    people = read_clinical(clinical, id_column=id_column, encoding=encoding)
    table = read_table(
        expression,
        scale=scale,
        genes_in=genes_in,
        samples=samples,
        known_patients=people.patient_ids,
    )
    report = join_ids(people.patient_ids, table.patient_ids)
    if as_json:
        about = _clinical(people)
        print_json({**report.to_json(), "clinical": about, "expression": table.to_json()})
    else:
        typer.echo("\n".join([*describe_table(table), *_lines(people, report)]))
    if not report.matched:
        warn(clinical, [f"none of its patients is in {expression.name}"])


def _clinical(people: ClinicalTable) -> dict[str, Any]:
    return {
        "patients": len(people.rows),
        "id_column": people.id_column,
        "encoding": people.encoding,
        "warnings": list(people.warnings),
    }


def _lines(people: ClinicalTable, report: JoinReport) -> list[str]:
    misses = report.near_misses
    return [
        f"clinical table ({len(people.rows)} patients, by {people.id_column!r})",
        *(f"  warning          {text}" for text in people.warnings),
        f"  matched          {len(report.matched)}",
        f"  only clinical    {len(report.only_clinical)}",
        f"  only expression  {len(report.only_expression)}",
        *(f"  near, not joined {m.clinical!r} ~ {m.expression!r} ({m.why})" for m in misses[:20]),
    ]
