import pytest
from PIL import Image

from napari_radiogen.errors import RadiogenError
from napari_radiogen.evaluation.figures.book import (
    FIGURES,
    FigureReport,
    draw_figures,
    save_figures,
)
from napari_radiogen.evaluation.figures.li import mapped_tumours
from napari_radiogen.evaluation.tables.given import GivenModels
from napari_radiogen.evaluation.tables.study import Study


@pytest.fixture(scope="module")
def page(models, bench):
    return mapped_tumours(models, bench)


def test_all_figures_of_the_papers_are_drawn_where_every_model_is_there(cohort, models):
    told = []
    study = Study(cohort, models, progress=lambda done, what: told.append((done, what)))
    report = draw_figures(study)
    assert report.left_out == {}
    assert [p.key for p in report.pages] == list(FIGURES)
    papers = [p.title.split(":")[0] for p in report.pages]
    for figure in ("Li 2018, figure 5", "Li 2018, figure 6", "Li 2018, figure 7",
                   "Li 2018, figure 8", "Xu 2019, figure 2", "Xu 2019, figure 3",
                   "Xu 2019, figure 4"):  # fmt: skip
        assert any(p.startswith(figure) for p in papers)
    assert all("Research use only" in p.caption and p.subjects for p in report.pages)
    test = {s.subject_id for s in cohort.split.test}
    assert all(set(p.subjects) <= test for p in report.pages)
    assert [what for _, what in told] == [f"figures: {name}" for name in FIGURES]


def test_without_models_every_figure_says_what_it_lacks(cohort):
    report = draw_figures(Study(cohort, GivenModels()))
    assert report.pages == ()
    assert list(report.left_out) == list(FIGURES)
    assert all("needs a model of system" in reason for reason in report.left_out.values())


def test_files_are_png_and_text_that_stays_text(page, tmp_path):
    save_figures(FigureReport((page,), {"xu-2019-figure-3": "needs a model"}), tmp_path / "figures")
    folder = tmp_path / "figures"
    names = [f"li-2018-figure-7.{kind}" for kind in ("pdf", "png", "svg")]
    assert sorted(f.name for f in folder.iterdir()) == ["figures.md", *names]
    picture = Image.open(folder / "li-2018-figure-7.png")
    assert picture.size[0] > 1200
    svg = (folder / "li-2018-figure-7.svg").read_text()
    assert "Real tumour</text>" in svg
    assert f'id="synthetic {page.subjects[0]}"' in svg
    text = (folder / "figures.md").read_text()
    assert page.caption in text
    assert "(li-2018-figure-7.png)" in text
    assert "- xu-2019-figure-3: needs a model" in text


def test_the_same_page_gives_the_same_svg(page, tmp_path):
    for name in ("a", "b"):
        save_figures(FigureReport((page,), {}), tmp_path / name)
    one, two = ((tmp_path / n / "li-2018-figure-7.svg").read_bytes() for n in ("a", "b"))
    assert one == two


def test_a_full_or_forbidden_disk_is_one_line(page, tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page.figure, "savefig", refuse)
    with pytest.raises(RadiogenError, match="No space left") as caught:
        save_figures(FigureReport((page,), {}), tmp_path / "figures")
    assert "\n" not in str(caught.value)
