import numpy as np
import pytest

from napari_radiogen.plugin import reslice
from napari_radiogen.plugin.reslice import Insert
from tests.session.fakes import CENTRE, make_scan


def test_superior_is_on_top_and_columns_run_to_left_and_back():
    volume = np.zeros((3, 4, 5), np.int16)
    volume[2, 1, 4] = 7  # top slice, second row to the back, patient's far left
    coronal, sagittal = reslice.cut(volume, "coronal", 1), reslice.cut(volume, "sagittal", 4)
    assert coronal.shape == (3, 5)
    assert coronal[0, 4] == 7
    assert sagittal.shape == (3, 4)
    assert sagittal[0, 1] == 7


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_a_point_goes_to_its_pixel_and_back(plane):
    ct = make_scan()
    row, column, index = reslice.point_to_plane(ct, plane, CENTRE)
    back = reslice.plane_to_point(ct, plane, row, column, index)
    assert np.allclose(back, CENTRE, atol=ct.geometry.spacing_mm[0])


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_an_insert_shows_where_the_whole_volume_would(plane):
    volume = np.zeros((6, 7, 8), np.int16)
    box = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4) + 1
    insert = Insert((1, 2, 3), box, box > 5)
    pasted = volume.copy()
    pasted[1:3, 2:5, 3:7] = box
    for index in range(7):
        image, mask = reslice.cut_with_inserts(volume, [insert], plane, index)
        assert np.array_equal(image, reslice.cut(pasted, plane, index))
        assert (mask is not None) == (image.max() > 0)
    assert volume.max() == 0


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
@pytest.mark.parametrize("start", [(-1, -1, -2), (5, 6, 6), (0, 5, -3)])
def test_an_insert_that_overhangs_is_clipped(plane, start):
    volume = np.zeros((6, 7, 8), np.int16)
    box = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4) + 1
    wide = np.zeros((12, 13, 14), np.int16)
    at = [a + 3 for a in start]
    wide[at[0] : at[0] + 2, at[1] : at[1] + 3, at[2] : at[2] + 4] = box
    pasted = wide[3:9, 3:10, 3:11]
    for index in range(volume.shape[reslice.CUT_AXIS[plane]]):
        image, mask = reslice.cut_with_inserts(volume, [Insert(start, box, box > 0)], plane, index)
        assert np.array_equal(image, reslice.cut(pasted, plane, index))
        assert mask is None or np.array_equal(mask, image > 0)


def test_a_window_clips_at_both_ends():
    grey = reslice.window_bytes(np.array([[-3000, -1350, -600, 150, 3000]]), (-1350.0, 150.0))
    assert grey.tolist() == [[0, 0, 127, 255, 255]]


def test_an_outline_is_the_inner_edge():
    mask = np.zeros((7, 7), bool)
    mask[2:5, 2:5] = True
    assert reslice.outline(mask).sum() == 8
    assert not reslice.outline(mask)[3, 3]


def test_hu_outside_the_scan_is_none():
    ct = make_scan()
    assert reslice.hu_at(ct, (1e4, 0, 0)) is None
    assert reslice.hu_at(ct, CENTRE) < -700
