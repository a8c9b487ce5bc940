"""The gallery: one scene of the real program, and how pictures are kept small."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from napari_radiogen.errors import RadiogenError
from napari_radiogen.session.ports import default_model_name
from scripts.gallery.__main__ import main
from scripts.gallery.pictures import smaller
from scripts.gallery.stage import Stage
from scripts.gallery.table import SCENES, SMALL


@pytest.fixture
def stage(qapp, tmp_path, monkeypatch):
    try:
        default_model_name()
    except RadiogenError as missing:
        pytest.skip(f"no generator is shipped: {missing}")
    monkeypatch.chdir(tmp_path)
    made = Stage(tmp_path, SMALL)
    yield made
    made.close()


def test_a_scene_of_the_real_program_is_a_picture_of_something(stage):
    image = Image.open(BytesIO(SCENES["patients"].draw(stage))).convert("RGB")
    pixels = np.asarray(image)
    assert pixels.shape[0] > 600
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 60
    # The table stands over the panel: its words and numbers part from their ground.
    table = pixels[110:380, 20:].astype(float).mean(axis=2)
    assert table.std() > 12
    assert (np.ptp(table, axis=1) > 100).mean() > 0.3
    assert stage.problems == []


def test_scenes_are_known_by_name(capsys):
    assert main(["no-such-scene"]) == 1
    assert "no-such-scene" in capsys.readouterr().out


def png(pixels):
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_greys_of_ct_stay_within_a_level_and_a_rare_colour_stays_itself():
    pixels = np.zeros((200, 256, 3), np.uint8)
    pixels[:] = np.arange(256, dtype=np.uint8)[None, :, None]
    pixels[150:] = np.random.default_rng(0).integers(0, 60, (50, 256, 3))
    pixels[10:13, 10:13] = (207, 86, 86)
    kept = Image.open(BytesIO(smaller(png(pixels))))
    assert kept.mode == "P"
    found = np.asarray(kept.convert("RGB"), int)
    assert np.abs(found[20:150] - pixels[20:150]).max() <= 2
    assert np.abs(found[11, 11] - (207, 86, 86)).max() < 12


def test_few_colours_come_through_as_they_are_and_noise_in_true_colour():
    few = np.zeros((40, 40, 3), np.uint8)
    few[:20] = (38, 41, 48)
    kept = Image.open(BytesIO(smaller(png(few))))
    assert kept.mode == "P"
    assert (np.asarray(kept.convert("RGB")) == few).all()
    many = np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)
    kept = Image.open(BytesIO(smaller(png(many))))
    assert kept.mode == "RGB"
    assert (np.asarray(kept) == many).all()
