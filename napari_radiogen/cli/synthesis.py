"""``radiogen synthesize`` and ``radiogen replay``: a nodule into a scan, twice the same."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_radiogen.cli.tables import ScaleName, ScaleOption
from napari_radiogen.constants import METAGENE_Z_LIMIT, RESEARCH_USE, SEED_LIMIT
from napari_radiogen.errors import InputError, RadiogenError

if TYPE_CHECKING:
    from napari_radiogen.domain import CTVolume, Point, SynthesisResult
    from napari_radiogen.session.ports import Generator
    from napari_radiogen.session.recipe import Recipe
    from napari_radiogen.session.state import Edits

OutputOption = Annotated[
    Path, typer.Option("-o", "--output", help="The scan with the nodule: .nii.gz, .nrrd or .mha.")
]
SeriesOption = Annotated[
    str | None, typer.Option(help="Series UID, when the background holds several.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a report as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(synthesize)
    app.command()(replay)


def synthesize(
    patient: Annotated[str, typer.Option(help="Whose genes (radiogen models --json lists ids).")],
    background: Annotated[Path, typer.Option(help="CT: a DICOM folder or a volume file.")],
    at: Annotated[str, typer.Option(help="Place x,y,z in LPS mm, inside the lung.")],
    output: OutputOption,
    seed: Annotated[int, typer.Option(min=0, max=SEED_LIMIT - 1, help="Of the noise.")] = 0,
    expression: Annotated[
        Path | None, typer.Option(help="A table of your own that holds the patient.")
    ] = None,
    scale: ScaleOption = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Metagene and z-score, e.g. M01=2.0; repeat.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name or path of a generator.")] = None,
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="Of the blend.")] = 1.0,
    recipe: Annotated[Path | None, typer.Option(help="Write the recipe here.")] = None,
    series: SeriesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a patient's synthetic nodule into a CT; all else stays as it is."""
    from napari_radiogen.cli.output import check_targets
    from napari_radiogen.session.exports import VOLUME_SUFFIXES

    point, edits = _parse_point(at), _parse_edits(change or [])
    targets = {output: VOLUME_SUFFIXES} | ({recipe: (".json",)} if recipe else {})
    check_targets(targets, [background, *([expression] if expression else [])])
    started = time.perf_counter()
    scan, result, record = _make(
        background,
        series,
        patient,
        edits,
        point,
        own=None if expression is None else (expression, scale),
        seed=seed,
        strength=strength,
        model=model,
    )
    _write(scan, [result], output, record, recipe)
    _report(scan, result, output, time.perf_counter() - started, as_json)


def replay(
    recipe: Annotated[Path, typer.Argument(help="A recipe, or a session of the viewer.")],
    output: OutputOption,
    background: Annotated[
        Path | None, typer.Option(help="The scan, if it moved since the recipe was written.")
    ] = None,
    series: SeriesOption = None,
    model: Annotated[
        str | None, typer.Option(help="Run folder or file of weights that are not shipped.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the nodules of a recipe again; refused when scan, weights or voxels differ."""
    from napari_radiogen.cli.output import check_targets
    from napari_radiogen.session import recipe as recipes
    from napari_radiogen.session.digests import result_digest
    from napari_radiogen.session.exports import VOLUME_SUFFIXES
    from napari_radiogen.session.recipe_file import load_all, replay_all

    records = load_all(recipe)
    sources = [background or Path(records[0].background_path), recipe]
    check_targets({output: VOLUME_SUFFIXES}, sources)
    started = time.perf_counter()
    scan = recipes.open_background(records[0], background, series_uid=series)
    results = replay_all(records, scan, model=model)
    made = [result_digest(result) for result in results]
    if made != [record.result_digest for record in records]:
        raise RadiogenError(
            "the voxels made here are not those that it records; nothing was written", recipe
        )
    _write(scan, results, output)
    taken = time.perf_counter() - started
    _report(scan, results[0], output, taken, as_json, identical=True, nodules=len(results))


def _make(
    background: Path,
    series: str | None,
    patient: str,
    edits: Edits,
    point: Point,
    *,
    own: tuple[Path, ScaleName | None] | None,
    seed: int,
    strength: float,
    model: str | None,
) -> tuple[CTVolume, SynthesisResult, Recipe]:
    """Read, check and synthesise; nothing is written."""
    from napari_radiogen.cli.output import progress
    from napari_radiogen.domain import NoduleSite
    from napari_radiogen.inference.upright import check_site
    from napari_radiogen.session.ports import Engines
    from napari_radiogen.session.recipe import make_recipe
    from napari_radiogen.session.resolve import Facts, metagene_vector, resolve
    from napari_radiogen.session.state import Intent

    engines = Engines()
    with progress("Synthesising") as tell:
        tell(0.0, "loading the model")
        generator = engines.load_generator(model)
        if own is not None:
            generator = _with_own(*own, patient, generator)
        intent = Intent(subject_id=patient, edits=edits, seed=seed, strength=strength)
        metagene_vector(intent, generator)
        tell(0.1, "reading the scan")
        scan = engines.read_ct(background, series)
        intent = Intent(patient, (), edits, NoduleSite(scan.series_uid, point), seed, strength)
        request = resolve(intent, Facts(scan, generator))
        if request is None:
            raise InputError("expected the id of a patient", "--patient")
        tell(0.4, "outlining the lung")
        lung = engines.lung_mask(scan)
        check_site(scan, lung, point)
        tell(0.7, "making the nodule")
        result = engines.make_synthesiser(generator).synthesise(scan, request, lung=lung)
        tell(0.9, "writing")
        return scan, result, make_recipe(result, intent, scan, background)


def _with_own(
    table: Path, scale: ScaleName | None, patient: str, generator: Generator
) -> Generator:
    """Return the generator with a patient of the person's own table."""
    from napari_radiogen.domain import Subject
    from napari_radiogen.inference.patient_genes import meet_model
    from napari_radiogen.io.expression_tables import read_expression_table
    from napari_radiogen.session.reference import Reference

    found = read_expression_table(table, scale=scale.value if scale else None)
    feed = meet_model(found, generator.metagenes)
    for line in (*found.warnings, *feed.warnings):
        typer.echo(f"radiogen: {table.name}: warning: {line}", err=True)
    own = Subject(patient, patient, "own")
    place = Reference(generator).map_position
    return generator.with_patients([own], feed.vector(patient)[None], place)


def _write(
    scan: CTVolume,
    results: Sequence[SynthesisResult],
    output: Path,
    record: Recipe | None = None,
    recipe: Path | None = None,
) -> None:
    """Write the volume and, if asked for, the recipe: both or neither."""
    from napari_radiogen.io.labels import write_volume
    from napari_radiogen.io.save import save_together
    from napari_radiogen.session.exports import synthetic_volume
    from napari_radiogen.session.recipe import save

    parts = [(output, partial(write_volume, synthetic_volume(scan, *results)))]
    if record is not None and recipe is not None:
        parts.append((recipe, partial(save, record)))
    save_together(*parts)


def _parse_point(text: str) -> Point:
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"expected x,y,z in mm, got {text!r}", param_hint="--at") from None
    if not all(math.isfinite(c) for c in (x, y, z)):
        raise typer.BadParameter("expected finite numbers", param_hint="--at")
    return x, y, z


def _parse_edits(changes: list[str]) -> Edits:
    edits: dict[str, float] = {}
    for change in changes:
        name, _, value = change.partition("=")
        try:
            score = float(value)
        except ValueError:
            score = math.nan
        if not name or not math.isfinite(score):
            raise typer.BadParameter(f"expected NAME=SCORE, got {change!r}", param_hint="--set")
        if abs(score) > METAGENE_Z_LIMIT:
            raise InputError(
                f"expected a z-score within +-{METAGENE_Z_LIMIT:g}, got {score:g}", name
            )
        edits[name] = score
    return tuple(edits.items())


def region_box(scan: CTVolume, result: SynthesisResult) -> dict[str, Any] | None:
    """Return the box that holds every changed voxel, or None when there is none.

    Voxels are z, y, x with the stop excluded; LPS points are the centres of
    its first and last voxel, x, y, z in mm.
    """
    import numpy as np

    inside = np.argwhere(result.region.labels > 0)
    if not len(inside):
        return None
    start = inside.min(axis=0) + result.start_zyx
    stop = inside.max(axis=0) + result.start_zyx + 1
    corners = scan.geometry.index_to_lps([start, stop - 1])
    return {
        "start_voxel": start.tolist(),
        "stop_voxel": stop.tolist(),
        "first_lps_mm": corners[0].tolist(),
        "last_lps_mm": corners[1].tolist(),
        "voxels": len(inside),
    }


def _report(
    scan: CTVolume,
    result: SynthesisResult,
    output: Path,
    seconds: float,
    as_json: bool,
    **more: object,
) -> None:
    from napari_radiogen.cli.output import print_json

    request, origin = result.request, result.provenance
    if not as_json:
        sizes = ", ".join(f"{name} {value:.4g}" for name, value in result.measurements.items())
        typer.echo(f"{output}: SYNTHETIC nodule of {request.subject_id or 'a group mean'}; {sizes}")
        typer.echo(f"model {origin.model}, cohort {origin.cohort}. {RESEARCH_USE}.")
        return
    print_json(
        {
            "output": output,
            "synthetic": True,
            "patient": request.subject_id,
            "seed": request.seed,
            "strength": request.strength,
            "centre_lps_mm": request.site.centre_lps_mm,
            "region": region_box(scan, result),
            "measurements": result.measurements,
            "model": origin.model,
            "digest": origin.weights_digest,
            "cohort": origin.cohort,
            "seconds": round(seconds, 3),
            "research_use": RESEARCH_USE,
            **more,
        }
    )
