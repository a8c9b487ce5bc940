"""``radiogen evaluate control``: do genes steer what a model paints?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_radiogen.cli.output import print_json, progress
from napari_radiogen.cli.paper_tables import paper_tables
from napari_radiogen.cli.realism import realism
from napari_radiogen.constants import ATTRIBUTE_UNITS, ATTRIBUTES, COHORT_WORDS, RESEARCH_USE
from napari_radiogen.errors import ModelError

if TYPE_CHECKING:
    from rich.table import Table

    from napari_radiogen.evaluation.report import ControlReport
    from napari_radiogen.inference.painting import Painter

_evaluate = typer.Typer(help="Measure what a model does, on test patients only.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    _evaluate.command("control")(control)
    _evaluate.command("realism")(realism)
    _evaluate.command("tables")(paper_tables)
    app.add_typer(_evaluate, name="evaluate")


@_evaluate.callback()
def _group() -> None:
    """Measure what a model does, on test patients only."""


def control(
    model: Annotated[str, typer.Option(help="Name, or path of a run or of its weights.")],
    cohort: Annotated[Path, typer.Option(help="Cohort folder.")],
    permuted: Annotated[
        list[str] | None,
        typer.Option(
            help="Model trained on permuted genes; repeat. Default: those shipped with the model."
        ),
    ] = None,
    measuring: Annotated[
        str, typer.Option(help="The measuring U-Net: name, or path of a run.")
    ] = "unet-measuring",
    draws: Annotated[int, typer.Option(min=1, help="Pairs of noise and background.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Of noise, backgrounds and resampling.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure how painted nodules follow the genes of test subjects (METHODS 2)."""
    from napari_radiogen.evaluation.control import evaluate_control
    from napari_radiogen.evaluation.settings import ControlSettings
    from napari_radiogen.inference.gene_painter import load_painter
    from napari_radiogen.inference.library import find_model
    from napari_radiogen.inference.measuring import ALL_TURNS, load_measuring_unet
    from napari_radiogen.io.cohort_store import open_cohort

    store = open_cohort(cohort)
    entry = find_model(model)
    shipped = shipped_permuted(entry.name) if entry.shipped else []
    null = permuted if permuted is not None else shipped
    judged = load_painter(model)
    with progress("evaluate control") as report_progress:
        report = evaluate_control(
            judged,
            load_measuring_unet(measuring, turns=ALL_TURNS),
            store,
            permuted=[load_null(run, judged) for run in null],
            settings=ControlSettings(draws=draws, seed=seed),
            progress=report_progress,
        )
    if as_json:
        print_json(report.to_json())
    else:
        show(report)


def load_null(model: str, judged: Painter) -> Painter:
    """Load a model trained as the judged one was, but on permuted genes.

    Raises
    ------
    ModelError
        When it learned true genes, or by another config or cohort: a weaker
        model would lower the bar.
    """
    from napari_radiogen.inference.gene_painter import load_painter

    generator = load_painter(model)
    if not generator.learned_permuted_genes:
        raise ModelError("was not trained on permuted genes; it is no null", subject=model)
    if generator.training_digest != judged.training_digest:
        raise ModelError(f"was trained by another config or cohort than {judged.name}", model)
    return generator


def shipped_permuted(model: str) -> list[str]:
    """Return the shipped models that learned permuted genes beside a model."""
    from napari_radiogen.inference.library import list_models

    prefix = f"{model}-permuted"
    return [e.name for e in list_models() if e.role == "permuted" and e.name.startswith(prefix)]


def show(report: ControlReport) -> None:
    """Print a report as tables on standard output."""
    from rich.console import Console

    console = Console()
    label = COHORT_WORDS[report.cohort_kind]
    console.print(f"{report.model} on {report.cohort} ({label})", markup=False)
    console.print(
        f"{report.subjects} test subjects of {report.patients} patients, {report.draws} draws"
    )
    console.print(_control_table(report))
    console.print(_check_table(report))
    for warning in report.warnings:
        console.print(f"warning: {warning}", markup=False)
    console.print(RESEARCH_USE)


def _control_table(report: ControlReport) -> Table:
    from rich.table import Table

    table = Table("", *(_with_unit(name) for name in ATTRIBUTES), title="Control by genes")
    own = [report.attributes[name] for name in ATTRIBUTES]
    mean = [report.mean_genes[name] for name in ATTRIBUTES]
    table.add_row("Spearman, median of draws", *(_two(a.control.spearman) for a in own))
    table.add_row("95 % interval over patients", *(_interval(a.control.ci95) for a in own))
    table.add_row("Spearman, mean of draws", *(_two(a.control.spearman_mean) for a in own))
    table.add_row("R²", *(_two(a.r2) for a in own))
    table.add_row("slope", *(_two(a.slope) for a in own))
    table.add_row("bias", *(_two(a.bias) for a in own))
    table.add_row("ceiling: R² of ridge from metagenes", *(_two(a.ceiling) for a in own))
    table.add_row("the same of the planted factor", *(_two(a.ceiling_of_factor) for a in own))
    table.add_row("all genes at the mean, Spearman", *(_two(c.spearman) for c in mean))
    runs = len(report.permuted)
    bars = [report.null(name)[1] for name in ATTRIBUTES]
    table.add_row(f"permuted genes, largest |Spearman| of {runs}", *map(_two, bars))
    table.add_row("lower bound above it", *(_yes(report.above_null(n)) for n in ATTRIBUTES))
    for title, values in (
        ("sweeps: monotonicity", report.sweeps.monotonicity),
        (f"sweeps: cosine with slopes of {report.sweeps.reference}", report.sweeps.slope_cosine),
    ):
        table.add_row(title, *(_two(values[name]) for name in ATTRIBUTES))
    return table


def _check_table(report: ControlReport) -> Table:
    from rich.table import Table

    check = report.measuring_unet
    table = Table("", "value", title="Background, masks and measuring")
    table.add_row("leakage, outside / inside (raw)", f"{report.leakage:.4f}")
    table.add_row("background PSNR, dB (raw)", f"{report.background_psnr_db:.1f}")
    table.add_row("composite exact outside the nodule", _yes(report.composite_exact))
    table.add_row("diversity over noise / real", _two(report.diversity))
    table.add_row("Dice of own and measured mask", _two(report.mask_dice))
    found = report.retrieval
    table.add_row("own patient first (chance)", f"{found.top1:.2f} ({found.chance_top1:.2f})")
    table.add_row("distance to training images / of test images", _two(report.memorisation))
    table.add_row("empty masks, true / mean genes", _pair(report.empty_masks))
    table.add_row(
        "measuring U-Net, Dice on real", f"{_two(check.dice)} {_interval(check.dice_ci95)}"
    )
    for name in ATTRIBUTES:
        numbers = f"bias {_two(check.bias[name])}, Spearman {_two(check.spearman[name])}"
        table.add_row(f"measuring U-Net, {_with_unit(name)}", numbers)
    return table


def _with_unit(name: str) -> str:
    words = name.replace("_hu", " HU").replace("_", " ")
    unit = ATTRIBUTE_UNITS[name]
    return words if not unit or unit in words else f"{words}, {unit}"


def _two(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _interval(bounds: tuple[float, float]) -> str:
    return f"[{bounds[0]:.2f}, {bounds[1]:.2f}]"


def _pair(counts: dict[str, int]) -> str:
    return f"{counts['true_genes']} / {counts['mean_genes']}"


def _yes(value: bool | None) -> str:
    return "not tested" if value is None else "yes" if value else "no"
