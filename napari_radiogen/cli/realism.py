"""``radiogen evaluate realism``: can synthetic nodules be told from real ones?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_radiogen.evaluation.realism import RealismReport


def realism(
    model: Annotated[str, typer.Option(help="Name, or path of a run or of its weights.")],
    cohort: Annotated[Path, typer.Option(help="Cohort folder.")],
    measuring: Annotated[
        str, typer.Option(help="The measuring U-Net: name, or path of a run.")
    ] = "unet-measuring",
    out: Annotated[
        Path | None,
        typer.Option(help="New folder for a blinded sheet with its key, and the radiomics."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of noise, backgrounds and folds.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train a classifier to tell synthetic test nodules from real ones; compare radiomics."""
    from napari_radiogen.cli.output import print_json
    from napari_radiogen.evaluation.blinded_sheet import draw_blinded
    from napari_radiogen.evaluation.figures.page import save_page
    from napari_radiogen.evaluation.figures.radiomics import radiomics_page
    from napari_radiogen.evaluation.realism import evaluate_realism, radiomics_csv
    from napari_radiogen.inference.gene_painter import load_painter
    from napari_radiogen.inference.measuring import ALL_TURNS, load_measuring_unet
    from napari_radiogen.io.cohort_store import open_cohort
    from napari_radiogen.io.save import complete_folder, save_bytes, save_text

    network = load_measuring_unet(measuring, turns=ALL_TURNS)
    store, generator = open_cohort(cohort), load_painter(model)
    report, sheet = evaluate_realism(generator, network, store, seed=seed)
    if out is not None:
        picture, key = draw_blinded(sheet, seed=seed)
        with complete_folder(out) as folder:
            save_bytes(folder / "sheet.png", picture)
            save_text(folder / "key.csv", key)
            save_text(folder / "radiomics.csv", radiomics_csv(report))
            save_page(radiomics_page(report, sheet, generator, store), folder)
    if as_json:
        print_json(report)
    else:
        _show(report)


def _show(report: RealismReport) -> None:
    from rich.console import Console
    from rich.table import Table

    from napari_radiogen.constants import RESEARCH_USE

    table = Table("radiomics", "synthetic", "chance", title="Distance to real nodules, in SD")
    for name, distance in report.radiomics.items():
        table.add_row(name, f"{distance:.2f}", f"{report.radiomics_chance[name]:.2f}")
    whole = Table("slices along z", "synthetic", "real", title="One nodule?")
    made, real = report.wholeness.synthetic, report.wholeness.real
    whole.add_row("one hill of areas", f"{made.one_hill:.2f}", f"{real.one_hill:.2f}")
    whole.add_row("closed at both ends", f"{made.closed:.2f}", f"{real.closed:.2f}")
    whole.add_row("height / width", f"{made.height_to_width:.2f}", f"{real.height_to_width:.2f}")
    whole.add_row("Spearman of volume and diameter", f"{report.wholeness.volume_spearman:.2f}", "")
    low, high = report.ci95
    console = Console()
    console.print(table)
    console.print(whole)
    console.print(
        f"AUC of a classifier of {report.model} against real nodules: {report.auc:.2f} "
        f"(95 % interval {low:.2f} to {high:.2f}; 0.5 is perfect), {report.subjects} test "
        f"subjects of {report.patients} patients, {report.cohort_kind} cohort."
    )
    console.print(RESEARCH_USE)
