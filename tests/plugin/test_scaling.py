"""The window on a screen of two pixels a point, as 4K screens are used."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from qtpy.QtCore import QSize
from qtpy.QtGui import QImage

from napari_radiogen.plugin.sharp import fitted

ROOT = Path(__file__).parents[2]
TIME_LIMIT_S = 250


@pytest.fixture(scope="module")
def doubled(tmp_path_factory):
    """What a window measured of itself at twice the scale, and its picture."""
    folder = tmp_path_factory.mktemp("doubled")
    env = os.environ | {"QT_SCALE_FACTOR": "2", "PYTHONPATH": str(ROOT)}
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        env[name] = str(folder / name.lower())
    words = [sys.executable, "-m", "tests.plugin.scaled_window", str(folder / "window.png")]
    done = subprocess.run(
        words, env=env, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1]), QImage(str(folder / "window.png"))


def test_the_window_keeps_its_size_in_points_and_has_four_times_the_pixels(doubled):
    told, picture = doubled
    assert told["ratio"] == 2
    assert told["window"] == [1280, 800]
    assert (picture.width(), picture.height()) == (2560, 1600)
    assert told["canvas"][1] == [2 * side for side in told["canvas"][0]]


def test_pictures_have_a_pixel_for_each_of_the_screen(doubled):
    told, _ = doubled
    for name, (pixels, points, ratio) in told["pictures"].items():
        assert ratio == 2, name
        assert pixels == pytest.approx(2 * points, abs=4), name


def test_no_words_are_clipped_at_1280_by_800(doubled):
    told, _ = doubled
    assert told["clipped"] == []


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_picture_is_scaled_to_the_pixels_and_shown_in_points(qapp, ratio):
    made = fitted(QImage(300, 200, QImage.Format.Format_RGB888), QSize(90, 90), ratio)
    assert (made.width(), made.height()) == (90 * ratio, 60 * ratio)
    assert made.devicePixelRatioF() == ratio
