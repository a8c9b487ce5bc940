import numpy as np
import pytest

from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.figures.xu import (
    compared_methods,
    densest_and_faintest,
    generator_outputs,
)
from napari_radiogen.evaluation.tables.given import GivenModels
from tests.evaluation.figures.reading import assert_says_what_it_is, tiles, words
from tests.evaluation.figures.stand_ins import MARK, Painter


def test_figure_2_shows_four_outputs_of_a_dense_and_a_faint_subject(bench, models):
    page = generator_outputs(models, bench, "mcgan")
    dense, faint = page.subjects
    density = {s.subject_id: s.attributes["mean_hu"] for s in bench.plan.subjects}
    assert density[dense] > density[faint]
    shown = tiles(page)
    kinds = ["real", "synthetic", "weight", "mask"]
    assert [(k, s) for k, s, _ in shown] == [(k, n) for n in (dense, faint) for k in kinds]
    rows = densest_and_faintest(bench)
    genes = bench.scores(models.painters[0].metagenes, rows)
    for case in range(2):
        seen, made, weight, mask = (pixels for _, _, pixels in shown[4 * case : 4 * case + 4])
        assert (seen == bench.backgrounds(rows)[case]).all()
        assert made[MARK] == genes[case, 0]
        assert np.delete(made - seen, MARK[0], axis=0).any() == False  # noqa: E712
        np.testing.assert_array_equal(weight, 1 - mask)
    assert_says_what_it_is(page, models.painters[0])
    assert "Synthesis, SYNTHETIC" in words(page)
    assert "plus mode" in page.title
    assert page.key == "xu-2019-figure-2-mcgan"


def test_figure_3_compares_the_methods_on_the_same_genes_and_backgrounds(bench, models):
    page = compared_methods(models, bench)
    shown = tiles(page)
    assert len(shown) == 6 * 7
    assert [s for _, s, _ in shown] == list(page.subjects) * 6
    assert [k for k, _, _ in shown] == ["real"] * 14 + ["synthetic"] * 28
    rows = bench.pick(7)
    seen, genes = bench.backgrounds(rows), bench.scores(models.painters[0].metagenes, rows)
    pictures = np.stack([p for _, _, p in shown]).reshape(6, 7, 64, 64)
    np.testing.assert_array_equal(pictures[0], bench.real(rows))
    np.testing.assert_array_equal(pictures[1], seen)
    assert (pictures[2][:, 20:40, 20:40] == 0).all()
    np.testing.assert_array_equal(pictures[2][:, :20], seen[:, :20])
    for row in (3, 4, 5):
        np.testing.assert_array_equal(pictures[row][:, MARK[0], MARK[1]], genes[:, 0])
        np.testing.assert_array_equal(pictures[row][:, 10:], seen[:, 10:])
    assert_says_what_it_is(page, models.fillers[0], *models.painters)
    labels = [" ".join(text.get_text().split()) for text in page.figure.texts]
    order = [
        "Real nodule, whose genes are used",
        "Background",
        "In-painting SYNTHETIC",
        "Baseline SYNTHETIC",
        "Proposed, as published SYNTHETIC",
        "Proposed, plus mode SYNTHETIC",
    ]
    assert [label for label in labels if label in order] == order


def test_figure_3_has_the_papers_five_rows_with_one_proposed_generator(bench, models):
    chosen = GivenModels(
        fillers=models.fillers, painters=(Painter("mcgan"), Painter("mcgan-baseline"))
    )
    assert len(tiles(compared_methods(chosen, bench))) == 5 * 7


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"fillers": ()}, "inpainting"),
        ({"painters": (Painter("mcgan"),)}, "mcgan-baseline"),
        ({"painters": (Painter("mcgan-baseline"),)}, "mcgan-paper or mcgan"),
    ],
)
def test_figure_3_names_the_missing_model_in_one_line(lacking, words, bench, models):
    given = {"fillers": models.fillers, "painters": models.painters, **lacking}
    with pytest.raises(ModelError, match=f"needs a model of system {words}") as caught:
        compared_methods(GivenModels(**given), bench)
    assert "\n" not in str(caught.value)


def test_figure_2_names_the_missing_mode(bench):
    with pytest.raises(ModelError, match="needs a model of system mcgan-paper"):
        generator_outputs(GivenModels(painters=(Painter("mcgan"),)), bench, "mcgan-paper")
