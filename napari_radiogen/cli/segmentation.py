"""``radiogen segment``: nodules of a scan as a label file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("segment")(segment)


def segment(
    ct: Annotated[Path, typer.Argument(help="DICOM folder or file, NIfTI, NRRD or MHA.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Labels to write, on the grid of the scan.")
    ],
    model: Annotated[str, typer.Option(help="Name of a U-Net, or a run folder.")] = "unet-planted",
    series: Annotated[str | None, typer.Option(help="Series UID, when there are several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Find and outline the nodules in the lungs of a CT."""
    from napari_radiogen.cli.output import check_targets, print_json, progress
    from napari_radiogen.inference.segmenter import load_segmenter
    from napari_radiogen.io.labels import SUFFIXES, write_labels
    from napari_radiogen.io.read import read_ct

    check_targets({out: SUFFIXES}, [ct])
    segmenter = load_segmenter(model)
    scan = read_ct(ct, series)
    with progress("segmenting") as report:
        found = segmenter.segment(scan, progress=report)
    write_labels(found.labels, out)
    if as_json:
        print_json(found.to_json())
        return
    typer.echo(f"{len(found.nodules)} lesions in {found.seconds:.0f} s, written to {out}")
    for nodule in found.nodules:
        x, y, z = nodule.centroid_lps_mm
        typer.echo(
            f"{nodule.label}: {nodule.long_axis_mm:.1f} mm, {nodule.mean_hu:.0f} HU "
            f"at x {x:.1f}, y {y:.1f}, z {z:.1f} mm (LPS)"
        )
