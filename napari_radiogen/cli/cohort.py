"""``radiogen cohort``: make cohort folders."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_radiogen.cli.tables import ScaleOption

if TYPE_CHECKING:
    from napari_radiogen.cohorts.build import Report

Seed = Annotated[int, typer.Option(help="Same seed, same content; 0 is the shipped model's.")]
Out = Annotated[Path, typer.Option(help="Cohort folder to make.")]
AsJson = Annotated[bool, typer.Option("--json", help="Report as JSON.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes here; every core by default.")]
Scheduler = Annotated[
    str | None, typer.Option(help="Address of a Dask scheduler, as tcp://host:8786.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    from napari_radiogen.cli.cohort_fetch import fetch
    from napari_radiogen.cli.joining import join

    group = typer.Typer(no_args_is_help=True, help="Make cohort folders, and check them.")
    group.callback()(_group)
    group.command("plant")(plant)
    group.command("build")(build)
    group.command("phantom")(phantom)
    group.command("surrogate")(surrogate)
    group.command("check")(check)
    group.command("fetch")(fetch)
    group.command("join")(join)
    app.add_typer(group, name="cohort")


def _group() -> None:
    """Make cohort folders, and check them."""


def plant(
    nodules: Annotated[Path, typer.Option(help="Folder with index.csv and patches/.")],
    out: Out,
    seed: Seed = 0,
    signal: Annotated[float, typer.Option(help="Scale of gene loadings, log2.")] = 0.9,
    noise: Annotated[float, typer.Option(help="Noise per gene, log2.")] = 1.0,
    as_json: AsJson = False,
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
    typer.echo(f"planted cohort (expression is invented) written to {report['cohort']}")
    typer.echo(_counts(report["subjects"], report["patients"], report["split"]))
    ceiling = ", ".join(f"{name} {r2:.2f}" for name, r2 in report["ceiling"].items())
    typer.echo(f"ceiling, R2 of a ridge regression from 100 metagenes: {ceiling}")


def build(
    expression: Annotated[Path, typer.Option(help="Table of genes, patients as in the scans.")],
    out: Out,
    ct: Annotated[Path | None, typer.Option(help="Folder of DICOM CT, searched below.")] = None,
    masks: Annotated[
        Path | None, typer.Option(help="Folder of DICOM SEG or RTSTRUCT; --ct by default.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Instead: CSV of patient_id, ct, mask, clinical columns.")
    ] = None,
    clinical: Annotated[Path | None, typer.Option(help="CSV of one row a patient.")] = None,
    scale: ScaleOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Of split and backgrounds.")] = 0,
    field_of_view: Annotated[float, typer.Option(min=20, max=200, help="Of a patch, mm.")] = 60.0,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Build a cohort from whole scans, their masks and expression; stopped, it continues."""
    from napari_radiogen.cli.output import progress
    from napari_radiogen.cohorts.build import Sources, build_cohort
    from napari_radiogen.cohorts.voi import CutConfig

    sources = Sources(
        expression=expression,
        ct=ct,
        masks=masks,
        manifest=manifest,
        clinical=clinical,
        scale=scale.value if scale else None,
    )
    with progress("Building") as tell:
        report = build_cohort(
            sources,
            out,
            CutConfig(field_of_view_mm=field_of_view, seed=seed),
            workers=workers,
            scheduler=scheduler,
            progress=tell,
            told=_left_out,
        )
    _show(report, as_json)


def phantom(
    out: Out,
    patients: Annotated[int, typer.Option(min=3, help="How many to render.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="What makes them.")] = 0,
    genes: Annotated[int, typer.Option(min=100, help="Genes without missing values.")] = 5172,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Render PHANTOM patients whose gene-to-image truth is known; stopped, it continues."""
    from napari_radiogen.cli.output import progress
    from napari_radiogen.cohorts.phantom_cohort import PhantomConfig, phantom_cohort

    config = PhantomConfig(patients, seed, genes)
    with progress("Rendering") as tell:
        report = phantom_cohort(
            out, config, workers=workers, scheduler=scheduler, progress=tell, told=_left_out
        )
    _show(report, as_json)


def surrogate(
    genes: Annotated[Path, typer.Option(help="Expression table.")],
    semantics: Annotated[Path, typer.Option(help="CSV of what radiologists said (AIM).")],
    nodules: Annotated[Path, typer.Option(help="Folder with index.csv and patches/.")],
    out: Out,
    sizes: Annotated[
        Path | None, typer.Option(help="CSV with diameter_mm or a volume, where known.")
    ] = None,
    scale: ScaleOption = None,
    nodules_a_patient: Annotated[int, typer.Option(min=1, help="At most.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of splits.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Pair real genes with OTHER people's real nodules of like semantics: a surrogate cohort."""
    from napari_radiogen.cli.output import print_json, progress
    from napari_radiogen.cohorts.matching import MatchConfig
    from napari_radiogen.cohorts.surrogate import SurrogateSources, surrogate_cohort

    sources = SurrogateSources(genes, semantics, nodules, sizes, scale.value if scale else None)
    config = MatchConfig(seed=seed, nodules_a_patient=nodules_a_patient)
    with progress("Matching") as tell:
        report = surrogate_cohort(sources, out, config, progress=tell)
    if as_json:
        print_json(report)
        return
    typer.echo(
        f"surrogate cohort (genes and nodules of different people) written to {report['cohort']}"
    )
    typer.echo(_counts(report["subjects"], report["patients"], report["split"]))
    kept, dropped = report["genes"]["kept"], report["genes"]["dropped_for_missing_values"]
    typer.echo(f"{kept} genes, {dropped} dropped for missing values; {report['slices']} slices")
    apart = report["distance"]
    typer.echo(f"distance of matches: median {apart['median']:.3f}, largest {apart['largest']:.3f}")


def check(
    cohort: Annotated[Path, typer.Argument(help="Cohort folder.")], as_json: AsJson = False
) -> None:
    """Verify a cohort folder; every fault is one line, and the exit code 1."""
    from napari_radiogen.cli.output import print_json
    from napari_radiogen.cohorts.check import check_cohort

    found = check_cohort(cohort)
    if as_json:
        print_json(found.to_json())
    elif not found.faults:
        typer.echo(f"{found.kind} cohort {found.name}: {found.subjects} subjects, whole")
    if found.faults:
        if not as_json:
            for fault in found.faults:
                print(f"{cohort}: {fault}", file=sys.stderr)
        raise typer.Exit(1)


def _show(report: Report, as_json: bool) -> None:
    from napari_radiogen.cli.output import print_json

    if as_json:
        print_json(report.to_json())
        return
    typer.echo(f"{report.kind} cohort written to {report.path}")
    typer.echo(_counts(report.subjects, report.subjects, report.split))
    kept, dropped = report.genes["kept"], report.genes["dropped_for_missing_values"]
    typer.echo(f"{kept} genes, {dropped} dropped for missing values; {report.slices} slices")
    if report.rejected:
        typer.echo(f"{len(report.rejected)} patients left out: see rejected.csv in it")


def _left_out(patient: str, reason: str) -> None:
    print(f"left out {patient}: {reason}", file=sys.stderr)


def _counts(subjects: int, patients: int, split: dict[str, int]) -> str:
    parts = ", ".join(f"{count} {name}" for name, count in split.items())
    return f"{subjects} subjects of {patients} patients: {parts}"
