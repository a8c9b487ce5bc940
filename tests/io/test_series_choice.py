"""What a person sees of several series: enough to choose, nothing that names a patient."""

from pathlib import Path

import pytest

from napari_radiogen.errors import SeveralSeriesError
from napari_radiogen.io.read import read_ct
from napari_radiogen.io.series_choice import THUMBNAIL_PX, ct_choices
from tests.fixtures_dicom import COLUMNS, ROWS, SLICES, STEP_MM, write_series


def _two(folder: Path) -> Path:
    write_series(folder / "a")
    write_series(folder / "b", series="b")
    return folder


def test_each_series_has_what_tells_it_apart(tmp_path: Path) -> None:
    with pytest.raises(SeveralSeriesError, match="2 CT series"):
        read_ct(_two(tmp_path))
    first, second = ct_choices(tmp_path)
    assert first.uid != second.uid
    assert (first.modality, first.slices, first.problem) == ("CT", SLICES, "")
    assert first.spacing_mm == pytest.approx((STEP_MM, 0.7, 0.9))
    assert first.thumbnail is not None
    assert first.thumbnail.shape == (ROWS, COLUMNS)
    assert max(first.thumbnail.shape) <= THUMBNAIL_PX
    assert read_ct(tmp_path, second.uid).series_uid == second.uid
    assert "Doe" not in repr((first, second))


def test_a_series_with_a_gap_says_so_and_stays_in_the_list(tmp_path: Path) -> None:
    _two(tmp_path)
    sorted((tmp_path / "b").iterdir())[2].unlink()
    broken = [c for c in ct_choices(tmp_path) if c.problem]
    assert len(broken) == 1
    assert broken[0].thumbnail is None
    assert broken[0].slices == SLICES - 1
