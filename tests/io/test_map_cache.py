"""Maps computed here: kept by content, and doubted when read."""

import numpy as np
import pytest

from napari_radiogen.io.map_cache import keep_map, map_key, read_map

PLACES = np.arange(8, dtype=np.float32).reshape(4, 2)


def test_a_map_comes_back_by_its_codes(tmp_path):
    codes = np.ones((4, 3))
    key = map_key(codes, "t-SNE")
    assert read_map(key, 4, tmp_path) is None
    keep_map(key, PLACES, tmp_path / "new")
    assert np.array_equal(read_map(key, 4, tmp_path / "new"), PLACES)
    assert key not in (map_key(codes, "PCA"), map_key(codes * 2, "t-SNE"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:-4],
        lambda b: b"x" * 40,
        lambda b: b + b"y" * 2_000_000,
        lambda b: b.replace(b"<f4", b"<i4"),
        lambda b: b[:-4] + np.array([np.nan], np.float32).tobytes(),
    ],
)
def test_a_damaged_map_is_made_again(tmp_path, damage):
    keep_map("k", PLACES, tmp_path)
    path = tmp_path / "k.npy"
    path.write_bytes(damage(path.read_bytes()))
    assert read_map("k", 4, tmp_path) is None


def test_a_map_of_others_does_not_fit(tmp_path):
    keep_map("k", PLACES, tmp_path)
    assert read_map("k", 5, tmp_path) is None


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path):
    (tmp_path / "file").write_text("")
    keep_map("k", PLACES, tmp_path / "file")
