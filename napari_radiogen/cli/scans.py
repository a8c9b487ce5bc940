"""``radiogen inspect``: what a file or folder is, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_radiogen.cli.output import print_json
from napari_radiogen.errors import InputError

if TYPE_CHECKING:
    from napari_radiogen.io.mask_report import MaskInspection
    from napari_radiogen.io.read import Inspection, SeriesReport


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("inspect")(inspect)


def inspect(
    path: Annotated[Path, typer.Argument(help="Scan (folder or file), mask or table.")],
    series: Annotated[str | None, typer.Option(help="UID of the one series to look at.")] = None,
    on: Annotated[
        Path | None, typer.Option(help="CT: tell whether the mask at PATH belongs to it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what a scan, a mask or a table is, and every problem in it."""
    from napari_radiogen.cli.table_inspection import inspect_table, named_as_table
    from napari_radiogen.io.masks import mask_kind
    from napari_radiogen.io.read import inspect_path

    if on is None and named_as_table(path):
        inspect_table(path, as_json)
        return
    found: Inspection | MaskInspection
    if on is not None or mask_kind(path) is not None:
        found = _inspect_mask(path, on, series)
        text = "\n".join(_mask_lines(found))
    else:
        found = inspect_path(path, series)
        text = _describe(found)
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(text)
    if found.problems:
        more = len(found.problems) - 1
        raise InputError(found.problems[0] + (f" (and {more} more)" if more else ""))


def _inspect_mask(path: Path, on: Path | None, series: str | None) -> MaskInspection:
    from napari_radiogen.io.mask_report import inspect_mask
    from napari_radiogen.io.read import read_ct

    return inspect_mask(path, None if on is None else read_ct(on, series))


def _mask_lines(found: MaskInspection) -> list[str]:
    lines = [found.kind]
    if found.shape and found.spacing_mm and found.origin_mm:
        lines += [
            f"  voxels (z, y, x)   {_join(found.shape)}",
            f"  spacing (z, y, x)  {_join(found.spacing_mm)} mm",
            f"  origin (x, y, z)   {_join(found.origin_mm)} mm LPS",
        ]
    for segment in found.segments:
        size = (
            f"{segment.outlines} outlines"
            if segment.volume_mm3 is None
            else f"{segment.voxels} voxels, {segment.volume_mm3 / 1000:.3g} ml"
        )
        lines.append(f"  {segment.number}: {segment.name}, {size}")
    if found.layers is not None and found.layers > 1:
        lines.append(f"  segments overlap: {found.layers} label volumes")
    if found.belongs is not None:
        lines.append(f"  {'belongs' if found.belongs else 'does not belong'} to the CT")
    return lines + [f"  note: {warning}" for warning in found.warnings]


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
