"""Stored numbers to HU: the smallest exact type, and nothing that moves."""

from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.io.hounsfield import as_float32, as_hu, to_hu


@pytest.mark.parametrize(
    ("slope", "intercept", "kind"),
    [(1.0, -1024.0, np.int16), (40.0, -1024.0, np.float32), (0.5, 0.0, np.float32)],
)
def test_rescale_keeps_the_smallest_exact_type(slope, intercept, kind) -> None:
    stored = np.array([[0, 1, 4095]], np.uint16)
    hu = to_hu(stored, slope, intercept)
    assert hu.dtype == kind
    np.testing.assert_array_equal(hu, stored * slope + intercept)


@pytest.mark.parametrize("value", [2.0**31 + 1, 1e300, np.inf, np.nan])
def test_what_float32_would_move_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="beyond any Hounsfield"):
        as_float32(np.array([value]))


def test_what_float32_holds_is_kept_however_large() -> None:
    assert as_float32(np.array([-(2.0**40)]))[0] == -(2.0**40)


def test_a_file_is_named_when_its_voxels_are_refused() -> None:
    with pytest.raises(InputError, match=r"^a\.nrrd: holds values far beyond"):
        as_hu(np.full((1, 1, 1), 2**31 + 1, np.int64), Path("a.nrrd"))
    with pytest.raises(InputError, match="not finite"):
        as_hu(np.full((1, 1, 1), np.nan), Path("a.nrrd"))
