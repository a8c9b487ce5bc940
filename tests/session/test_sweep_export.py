"""A sweep as a strip and as a film."""

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from napari_radiogen.constants import SYNTHETIC
from napari_radiogen.errors import Cancelled
from napari_radiogen.session import Session
from napari_radiogen.session.sweep_export import write_sweep
from napari_radiogen.session.sweep_figure import compose_strip
from tests.session.fakes import CENTRE, make_engines, make_scan


@pytest.fixture
def session():
    made = Session(engines=make_engines(), seed=1)
    made.load_models()
    made.open_scan(make_scan())
    made.choose_subject("S-0001")
    made.place(CENTRE)
    return made


@pytest.fixture
def sweep(session):
    found = []
    session.sheets.sweep_changed.connect(found.append)
    session.sheets.sweep("M01", (-2.0, 0.0, 2.0))
    return found[-1]


def words(figure):
    titles = [axes.get_title() for axes in figure.axes]
    return " ".join([*titles, *(text.get_text() for text in figure.texts)])


def test_a_strip_shows_every_position_and_both_curves(sweep):
    figure = compose_strip(sweep, "mcgan-fake", "planted:seed-0")
    text = words(figure)
    for word in ("-2.00", "+0.00", "+2.00", "Diameter, mm", "Mean, HU", "mcgan-fake",
                 "SYNTHETIC", "invented expression", "Research use only"):  # fmt: skip
        assert word in text
    curve = next(a for a in figure.axes if a.get_title() == "Diameter, mm").lines[0]
    np.testing.assert_allclose(curve.get_ydata(), sweep.curve("diameter"))


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_strip_is_written_by_its_suffix(session, sweep, tmp_path, suffix):
    session.sheets.save_sweep(sweep, tmp_path / f"sweep.{suffix}")
    assert (tmp_path / f"sweep.{suffix}").stat().st_size > 5000


def test_a_gif_rises_falls_and_loops(session, sweep, tmp_path):
    done = []
    session.exported.connect(done.append)
    path = tmp_path / "sweep.gif"
    session.sheets.save_sweep(sweep, path)
    assert done == [str(path)]
    film = iio.imread(path)
    assert len(film) == 4  # three positions and one back
    assert not np.array_equal(film[0], film[1])
    picture = Image.open(path)
    assert picture.info["loop"] == 0
    assert SYNTHETIC.encode() in picture.info["comment"]


def test_an_mp4_plays_the_same_frames(session, sweep, tmp_path):
    pytest.importorskip("imageio_ffmpeg", reason="MP4 needs imageio-ffmpeg")
    path = tmp_path / "sweep.mp4"
    session.sheets.save_sweep(sweep, path)
    film = iio.imread(path, plugin="FFMPEG")
    assert film.shape == (4, 540, 960, 3)
    assert np.abs(film[0].astype(float) - film[2].astype(float)).mean() > 1
    assert [p.name for p in tmp_path.iterdir()] == ["sweep.mp4"]


def test_a_stopped_film_leaves_nothing(sweep, tmp_path):
    with pytest.raises(Cancelled):
        write_sweep(sweep, "m", "planted", tmp_path / "sweep.gif", cancelled=lambda: True)
    assert list(tmp_path.iterdir()) == []


def test_another_suffix_is_refused_in_one_line(session, sweep, tmp_path):
    said = []
    session.failed.connect(said.append)
    session.sheets.save_sweep(sweep, tmp_path / "sweep.avi")
    assert ".gif" in said[0]
    assert list(tmp_path.iterdir()) == []
