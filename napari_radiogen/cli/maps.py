"""``radiogen maps``: raw genes and a baseline's codes for the gene map, beside a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_radiogen.cli.output import print_json

CohortOption = Annotated[Path, typer.Option("--cohort", help="The cohort it was trained on.")]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("maps")(maps)


def maps(
    cohort: CohortOption,
    model: Annotated[
        str | None, typer.Argument(help="Generator: name, run folder or file.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="A trained mcgan-baseline: name, folder, file.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; beside the model when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make the maps of raw genes and baseline codes that the viewer shows beside a model's own."""
    from napari_radiogen.errors import ModelError
    from napari_radiogen.evaluation.gene_maps import make_gene_maps
    from napari_radiogen.inference.gene_map_file import maps_path, pack_maps
    from napari_radiogen.inference.gene_painter import GenePainter, load_painter
    from napari_radiogen.inference.generator import load_generator
    from napari_radiogen.inference.library import find_model
    from napari_radiogen.io.cohort_store import open_cohort
    from napari_radiogen.io.save import save_bytes

    entry = find_model(model, system="mcgan")
    generator = load_generator(model)
    painter = None if baseline is None else load_painter(baseline)
    if painter is not None and not isinstance(painter, GenePainter):
        raise ModelError("has no single-gene code; expected an mcgan-baseline", painter.name)

    def tell(share: float, words: str) -> None:
        typer.echo(f"{share:4.0%}  {words}", err=True)

    made = make_gene_maps(generator, open_cohort(cohort), painter, tell)
    target = out or maps_path(entry.path)
    save_bytes(target, pack_maps(made))
    spaces = ["raw genes", *([] if made.baseline is None else ["baseline code"])]
    if as_json:
        print_json({"file": str(target), "subjects": len(made.genes.subject_ids), "maps": spaces})
    else:
        typer.echo(f"{target}: {', '.join(spaces)} of {len(made.genes.subject_ids)} subjects")
