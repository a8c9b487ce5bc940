"""Figures 5, 7 and 8 of Li 2018: outlined tumours, the autoencoder H, the CGAN."""

from __future__ import annotations

import math

import numpy as np

from napari_radiogen.analysis.segmentation import dice
from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.evaluation.figures.bench import Bench, heads
from napari_radiogen.evaluation.figures.page import MARGIN, Page
from napari_radiogen.evaluation.figures.sheets import CHOSEN, required, row_of, sheet_page
from napari_radiogen.evaluation.figures.tiles import (
    Tile,
    TileRow,
    TileSheet,
    box_around,
    square_around,
)
from napari_radiogen.evaluation.tables.given import GivenModels
from napari_radiogen.inference.region_painters import SHEET

#: Columns of figures 5, 7 and 8 as published.
FIG5_COLUMNS, FIG7_COLUMNS, FIG8_COLUMNS = 4, 6, 6
#: Synthetic rows of figure 8 as published.
FIG8_ROWS = "abc"
#: Seed of the CGAN's noise, the same for every patient.
SHEET_SEED = 0
#: Pixels around the box in a close-up.
CLOSE_UP_PX = 3


def outlined_tumours(models: GivenModels, bench: Bench) -> Page:
    """Draw figure 5: tumours with mask and bounding box, and their close-ups.

    Raises
    ------
    ModelError
        Without a U-Net.
    """
    unet = required(models.unets, "unet")
    rows = bench.pick(FIG5_COLUMNS)
    images, truth = bench.real(rows), bench.masks(rows)
    found = unet.masks(images, bench.cohort.pixel_mm)
    whole, close = [], []
    for name, image, own, readers in zip(bench.ids(rows), images, found, truth, strict=True):
        box = box_around(own)
        overlap = f"Dice {dice(own, readers, both_empty=0.0):.2f}" if box else "not found"
        view = square_around(box or box_around(readers) or (0, 0, 0, 0), CLOSE_UP_PX, len(image))
        whole.append(Tile(image, name, filled=own, box=box, note=overlap))
        close.append(Tile(image, name, outline=readers, contour=own, view=view))
    lines = (TileRow("a  Slice with\nthe U-Net's\nmask and box", tuple(whole)),
             TileRow("b  Close-up", tuple(close)))  # fmt: skip
    return sheet_page(
        "li-2018-figure-5",
        "Li 2018, figure 5, remade: tumours with mask and bounding box",
        f"Columns: {CHOSEN}; the images are real. Blue: the U-Net's mask; red: its bounding box; "
        "yellow in the close-ups: the readers' outline. Dice of mask and outline between the rows.",
        models=[unet],
        bench=bench,
        rows=rows,
        sheet=TileSheet(lines, heads(bench, rows), bench.cohort.pixel_mm, tile_in=1.5),
    )


def mapped_tumours(models: GivenModels, bench: Bench) -> Page:
    """Draw figure 7: image to image through genes, genes to image, and the real tumours.

    Raises
    ------
    ModelError
        Without an autoencoder.
    """
    mapper = required(models.mappers, "autoencoder")
    rows = bench.pick(FIG7_COLUMNS)
    images, names = bench.real(rows), bench.ids(rows)
    again = mapper.autoencode(images, bench.masks(rows))
    from_genes = mapper.to_images(bench.unit_genes(mapper.scale, rows))
    lines = (
        row_of(f"a  Image to image\n{SYNTHETIC}", again, names, "synthetic"),
        row_of(f"b  Genes to image\n{SYNTHETIC}", from_genes, names, "synthetic"),
        row_of("gt  Real tumour", images, names),
    )
    return sheet_page(
        "li-2018-figure-7",
        "Li 2018, figure 7, remade: image to image, genes to image, truth",
        f"Columns: {CHOSEN}. Row a: the autoencoder's output, tumour region to predicted genes to "
        "region. Row b: its decoder's output from the subject's own genes. Rows a and b are "
        f"{SYNTHETIC}.",
        models=[mapper],
        bench=bench,
        rows=rows,
        sheet=TileSheet(lines, heads(bench, rows), bench.cohort.pixel_mm),
    )


def tumours_by_patient(models: GivenModels, bench: Bench) -> Page:
    """Draw figure 8: nodules that the CGAN paints from each patient's genes.

    Raises
    ------
    ModelError
        Without a CGAN.
    """
    painter = required(models.sheets, "cgan")
    rows = bench.pick(FIG8_COLUMNS)
    names = bench.ids(rows)
    scores = bench.scores(painter.metagenes, rows)
    made = np.stack([painter.sheet(s, SHEET_SEED, count=len(FIG8_ROWS)) for s in scores])
    lines = [
        row_of(f"{letter}  From genes,\nnoise {i + 1}\n{SYNTHETIC}", made[:, i], names, "synthetic")
        for i, letter in enumerate(FIG8_ROWS)
    ]
    lines.append(row_of("gt  Real tumour", bench.real(rows), names))
    return sheet_page(
        "li-2018-figure-8",
        "Li 2018, figure 8, remade: synthetic tumours by patient",
        f"Columns: {CHOSEN}. Rows a to c: tumours with surroundings that the CGAN paints from the "
        f"metagenes of the subject below and three draws of noise, {SYNTHETIC}.",
        models=[painter],
        bench=bench,
        rows=rows,
        sheet=TileSheet(tuple(lines), heads(bench, rows), bench.cohort.pixel_mm),
    )


def sheet_of_one_patient(models: GivenModels, bench: Bench) -> Page:
    """Draw the CGAN's sheet: 64 nodules, eight by eight, of one patient's genes.

    Raises
    ------
    ModelError
        Without a CGAN.
    """
    painter = required(models.sheets, "cgan")
    rows = bench.pick(1)
    (name,) = bench.ids(rows)
    made = painter.sheet(bench.scores(painter.metagenes, rows)[0], SHEET_SEED)
    side = math.isqrt(SHEET)
    labels = [f"{SYNTHETIC}\nfrom the genes\nof {name}", *[""] * (side - 1)]
    lines = tuple(
        row_of(label, made[i * side : (i + 1) * side], (name,) * side, "synthetic")
        for i, label in enumerate(labels)
    )
    sheet = TileSheet(lines, (), bench.cohort.pixel_mm, tile_in=0.72)
    page = sheet_page(
        "li-2018-figure-8-sheet",
        f"Li 2018, {SHEET} tumours of one patient's genes",
        f"{SHEET} tumours with surroundings that the CGAN paints from the metagenes of one test "
        f"subject, that of median size, and as many draws of noise: {SYNTHETIC}. Lower left: the "
        "subject's real tumour.",
        models=[painter],
        bench=bench,
        rows=rows,
        sheet=sheet,
    )
    real = row_of("", bench.real(rows), (name,))
    own = TileSheet((real,), ("Real tumour",), bench.cohort.pixel_mm, tile_in=0.95)
    own.draw(page.figure, MARGIN, sheet.bottom_in(page.figure))
    return page
