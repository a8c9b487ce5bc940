"""``radiogen cohort fetch``: download a public collection."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def fetch(
    collection: Annotated[str, typer.Argument(help="nsclc-radiogenomics.")],
    out: Annotated[Path, typer.Option(help="Folder to fill; run again, it continues.")],
    mirror: Annotated[
        str | None, typer.Option(help="Folder or address with a manifest.csv, instead of IDC.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Download the CT and masks of a public collection (needs a network and the extra fetch)."""
    from napari_radiogen.cli.output import print_json, progress
    from napari_radiogen.cohorts.fetch import fetch_collection

    with progress("Fetching") as tell:
        fetched = fetch_collection(collection, out, mirror=mirror, progress=tell)
    if as_json:
        print_json(fetched.to_json())
        return
    typer.echo(
        f"{fetched.files} files of {fetched.series} series, {fetched.size / 1e9:.2f} GB, "
        f"{fetched.new} new: {fetched.path}"
    )
