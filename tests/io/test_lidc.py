"""LIDC readings: each reader's pixels, nodules matched, and the consensus."""

from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.errors import InputError
from napari_radiogen.io.lidc_masks import read_lidc
from napari_radiogen.io.masks import mask_kind, read_mask
from tests.fixtures_masks import AXIAL_GRID, SERIES_UID, Roi, box_outline, ct_on, lidc_xml

Z = [-100.0 + 2.5 * z for z in range(5)]


def box(z: int, low: tuple[int, int], high: tuple[int, int], inclusion: str = "TRUE") -> Roi:
    return (Z[z], inclusion, box_outline(low, high))


def filled(z: int, low: tuple[int, int], high: tuple[int, int]) -> np.ndarray:
    array = np.zeros(AXIAL_GRID.shape, bool)
    array[z, low[1] : high[1] + 1, low[0] : high[0] + 1] = True
    return array


def write(path: Path, *sessions: list[list[Roi]], series: str = SERIES_UID) -> Path:
    path.write_text(lidc_xml(sessions, series))
    return path


def test_consensus_of_two_or_more_readers(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r.xml",
        [[box(1, (10, 20), (20, 30))], [box(3, (40, 5), (50, 9))]],
        [[box(3, (42, 5), (52, 9))], [box(1, (12, 22), (24, 34))]],
        [[box(1, (16, 20), (30, 30))]],
    )
    assert mask_kind(path) == "lidc-readings"
    found = read_lidc(path, ct_on())
    reader = found.readers[1].labels
    np.testing.assert_array_equal(reader == 1, filled(1, (12, 22), (24, 34)))
    np.testing.assert_array_equal(reader == 2, filled(3, (42, 5), (52, 9)))
    votes = (
        filled(1, (10, 20), (20, 30)).astype(int)
        + filled(1, (12, 22), (24, 34))
        + filled(1, (16, 20), (30, 30))
    )
    np.testing.assert_array_equal(found.consensus.labels == 1, votes >= 2)
    np.testing.assert_array_equal(found.consensus.labels == 2, filled(3, (42, 5), (50, 9)))
    mask = read_mask(path, ct_on())
    assert mask.same_frame is True
    assert mask.names == {1: "Nodule 1", 2: "Nodule 2"}
    np.testing.assert_array_equal(mask.sole_layer.labels, found.consensus.labels)


def test_holes_points_and_lonely_readers(tmp_path: Path) -> None:
    hole = box(1, (13, 23), (17, 27), "FALSE")
    path = write(
        tmp_path / "r.xml",
        [[hole, box(1, (10, 20), (20, 30))], [(Z[2], "TRUE", [(5, 5)])]],
        [[box(1, (10, 20), (20, 30))], [box(4, (40, 40), (44, 44))]],
    )
    found = read_lidc(path, ct_on())
    expected = filled(1, (10, 20), (20, 30)) & ~filled(1, (14, 24), (16, 26))
    np.testing.assert_array_equal(found.readers[0].labels > 0, expected)
    np.testing.assert_array_equal(found.consensus.labels > 0, expected)
    assert any("1 nodule(s) below 3 mm" in w for w in found.warnings)
    assert any("agree on 1 nodule(s)" in w for w in found.warnings)


def test_slices_that_the_ct_lacks_are_told(tmp_path: Path) -> None:
    rois = [box(1, (10, 20), (20, 30)), (Z[1] + 1.2, "TRUE", box_outline((1, 1), (5, 5)))]
    found = read_lidc(write(tmp_path / "r.xml", [rois], [rois]), ct_on())
    assert any("2 outline(s) lie on slices" in w for w in found.warnings)
    np.testing.assert_array_equal(found.consensus.labels > 0, filled(1, (10, 20), (20, 30)))
    none = write(tmp_path / "n.xml", [[(900.0, "TRUE", box_outline((1, 1), (5, 5)))]])
    with pytest.raises(InputError, match="no outline lies on"):
        read_lidc(none, ct_on())


def test_another_series_or_matrix_is_refused(tmp_path: Path) -> None:
    nodules = [[box(1, (10, 20), (20, 30))]]
    other = write(tmp_path / "o.xml", nodules, nodules, series="1.2.3")
    with pytest.raises(InputError, match="another series"):
        read_lidc(other, ct_on())
    wide = write(tmp_path / "w.xml", [[box(1, (60, 20), (80, 30))]])
    with pytest.raises(InputError, match="beyond the CT"):
        read_lidc(wide, ct_on())
    turned = VolumeGeometry((5, 60, 70), (2.5, 0.7, 0.9), direction=(1, 0, 0, 0, 0, 1, 0, 1, 0))
    with pytest.raises(InputError, match="not axial"):
        read_lidc(other, ct_on(turned))
    unknown = VolumeGeometry((5, 60, 70), (2.5, 0.7, 0.9), (-20.0, 30.0, -100.0))
    found = read_lidc(other, ct_on(unknown))
    assert found.same_series is None
    assert any("cannot be known" in w for w in found.warnings)


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa">]><LidcReadMessage>&a;</LidcReadMessage>'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "not a safe"),
        ("<LidcReadMessage", "not a safe"),
        ("<LidcReadMessage/>", "not a message"),
        (lidc_xml([[[(1.0, "MAYBE", [(1, 1)])]]]), "TRUE or FALSE"),
        (lidc_xml([[[(float("nan"), "TRUE", [(1, 1)])]]]), "no CT has pixels"),
        (lidc_xml([[[(1.0, "TRUE", [(1, 10**9)])]]]), "no CT has pixels"),
        (lidc_xml([[[(1.0, "TRUE", [(1, 1)])]]]).replace(">1<", ">Doe<"), "no number"),
    ],
)
def test_broken_and_hostile_files_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "r.xml"
    path.write_text(text)
    with pytest.raises(InputError, match=reason) as caught:
        read_mask(path, ct_on())
    assert "Doe" not in str(caught.value)
