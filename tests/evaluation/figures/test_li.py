import numpy as np
import pytest

from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.figures.li import (
    mapped_tumours,
    outlined_tumours,
    sheet_of_one_patient,
    tumours_by_patient,
)
from napari_radiogen.evaluation.figures.tiles import (
    BOX_COLOUR,
    MASK_COLOUR,
    box_around,
    square_around,
)
from napari_radiogen.evaluation.tables.given import GivenModels
from tests.evaluation.figures.reading import assert_says_what_it_is, tiles, words
from tests.evaluation.figures.stand_ins import MARK


def real_slice(bench, name):
    table = bench.cohort.slices
    row = np.flatnonzero((table["subject_id"] == name) & (table["central"] == 1))
    return bench.cohort.image[row[0]]


def test_figure_5_shows_each_tumour_with_mask_box_and_close_up(bench, models):
    page = outlined_tumours(models, bench)
    shown = tiles(page)
    assert len(shown) == 8
    assert [s for _, s, _ in shown] == list(page.subjects) * 2
    for kind, name, pixels in shown:
        assert kind == "real"
        assert (pixels == real_slice(bench, name)).all()
    whole, close = page.figure.axes[:4], page.figure.axes[4:]
    found = models.unets[0].masks(bench.real(bench.pick(4)), 0.75)
    for axes, lens, mask in zip(whole, close, found, strict=True):
        overlay = axes.images[1]
        assert (~np.ma.getmaskarray(overlay.get_array()) == mask).all()
        assert overlay.get_cmap()(0.5)[:3] == pytest.approx(rgb(MASK_COLOUR))
        (box,) = axes.patches
        top, bottom, left, right = box_around(mask)
        assert box.get_edgecolor()[:3] == pytest.approx(rgb(BOX_COLOUR))
        assert box.get_bbox().bounds == (left - 0.5, top - 0.5, right - left + 1, bottom - top + 1)
        assert lens.get_xlim()[0] < left < right < lens.get_xlim()[1]
        assert lens.get_xlim()[1] - lens.get_xlim()[0] < 40
    assert_says_what_it_is(page, models.unets[0])
    truth = bench.masks(bench.pick(4))
    overlaps = [2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in zip(found, truth, strict=True)]
    assert [a.texts[-1].get_text() for a in whole] == [f"Dice {d:.2f}" for d in overlaps]


def rgb(colour):
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def test_figure_5_says_where_nothing_was_found(bench, models):
    class Blind:
        name, digest = "blind", "f" * 64

        def masks(self, images_hu, pixel_mm):
            return np.zeros(images_hu.shape, bool)

    page = outlined_tumours(GivenModels(unets=(Blind(),)), bench)
    assert words(page).count("not found") == 4
    assert "Dice 0" not in words(page)


def test_figure_7_sets_both_directions_above_the_truth(bench, models):
    page = mapped_tumours(models, bench)
    shown = tiles(page)
    names = list(page.subjects)
    assert [(k, s) for k, s, _ in shown] == [
        *(("synthetic", n) for n in names * 2),
        *(("real", n) for n in names),
    ]
    genes = bench.unit_genes(models.mappers[0].scale, bench.pick(6))
    masks = bench.masks(bench.pick(6))
    for i, name in enumerate(names):
        truth = real_slice(bench, name)
        assert (shown[i][2] == truth + 1000 * masks[i]).all()
        assert shown[6 + i][2][MARK] == genes[i, 0]
        assert (shown[12 + i][2] == truth).all()
    assert_says_what_it_is(page, models.mappers[0])
    assert "SYNTHETIC" in page.caption
    for label in ("Image to image SYNTHETIC", "Genes to image SYNTHETIC", "Real tumour"):
        assert label in words(page)


def test_figure_8_paints_three_draws_from_each_patients_genes(bench, models):
    page = tumours_by_patient(models, bench)
    made = tiles(page, "synthetic")
    scores = bench.scores(models.sheets[0].metagenes, bench.pick(6))
    assert len(made) == 18
    for at, (_, name, pixels) in enumerate(made):
        draw, column = divmod(at, 6)
        assert name == page.subjects[column]
        assert pixels[MARK] == scores[column, 0]
        assert pixels[0, 0] == draw
    real = tiles(page, "real")
    assert [n for _, n, _ in real] == list(page.subjects)
    assert all((p == real_slice(bench, n)).all() for _, n, p in real)
    assert_says_what_it_is(page, models.sheets[0])


def test_the_sheet_holds_64_draws_of_one_patient_and_the_real_tumour(bench, models):
    page = sheet_of_one_patient(models, bench)
    made = tiles(page, "synthetic")
    assert {n for _, n, _ in made} == set(page.subjects)
    assert [p[0, 0] for _, _, p in made] == list(range(64))
    ((_, name, pixels),) = tiles(page, "real")
    assert (pixels == real_slice(bench, name)).all()
    assert_says_what_it_is(page, models.sheets[0])
    assert f"SYNTHETIC from the genes of {name}" in words(page)


@pytest.mark.parametrize(
    ("draw", "system"),
    [
        (outlined_tumours, "unet"),
        (mapped_tumours, "autoencoder"),
        (tumours_by_patient, "cgan"),
        (sheet_of_one_patient, "cgan"),
    ],
)
def test_a_missing_model_is_named_in_one_line(draw, system, bench):
    with pytest.raises(ModelError, match=f"needs a model of system {system}; name one") as caught:
        draw(GivenModels(), bench)
    assert "\n" not in str(caught.value)


def test_a_view_stays_square_and_inside_the_slice():
    assert square_around((0, 3, 0, 9), 3, 64) == (0, 15, 0, 15)
    assert square_around((50, 63, 60, 63), 3, 64) == (44, 63, 44, 63)
    assert square_around((0, 63, 0, 63), 3, 64) == (0, 63, 0, 63)
