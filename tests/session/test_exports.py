import json

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from matplotlib.contour import ContourSet
from PIL import Image

from napari_radiogen.io.read import read_ct
from napari_radiogen.session import Session, recipe
from napari_radiogen.session.exportable import Exportable
from napari_radiogen.session.figure import COHORT_NOTES, cohort_note, compose_figure, save_figure
from napari_radiogen.session.figure_choice import PANELS, FigureChoice
from napari_radiogen.session.figure_genes import shown_metagenes
from napari_radiogen.session.sections import section_around, section_through
from tests.session.fakes import CENTRE, SERIES, FakeGenerator, make_engines, make_scan


@pytest.fixture
def exported(session, told):
    done = []
    session.exported.connect(done.append)
    session.set_metagene("M01", 1.5)
    return done


def test_a_figure_lies_beside_the_recipe_that_makes_it_again(tmp_path, session, exported):
    path = tmp_path / "nodule.png"
    session.export_figure(path)
    assert exported == [str(path)]
    assert Image.open(path).size == (2338, 1654)
    record = recipe.load(tmp_path / "nodule.recipe.json")
    again = recipe.replay(record, session.scan, make_engines())
    np.testing.assert_array_equal(again.composed.voxels, session.result.composed.voxels)


@pytest.fixture(scope="module")
def exportable():
    session = Session(generator=FakeGenerator(), engines=make_engines())
    session.open_scan(make_scan())
    session.place(CENTRE)
    session.set_metagene("M01", 1.5)
    reference = session.models.reference
    return Exportable(
        session.scan, None, session.result, session.state.intent, session.generator, reference
    )


@pytest.fixture(scope="module")
def figure(exportable):
    return compose_figure(exportable)


def test_svg_text_is_text_and_says_what_it_is(tmp_path, figure):
    save_figure(figure, tmp_path / "nodule.svg")
    text = (tmp_path / "nodule.svg").read_text()
    for words in ("SYNTHETIC", "Research use only", "invented expression", "mcgan-fake", "M01 *"):
        assert words in text
    assert SERIES not in text


def words_of(figure):
    return [text.get_text() for axes in figure.axes for text in (axes.title, *axes.texts)] + [
        text.get_text() for text in figure.texts
    ]


@pytest.mark.parametrize("left_out", list(PANELS))
def test_a_panel_that_is_not_chosen_is_not_drawn(exportable, left_out):
    mark = {
        "planes": "Coronal", "close-ups": "Difference, HU", "measurements": "Volume",
        "metagenes": "Metagenes", "map": "Learned gene codes",
    }  # fmt: skip
    choice = FigureChoice(caption="Figure 2: a caption").with_panel(left_out, False)
    words = " ".join(words_of(compose_figure(exportable, choice)))
    for panel, word in mark.items():
        assert (word in words) is (panel != left_out)
    for word in ("SYNTHETIC", "Research use only", "mcgan-fake", "Figure 2: a caption"):
        assert word in words


@pytest.mark.parametrize("panel", list(PANELS))
def test_one_panel_alone_makes_a_low_page(exportable, panel):
    figure = compose_figure(exportable, FigureChoice(panels=(panel,)))
    assert figure.get_figheight() < compose_figure(exportable).get_figheight()


def test_outlines_are_drawn_only_when_asked_for(exportable):
    def outlines(shown):
        figure = compose_figure(exportable, FigureChoice(panels=("planes",), outlines=shown))
        return sum(isinstance(c, ContourSet) for a in figure.axes for c in a.collections)

    assert outlines(False) == 0
    assert outlines(True) == 3  # the nodule in each plane; there are no tumours


def test_dpi_decides_the_pixels(tmp_path, session, exported):
    session.export_figure(tmp_path / "small.png", FigureChoice(dpi=100))
    assert Image.open(tmp_path / "small.png").size == (1169, 827)


@pytest.mark.parametrize(
    "wrong", [{"panels": ()}, {"panels": ("x",)}, {"dpi": 1}, {"caption": "a\nb"}]
)
def test_a_wrong_choice_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        FigureChoice(**wrong)


def test_pdf_text_is_truetype(tmp_path, figure):
    save_figure(figure, tmp_path / "nodule.pdf")
    data = (tmp_path / "nodule.pdf").read_bytes()
    assert b"CIDFontType2" in data
    assert b"/Subtype /Type3" not in data


def test_a_volume_is_the_scan_but_for_the_region(tmp_path, session, exported):
    path = tmp_path / "nodule.nii.gz"
    session.export_volume(path)
    written = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    np.testing.assert_array_equal(written, session.result.paste_into(session.scan.voxels))
    assert not np.array_equal(written, session.scan.voxels)
    values = json.loads((tmp_path / "nodule.recipe.json").read_text())
    assert values["genes"]["edits"] == {"M01": 1.5}
    assert values["synthetic"] is True


@pytest.mark.parametrize("name", ["nodule.jpg", "nodule", "nowhere/nodule.png"])
def test_a_name_that_cannot_be_written_is_one_line(tmp_path, session, told, name):
    session.export_figure(tmp_path / name)
    assert len(told.failed) == 1
    assert "\n" not in told.failed[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["nodule.png", "nodule.nii.gz"])
def test_an_export_that_fails_leaves_the_older_pair(tmp_path, session, told, monkeypatch, name):
    def refuse(temporary, *_):
        raise OSError(28, "No space left on device")

    path, beside = tmp_path / name, tmp_path / "nodule.recipe.json"
    path.write_text("older")
    beside.write_text("older recipe")
    export = session.export_figure if name.endswith("png") else session.export_volume
    with monkeypatch.context() as patch:
        patch.setattr("napari_radiogen.session.figure.save_figure", lambda _, p, dpi: refuse(p))
        patch.setattr("napari_radiogen.io.labels.write_volume", lambda _, p, **__: refuse(p))
        export(path)
    with monkeypatch.context() as patch:
        patch.setattr("napari_radiogen.session.exports.save_all", refuse)
        export(path)
    assert len(told.failed) == 2
    assert all("No space left" in line and ".radiogen-" not in line for line in told.failed)
    assert (path.read_text(), beside.read_text()) == ("older", "older recipe")
    assert sorted(tmp_path.iterdir()) == sorted([path, beside])


def test_a_series_is_marked_new_and_without_identity(tmp_path, session, exported):
    folder = tmp_path / "series"
    session.export_series(folder)
    assert exported == [str(folder)]
    headers = [pydicom.dcmread(p) for p in sorted(folder.iterdir())]
    assert len(headers) == session.scan.geometry.shape[0]
    for header in headers:
        assert header.SeriesDescription.startswith("SYNTHETIC nodule - Research use only")
        assert header.ImageType[0] == "DERIVED"
        assert header.PatientID.startswith("SYNTHETIC-")
        assert SERIES not in str(header)
        assert not header.PatientBirthDate
    assert len({h.SOPInstanceUID for h in headers}) == len(headers)
    again = read_ct(folder)
    np.testing.assert_array_equal(
        again.voxels, session.result.paste_into(session.scan.voxels).astype(np.int16)
    )
    assert again.geometry.is_close(session.scan.geometry)
    assert again.synthetic
    record = recipe.load(tmp_path / "series.recipe.json")
    made = recipe.replay(record, session.scan, make_engines())
    np.testing.assert_array_equal(made.composed.voxels, session.result.composed.voxels)


def test_a_series_that_fails_leaves_nothing(tmp_path, session, told, monkeypatch):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    session.export_series(taken)
    assert "already exists" in told.failed[-1]
    session.export_series(tmp_path / "nowhere" / "series")
    assert "does not exist" in told.failed[-1]

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_radiogen.io.dicom_write.pydicom.dcmwrite", refuse)
    session.export_series(tmp_path / "full")
    assert "No space left" in told.failed[-1]
    assert len(told.failed) == 3
    assert all("\n" not in line and ".radiogen-" not in line for line in told.failed)
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]
    assert (taken / "mine.txt").read_text() == "mine"


def test_nothing_is_exported_before_there_is_a_nodule(tmp_path, session, told):
    session.open_scan(make_scan())
    session.save_recipe(tmp_path / "r.json")
    assert "no finished" in told.failed[0]
    assert list(tmp_path.iterdir()) == []


def test_every_kind_of_cohort_is_explained():
    assert "invented" in cohort_note("planted:seed-0")
    assert set(COHORT_NOTES) == {"planted", "phantom", "surrogate", "real"}
    assert cohort_note("other:x") == "cohort other:x"


def test_edited_metagenes_always_show():
    vector = np.arange(50) / 10
    assert shown_metagenes(vector, [0], count=4) == [0, 47, 48, 49]


def test_sections_follow_the_patient_not_the_array():
    scan = make_scan()
    turned = scan.geometry.crop((0, 0, 0), scan.geometry.shape)
    flipped = type(turned)(
        turned.shape,
        turned.spacing_mm,
        tuple(turned.index_to_lps((turned.shape[0] - 1, turned.shape[1] - 1, 0))),
        (1, 0, 0, 0, -1, 0, 0, 0, -1),
    )
    for plane in ("axial", "coronal", "sagittal"):
        section = section_around((12.0, 17.0, -25.0), plane, 12.0, 1.5)
        upright = section.sample(scan.voxels, scan.geometry)
        again = section.sample(scan.voxels[::-1, ::-1], flipped)
        np.testing.assert_allclose(upright, again, atol=0.1)


def test_a_whole_section_spans_the_scan():
    scan = make_scan()
    section = section_through(scan.geometry, CENTRE, "coronal", 2.0)
    left, right, bottom, top = section.extent_mm
    assert right - left == pytest.approx(43 * 2, abs=2)
    assert bottom - top == pytest.approx(35 * 2, abs=2)
    assert section.points_mm[0, 0, 2] > section.points_mm[-1, 0, 2]
