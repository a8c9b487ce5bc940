"""``radiogen cohort``: make cohort folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Seed = Annotated[int, typer.Option(help="Same seed, same content; 0 is the shipped model's.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    from napari_radiogen.cli.joining import join

    group = typer.Typer(no_args_is_help=True, help="Make cohort folders.")
    group.callback()(_group)
    group.command("plant")(plant)
    group.command("join")(join)
    app.add_typer(group, name="cohort")


def _group() -> None:
    """Make cohort folders."""


def plant(
    nodules: Annotated[Path, typer.Option(help="Folder with index.csv and patches/.")],
    out: Annotated[Path, typer.Option(help="Cohort folder to make.")],
    seed: Seed = 0,
    signal: Annotated[float, typer.Option(help="Scale of gene loadings, log2.")] = 0.9,
    noise: Annotated[float, typer.Option(help="Noise per gene, log2.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Pair real nodules with INVENTED expression of known relation: a planted cohort."""
    from napari_radiogen.cli.output import print_json, progress
    from napari_radiogen.cohorts.invented_genes import GeneDesign
    from napari_radiogen.cohorts.plant import PlantConfig, plant_cohort

    config = PlantConfig(seed=seed, design=GeneDesign(signal=signal, noise=noise))
    with progress("Planting") as tell:
        report = plant_cohort(nodules, out, config, progress=tell)
    if as_json:
        print_json(report)
        return
    split = ", ".join(f"{count} {name}" for name, count in report["split"].items())
    typer.echo(f"planted cohort (expression is invented) written to {report['cohort']}")
    typer.echo(f"{report['subjects']} subjects of {report['patients']} patients: {split}")
    ceiling = ", ".join(f"{name} {r2:.2f}" for name, r2 in report["ceiling"].items())
    typer.echo(f"ceiling, R2 of a ridge regression from 100 metagenes: {ceiling}")
