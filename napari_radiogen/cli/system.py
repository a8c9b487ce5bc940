"""``radiogen doctor`` and ``radiogen models``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_radiogen.cli.output import print_json
from napari_radiogen.errors import ModelError

if TYPE_CHECKING:
    from napari_radiogen.inference.library import ModelEntry

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
COLOURS = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}

_models = typer.Typer(help="List the models, show a model's card, or verify the weights.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("doctor")(doctor)
    app.add_typer(_models, name="models")


def doctor(as_json: JsonOption = False) -> None:
    """Check Python, packages, Qt, torch, models and folders."""
    from napari_radiogen.cli.doctor import run_checks

    checks = []
    for check in run_checks():
        checks.append(check)
        if not as_json:
            mark = typer.style(f"{check.status:<4}", fg=COLOURS[check.status])
            typer.echo(f"{mark}  {check.name}: {check.detail}")
    healthy = all(check.status != "fail" for check in checks)
    if as_json:
        print_json({"ok": healthy, "checks": [asdict(check) for check in checks]})
    if not healthy:
        raise typer.Exit(1)


@_models.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the models, the default first."""
    if context.invoked_subcommand is not None:
        return
    from napari_radiogen.inference.library import list_models

    entries = list_models()
    if as_json:
        print_json({"models": [describe(entry) for entry in entries]})
        return
    for entry in entries:
        typer.echo(
            f"{entry.name}  {entry.system}, {entry.cohort}, {entry.parameters:,} parameters, "
            f"{len(entry.subject_ids)} patients"
        )
    if not entries:
        typer.echo("No models found.")


@_models.command("show")
def show(name: str) -> None:
    """Print a model's card."""
    from napari_radiogen.inference.library import find_model

    entry = find_model(name)
    card = entry.path.with_suffix(".md")
    if not card.is_file():
        raise ModelError("has no card", subject=entry.name)
    typer.echo(card.read_text(encoding="utf-8"))


@_models.command("verify")
def verify(as_json: JsonOption = False) -> None:
    """Compare every model's weights with their stored hash."""
    from napari_radiogen.cli.doctor import check_models

    checks = list(check_models())
    if as_json:
        print_json({"checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            typer.echo(f"{check.status:<4}  {check.name}: {check.detail}")
    if any(check.status == "fail" for check in checks):
        raise typer.Exit(1)


def describe(entry: ModelEntry) -> dict[str, Any]:
    """Return a model as ``radiogen models --json`` lists it."""
    return {
        "name": entry.name,
        "system": entry.system,
        "cohort": entry.cohort,
        "parameters": entry.parameters,
        "sha256": entry.sha256,
        "patients": list(entry.subject_ids),
    }
