"""``radiogen inspect``: what a file or folder is, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_radiogen.cli.output import print_json
from napari_radiogen.errors import InputError

if TYPE_CHECKING:
    from napari_radiogen.io.read import Inspection, SeriesReport


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("inspect")(inspect)


def inspect(
    path: Annotated[Path, typer.Argument(help="DICOM, NIfTI, NRRD, MetaImage, or a table.")],
    series: Annotated[str | None, typer.Option(help="UID of the one series to look at.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what a scan or a table is, and every problem in it."""
    from napari_radiogen.cli.table_inspection import inspect_table, named_as_table
    from napari_radiogen.io.read import inspect_path

    if named_as_table(path):
        inspect_table(path, as_json)
        return
    found = inspect_path(path, series)
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(_describe(found))
    if found.problems:
        more = len(found.problems) - 1
        raise InputError(found.problems[0] + (f" (and {more} more)" if more else ""))


def _describe(found: Inspection) -> str:
    return "\n".join([found.kind, *(line for s in found.series for line in _lines(s))])


def _lines(series: SeriesReport) -> list[str]:
    lines = [f"  {series.modality or 'unknown'} {series.uid}"]
    if series.shape and series.spacing_mm and series.origin_mm and series.direction:
        lines += [
            f"    voxels (z, y, x)   {_join(series.shape)}",
            f"    spacing (z, y, x)  {_join(series.spacing_mm)} mm",
            f"    origin (x, y, z)   {_join(series.origin_mm)} mm LPS",
            f"    direction          {_join(series.direction)}",
            f"    range              {series.hu_min} to {series.hu_max} HU",
        ]
    return lines + [f"    note: {warning}" for warning in series.warnings]


def _join(numbers: list[int] | list[float]) -> str:
    return " ".join(f"{number:.6g}" for number in numbers)
