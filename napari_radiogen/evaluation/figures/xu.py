"""Figures 2 and 3 of Xu 2019: what the generator gives, and the comparison of methods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.evaluation.figures.bench import Bench, heads
from napari_radiogen.evaluation.figures.page import Model, Page
from napari_radiogen.evaluation.figures.sheets import CHOSEN, required, row_of, sheet_page
from napari_radiogen.evaluation.figures.tiles import Tile, TileRow, TileSheet
from napari_radiogen.evaluation.tables.given import GivenModels
from napari_radiogen.inference.painting import Painter, RawNodules

#: Columns of figure 3 as published.
FIG3_COLUMNS = 7
#: The proposed generator's systems, and what the figures call them.
PROPOSED = {"mcgan-paper": "as published", "mcgan": "plus mode"}


def generator_outputs(models: GivenModels, bench: Bench, system: str) -> Page:
    """Draw figure 2: background, synthesis, background weight and mask, of two subjects.

    Parameters
    ----------
    system
        Which of ``PROPOSED``.

    Raises
    ------
    ModelError
        Without a generator of that system.
    """
    painter = required(models.painters_of(system), system)
    rows = densest_and_faintest(bench)
    seen, made = bench.backgrounds(rows), painted(painter, bench, rows)
    lines = [
        TileRow(
            f"({letters})  Genes of\n{name}, whose\nnodule is {nature}",
            (
                Tile(seen[i], name),
                Tile(made.image_hu[i], name, "synthetic"),
                Tile(1 - made.weight[i], name, "weight"),
                Tile(made.mask[i], name, "mask"),
            ),
        )
        for i, (letters, name, nature) in enumerate(
            zip(("a-d", "e-h"), bench.ids(rows), ("dense", "faint"), strict=True)
        )
    ]
    columns = ("Background", f"Synthesis, {SYNTHETIC}", "Background weight", "Mask")
    return sheet_page(
        f"xu-2019-figure-2-{system}",
        f"Xu 2019, figure 2, remade: outputs of the generator, {PROPOSED[system]}",
        "Genes of two test subjects, the densest and the faintest real nodule of the larger half, "
        f"on backgrounds of other test patients. The synthesis is {SYNTHETIC} and shown before "
        "composition. Weight of the background in the last blend: black 0, light yellow 1; mask "
        "probability: black 0, white 1.",
        models=[painter],
        bench=bench,
        rows=rows,
        sheet=TileSheet(tuple(lines), columns, bench.cohort.pixel_mm, tile_in=1.5),
    )


def compared_methods(models: GivenModels, bench: Bench) -> Page:
    """Draw figure 3: real nodule, background, in-painting, baseline and proposed.

    Raises
    ------
    ModelError
        Without an in-painting model, a baseline or a proposed generator.
    """
    filler = required(models.fillers, "inpainting")
    baseline = required(models.painters_of("mcgan-baseline"), "mcgan-baseline")
    proposed = [p for system in PROPOSED for p in models.painters_of(system)[:1]]
    required(proposed, " or ".join(PROPOSED))
    rows = bench.pick(FIG3_COLUMNS)
    names, seen = bench.ids(rows), bench.backgrounds(rows)
    lines = [
        row_of("Real nodule,\nwhose genes\nare used", bench.real(rows), names),
        row_of("Background", seen, names),
        row_of(f"In-painting\n{SYNTHETIC}", filler.fill(seen).composed_hu, names, "synthetic"),
    ]
    for words, painter in (
        ("Baseline", baseline),
        *((f"Proposed,\n{PROPOSED[p.system]}", p) for p in proposed),
    ):
        images = painted(painter, bench, rows).image_hu
        lines.append(row_of(f"{words}\n{SYNTHETIC}", images, names, "synthetic"))
    used: list[Model] = [filler, baseline, *proposed]
    return sheet_page(
        "xu-2019-figure-3",
        "Xu 2019, figure 3, remade: comparison of methods",
        f"Columns: {CHOSEN}. Backgrounds are nodule-free slices of other test patients. "
        f"In-painting (Jin 2018) erases and fills a disc of {filler.hole_mm:.0f} mm and reads no "
        "genes; baseline: MC-GAN (Park 2018), genes in place of words. Baseline and proposed "
        f"before composition. All rows but the first two are {SYNTHETIC}.",
        models=used,
        bench=bench,
        rows=rows,
        sheet=TileSheet(tuple(lines), heads(bench, rows), bench.cohort.pixel_mm, tile_in=0.9),
    )


def densest_and_faintest(bench: Bench) -> list[int]:
    """Return the subjects with the densest and the faintest nodule of the larger half."""
    large = np.flatnonzero(bench.areas_mm2 >= np.median(bench.areas_mm2))
    density = np.asarray(bench.plan.truth["mean_hu"])[large]
    return [int(large[density.argmax()]), int(large[density.argmin()])]


def painted(painter: Painter, bench: Bench, rows: Sequence[int]) -> RawNodules:
    """Paint the subjects' nodules at their centre on their backgrounds."""
    centre = np.zeros(len(rows), dtype=np.float32)
    genes = bench.scores(painter.metagenes, rows)
    return painter.generate(bench.backgrounds(rows), genes, centre, bench.noise(rows))
