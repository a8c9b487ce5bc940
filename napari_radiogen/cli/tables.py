"""``radiogen genes`` and ``radiogen cohort join``: expression tables meet models and clinics."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_radiogen.cli.output import print_json
from napari_radiogen.constants import RESEARCH_USE
from napari_radiogen.errors import InputError

if TYPE_CHECKING:
    from napari_radiogen.inference.generator import Generator
    from napari_radiogen.inference.patient_genes import GeneFeed
    from napari_radiogen.io.expression_tables import ExpressionTable


class ScaleName(StrEnum):
    """Scales of expression."""

    COUNTS = "counts"
    FPKM = "fpkm"
    LOG2 = "log2"
    ZSCORE = "zscore"


class Axis(StrEnum):
    """Where the genes of a table stand."""

    ROWS = "rows"
    COLUMNS = "columns"


class Samples(StrEnum):
    """Names of the samples of a GEO series."""

    ACCESSION = "accession"
    TITLE = "title"


class Rule(StrEnum):
    """Which probe of a gene is kept."""

    MEAN = "mean"
    VARIANCE = "variance"


ScaleOption = Annotated[
    ScaleName | None, typer.Option(help="Of the values; inferred and shown when left out.")
]
GenesOption = Annotated[
    Axis | None, typer.Option("--genes", help="Where a CSV or TSV has its genes.")
]
SamplesOption = Annotated[Samples, typer.Option(help="Names of a GEO series' samples.")]
ZerosOption = Annotated[bool, typer.Option(help="In this table 0 means: not measured.")]
EncodingOption = Annotated[str | None, typer.Option(help="Of text that is not UTF-8.")]
ProbesOption = Annotated[
    Path | None, typer.Option(help="Platform annotation: probe and gene symbol.")
]
RuleOption = Annotated[
    Rule, typer.Option("--probes-by", help="Of several probes of a gene keep the largest.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module that stand on their own."""
    app.command("genes")(genes)


def genes(
    table: Annotated[Path, typer.Argument(help="CSV, TSV, GCT, GEO series matrix or h5ad.")],
    model: Annotated[str | None, typer.Option(help="Name or path of a generator.")] = None,
    aliases: Annotated[
        Path | None, typer.Option(help="HGNC table: symbol, alias_symbol, prev_symbol.")
    ] = None,
    patient: Annotated[str | None, typer.Option(help="Only this patient's vector.")] = None,
    scale: ScaleOption = None,
    genes_in: GenesOption = None,
    probes: ProbesOption = None,
    probes_by: RuleOption = Rule.MEAN,
    samples: SamplesOption = Samples.ACCESSION,
    zeros_missing: ZerosOption = False,
    encoding: EncodingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how a table's genes meet a model, and the metagenes it would be fed."""
    from napari_radiogen.inference.generator import load_generator
    from napari_radiogen.inference.patient_genes import meet_model
    from napari_radiogen.io.gene_aliases import read_aliases

    known = read_aliases(aliases) if aliases is not None else None
    generator = load_generator(model)
    read = read_table(
        table,
        scale=scale,
        genes_in=genes_in,
        probes=probes,
        probes_by=probes_by,
        samples=samples,
        zeros_missing=zeros_missing,
        encoding=encoding,
        known_genes=generator.metagenes.gene_symbols,
    )
    feed = meet_model(read, generator.metagenes, known)
    report = _report(read, generator, feed, patient)
    if as_json:
        print_json(report)
    else:
        typer.echo("\n".join(_lines(read, generator, feed, report)))
    if feed.problems:
        more = len(feed.problems) - 1
        raise InputError(feed.problems[0] + (f" (and {more} more)" if more else ""), table)
    if patient is not None:
        feed.vector(patient)


def read_table(
    path: Path,
    *,
    scale: ScaleName | None = None,
    genes_in: Axis | None = None,
    probes: Path | None = None,
    probes_by: Rule = Rule.MEAN,
    samples: Samples = Samples.ACCESSION,
    zeros_missing: bool = False,
    encoding: str | None = None,
    known_genes: tuple[str, ...] = (),
    known_patients: tuple[str, ...] = (),
) -> ExpressionTable:
    """Read an expression table as the options of a command say."""
    from napari_radiogen.io.expression_tables import ReadingOptions, read_expression_table
    from napari_radiogen.io.probes import collapse_probes, read_probe_map

    options = ReadingOptions(
        scale=None if scale is None else scale.value,
        genes=None if genes_in is None else genes_in.value,
        encoding=encoding,
        zeros_missing=zeros_missing,
        sample_names=samples.value,
        known_patients=known_patients,
        known_genes=known_genes,
    )
    annotation = read_probe_map(probes) if probes is not None else None
    read = read_expression_table(path, options)
    return read if annotation is None else collapse_probes(read, annotation, probes_by.value)


def _report(
    read: ExpressionTable, generator: Generator, feed: GeneFeed, patient: str | None
) -> dict[str, Any]:
    report: dict[str, Any] = {
        "table": read.to_json(),
        "model": {
            "name": generator.name,
            "digest": generator.digest,
            "cohort": generator.cohort,
            "genes": len(generator.metagenes.gene_symbols),
            "scale": generator.metagenes.scale,
        },
        **feed.to_json(),
        "metagenes": list(feed.metagenes),
        "patient": None,
        "vector": None,
        "vectors": {},
        "patients_without_vector": {},
        "research_use": RESEARCH_USE,
    }
    if feed.scores is None:
        return report
    asked = feed.patient_ids if patient is None else (patient,)
    for one in (p for p in asked if p in feed.patient_ids):
        if one in feed.lacking:
            report["patients_without_vector"][one] = feed.why_not(one)
        else:
            report["vectors"][one] = feed.vector(one).tolist()
    if len(asked) == 1 and asked[0] in report["vectors"]:
        values = report["vectors"][asked[0]]
        report["patient"] = asked[0]
        report["vector"] = dict(zip(feed.metagenes, values, strict=True))
    return report


def _lines(
    read: ExpressionTable, generator: Generator, feed: GeneFeed, report: dict[str, Any]
) -> list[str]:
    met = feed.report
    scale = read.scale
    lines = [
        *describe_table(read),
        f"  model      {generator.name}: {len(met.wanted)} genes, {generator.metagenes.scale}",
        f"  genes      {len(met.present)} present, {len(met.missing)} missing, "
        f"{len(met.duplicated)} duplicated, {len(met.renamed)} renamed, {len(met.extra)} extra",
        f"  transform  {feed.transform or 'none fits'} (from {scale.scale})",
        *(f"  renamed    {found} -> {gene}" for gene, found in list(met.renamed.items())[:10]),
        *(f"  warning    {text}" for text in feed.warnings),
    ]
    if report["vector"] is not None:
        lines.append(f"  patient    {report['patient']}")
        lines += [f"    {name}  {z:+.3f}" for name, z in report["vector"].items()]
    elif feed.scores is not None:
        lines.append(f"  vectors    {len(report['vectors'])} patients (--patient ID or --json)")
    return lines


def describe_table(read: ExpressionTable) -> list[str]:
    """Return what a table is, for people."""
    said = "stated" if read.scale.stated else "inferred"
    about = read.to_json()
    gaps = about["missing"]
    return [
        f"expression table ({read.form})",
        f"  size       {about['patients']} patients, {about['genes']} genes",
        f"  genes in   {read.layout.genes} ({read.layout.reason})",
        f"  scale      {read.scale.scale}, {said}: {read.scale.reason}",
        f"  missing    {gaps['values']} values in {gaps['genes_with_missing']} genes",
        *(f"  note       {note}" for note in read.notes),
        *(f"  warning    {warning}" for warning in read.warnings),
    ]
