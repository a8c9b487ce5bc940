"""``radiogen phantom``: a cohort of procedural patients whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_radiogen.cli.output import print_json, progress


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("phantom")(phantom)


def phantom(
    out: Annotated[Path, typer.Option("--out", help="New folder for the cohort.")],
    patients: Annotated[int, typer.Option(min=1, help="How many patients.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="What makes them.")] = 0,
    genes: Annotated[int, typer.Option(min=1, help="Genes without missing values.")] = 5172,
    whole_chest: Annotated[bool, typer.Option(help="Not only a slab around the nodule.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write phantom patients: DICOM CT and SEG, expression, clinical table, truth."""
    from napari_radiogen.cohorts.phantom import COHORT_SLAB_MM, write_phantom_cohort

    with progress("phantom") as report:
        cohort = write_phantom_cohort(
            out,
            patients,
            seed,
            genes=genes,
            slab_mm=None if whole_chest else COHORT_SLAB_MM,
            progress=report,
        )
    if as_json:
        print_json(cohort.to_json())
    else:
        typer.echo(f"{len(cohort.patients)} phantom patients, {cohort.genes} genes: {cohort.path}")
