"""``radiogen evaluate tables``: the papers' tables from the models at hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_radiogen.evaluation.figures.book import FigureReport
    from napari_radiogen.evaluation.tables.registry import TableReport

#: The folder of figures, and what asks for them by name.
FIGURES = "figures"


def paper_tables(
    cohort: Annotated[Path, typer.Option(help="Cohort folder.")],
    model: Annotated[
        list[str],
        typer.Option(help="Name, or path of a run or of its weights; repeat. Any system."),
    ],
    out: Annotated[Path, typer.Option(help="New folder for CSV, Markdown and figures.")],
    only: Annotated[
        list[str] | None, typer.Option(help="Name of a table, or 'figures'; repeat. Default: all.")
    ] = None,
    control: Annotated[
        list[Path] | None,
        typer.Option(help="Output of 'evaluate control --json' to read instead; repeat."),
    ] = None,
    measuring: Annotated[
        str, typer.Option(help="The measuring U-Net: name, or path of a run.")
    ] = "unet-measuring",
    draws: Annotated[
        int, typer.Option(min=1, help="Pairs of noise and background, for control.")
    ] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Of noise, clusters and resampling.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make each of the papers' tables and figures that the models allow, on test patients."""
    from napari_radiogen.cli.output import print_json, progress
    from napari_radiogen.evaluation.figures.book import FigureReport, draw_figures, save_figures
    from napari_radiogen.evaluation.tables.control_fidelity import read_control
    from napari_radiogen.evaluation.tables.given import load_models
    from napari_radiogen.evaluation.tables.registry import TableReport, make_tables
    from napari_radiogen.evaluation.tables.study import Study, TableSettings
    from napari_radiogen.evaluation.tables.write import to_json, write_tables
    from napari_radiogen.inference.measuring import ALL_TURNS, load_measuring_unet
    from napari_radiogen.io.cohort_store import open_cohort
    from napari_radiogen.io.save import complete_folder

    store = open_cohort(cohort)
    models = load_models([*model, *_shipped_nulls(model)], store)
    controls = tuple(read_control(path, store, models.painters) for path in control or ())
    judge = load_measuring_unet(measuring, turns=ALL_TURNS)
    settings = TableSettings(seed=seed, control_draws=draws)
    wanted = set(only or ())
    tables, figures = TableReport((), {}), FigureReport((), {})
    with progress("evaluate tables", lines_every_s=60.0) as report_progress:
        study = Study(store, models, settings, judge, controls, report_progress)
        with complete_folder(out) as folder:
            if wanted != {FIGURES}:
                tables = make_tables(study, wanted - {FIGURES})
                write_tables(folder, study, tables)
            if not wanted or FIGURES in wanted:
                figures = draw_figures(study)
                save_figures(figures, folder / FIGURES)
    if as_json:
        print_json(to_json(study, tables) | {FIGURES: figures.to_json()})
    else:
        _show(tables, figures, out)


def _shipped_nulls(given: list[str]) -> list[str]:
    """Return the models trained on permuted genes that are shipped beside those given."""
    from napari_radiogen.inference.library import find_model, list_models

    found = [find_model(name) for name in given]
    names = [entry.name for entry in found if entry.shipped]
    nulls = [e.name for e in list_models() if e.role == "permuted" and e.name not in names]
    return [null for null in nulls if any(null.startswith(f"{name}-permuted") for name in names)]


def _show(tables: TableReport, figures: FigureReport, out: Path) -> None:
    from napari_radiogen.constants import RESEARCH_USE

    for table in tables.tables:
        typer.echo(f"{table.name}: {len(table.rows)} rows")
    for page in figures.pages:
        typer.echo(f"{page.key}: drawn")
    for name, reason in (tables.left_out | figures.left_out).items():
        typer.echo(f"{name}: left out, {reason}")
    typer.echo(f"written to {out}. {RESEARCH_USE}.")
