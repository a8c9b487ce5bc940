"""``radiogen convert``: a scan or a mask in another format, through the same readers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_radiogen.cli.tables import (
    EncodingOption,
    GenesOption,
    ProbesOption,
    Rule,
    RuleOption,
    Samples,
    SamplesOption,
    ScaleOption,
    ZerosOption,
)
from napari_radiogen.errors import InputError

if TYPE_CHECKING:
    from napari_radiogen.domain import LabelVolume
    from napari_radiogen.io.expression_tables import ExpressionTable

#: What decides that an expression table is wanted.
TABLE_SUFFIXES = (".csv", ".h5ad")
SEG_SUFFIX = ".dcm"
SYNTHETIC_PATIENT = "SYNTHETIC"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert")(convert)


def convert(
    source: Annotated[Path, typer.Argument(help="Scan, mask or expression table to read.")],
    out: Annotated[
        Path,
        typer.Argument(
            help="What to write: .nii.gz, .nii, .nrrd or .mha; .dcm for a DICOM SEG; a new "
            "folder for DICOM slices of a synthetic scan; .csv or .h5ad for expression."
        ),
    ],
    reference: Annotated[
        Path | None, typer.Option(help="CT that a mask belongs to; its grid is used.")
    ] = None,
    series: Annotated[
        str | None, typer.Option(help="Series UID, when there are several CT series.")
    ] = None,
    scale: ScaleOption = None,
    genes_in: GenesOption = None,
    probes: ProbesOption = None,
    probes_by: RuleOption = Rule.MEAN,
    samples: SamplesOption = Samples.ACCESSION,
    zeros_missing: ZerosOption = False,
    encoding: EncodingOption = None,
) -> None:
    """Read a scan, a mask or an expression table and write it in another format.

    Warnings are lines on standard error; what is written stays exact.
    """
    from napari_radiogen.cli.output import check_targets
    from napari_radiogen.cli.tables import read_table
    from napari_radiogen.io.labels import SUFFIXES
    from napari_radiogen.io.masks import mask_kind

    name = out.name.lower()
    if name.endswith(TABLE_SUFFIXES):
        check_targets({out: TABLE_SUFFIXES}, [p for p in (source, probes) if p])
        table = read_table(
            source,
            scale=scale,
            genes_in=genes_in,
            probes=probes,
            probes_by=probes_by,
            samples=samples,
            zeros_missing=zeros_missing,
            encoding=encoding,
        )
        _write_table(table, out)
        return
    if out.suffix:
        check_targets({out: (*SUFFIXES, SEG_SUFFIX)}, [p for p in (source, reference) if p])
    wants_mask = name.endswith(SEG_SUFFIX) or reference is not None
    if wants_mask or mask_kind(source) is not None:
        _convert_mask(source, out, reference, series)
    else:
        _convert_scan(source, out, series)


def _write_table(table: ExpressionTable, out: Path) -> None:
    """Write an expression table; the values stay as they are, NA where missing."""
    from napari_radiogen.io.expression import write_matrix

    write_matrix(table.matrix(), out, note_scale=table.scale.stated)
    notes = (
        []
        if table.scale.stated
        else [f"scale inferred as {table.scale.scale}: {table.scale.reason}"]
    )
    warn(table.path, [*notes, *table.warnings])


def _convert_scan(source: Path, out: Path, series: str | None) -> None:
    from napari_radiogen.io.dicom_write import write_ct_series
    from napari_radiogen.io.labels import write_volume
    from napari_radiogen.io.read import read_ct

    volume = read_ct(source, series)
    if out.suffix:
        write_volume(volume, out)
    elif volume.synthetic:
        write_ct_series(volume, out, patient_id=volume.patient_id or SYNTHETIC_PATIENT)
    else:
        raise InputError(
            "DICOM slices are written of synthetic scans only; give a name that ends with "
            ".nii.gz, .nrrd or .mha",
            out,
        )
    warn(source, volume.warnings)


def _convert_mask(source: Path, out: Path, reference: Path | None, series: str | None) -> None:
    from napari_radiogen.io.masks import read_mask
    from napari_radiogen.io.read import read_ct
    from napari_radiogen.io.seg_write import write_seg

    to_seg = out.name.lower().endswith(SEG_SUFFIX)
    if not out.suffix:
        raise InputError("is a mask; give a name that ends with .nii.gz, .nrrd or .dcm", source)
    if to_seg and reference is None:
        raise InputError("a DICOM SEG names the CT it belongs to; give it by --reference", out)
    ct = None if reference is None else read_ct(reference, series)
    found = read_mask(source, ct)
    warnings = list(found.warnings)
    if to_seg and reference is not None:
        write_seg(
            found.layers,
            reference,
            out,
            series_uid=series,
            nodules=found.kind == "lidc-readings",
            description="Segmentation",
        )
    else:
        warnings += _write_layers(found.layers, out, source)
    warn(source, warnings)
    for number, name in sorted(found.names.items()):
        typer.echo(f"{number}: {name}")


def _write_layers(layers: Sequence[LabelVolume], out: Path, source: Path) -> list[str]:
    """Write one file, or one for each layer of segments that overlap: all or none."""
    from napari_radiogen.cli.output import check_targets
    from napari_radiogen.io.labels import check_suffix, write_labels
    from napari_radiogen.io.save import save_together

    stem = out.name[: -len(check_suffix(out))]
    files = [out] + [
        out.with_name(f"{stem}-{place}{out.name[len(stem) :]}")
        for place in range(2, len(layers) + 1)
    ]
    check_targets({file: (out.name[len(stem) :].lower(),) for file in files}, [source])
    save_together(
        *((file, partial(write_labels, layer)) for file, layer in zip(files, layers, strict=True))
    )
    return [
        f"overlapping segments {', '.join(map(str, sorted(layer.names)))} are in {file.name}"
        for file, layer in zip(files[1:], layers[1:], strict=True)
    ]


def warn(source: Path, warnings: Iterable[str]) -> None:
    """Print what a reader noticed, each as one line."""
    for warning in warnings:
        print(f"radiogen: {source}: warning: {' '.join(warning.split())}", file=sys.stderr)
