"""Synthetic series and SEG: read back exactly, marked, without identity."""

from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.dicom_write import write_ct_series
from napari_radiogen.io.read import read_ct
from napari_radiogen.io.seg_write import write_seg
from tests.fixtures_dicom import write_series

GEOMETRY = VolumeGeometry(
    (5, 12, 9), (1.25, 0.7, 0.9), (-100.1234567, 20, 7), (0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1)
)


def phantom(low: int = -1024) -> CTVolume:
    voxels = np.random.default_rng(0).integers(low, 2000, GEOMETRY.shape).astype(np.int16)
    return CTVolume(voxels, GEOMETRY, synthetic=True)


@pytest.mark.parametrize("low", [-1024, -3024])
def test_series_round_trip(tmp_path: Path, low: int) -> None:
    uid = write_ct_series(phantom(low), tmp_path / "ct", patient_id="PH-001")
    back = read_ct(tmp_path / "ct")
    np.testing.assert_array_equal(back.voxels, phantom(low).voxels)
    assert back.geometry.is_close(GEOMETRY, 1e-4)
    assert back.series_uid == uid
    assert back.synthetic
    assert len(back.warnings) == 1
    assert back.warnings[0].startswith("axes are oblique")


def test_series_is_marked_and_carries_no_identity(tmp_path: Path) -> None:
    real = read_ct(write_series(tmp_path / "real"))
    write_ct_series(real, tmp_path / "ct", patient_id="PH-001", series_description="phantom")
    for path in (tmp_path / "ct").iterdir():
        header = pydicom.dcmread(path)
        assert header.ImageType[:2] == ["DERIVED", "SECONDARY"]
        assert header.SeriesDescription == "SYNTHETIC phantom"
        assert header.PatientID == "PH-001"
        assert "Doe" not in str(header)
        assert real.series_uid not in str(header)
        assert header.StudyDate == ""


def test_seed_decides_the_uids(tmp_path: Path) -> None:
    uids = [
        write_ct_series(phantom(), tmp_path / str(i), patient_id="PH-001", seed=seed)
        for i, seed in enumerate(("a", "a", "b"))
    ]
    assert uids[0] == uids[1] != uids[2]
    files = [(tmp_path / str(i) / "0003.dcm").read_bytes() for i in range(2)]
    assert files[0] == files[1]


def test_voxels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    for value in (np.nan, 1e6):
        volume = CTVolume(np.full(GEOMETRY.shape, value, np.float32), GEOMETRY)
        with pytest.raises(RadiogenError):
            write_ct_series(volume, tmp_path / "ct", patient_id="PH-001")
    assert list(tmp_path.iterdir()) == []


def labels() -> LabelVolume:
    array = np.zeros(GEOMETRY.shape, np.uint8)
    array[1:3, 2:5, 3:6] = 2
    array[4, 8:10, 1:4] = 7
    return LabelVolume(array, GEOMETRY, {2: "Nodule", 7: "Other nodule"})


def test_seg_is_read_by_highdicom_in_the_same_place(tmp_path: Path) -> None:
    uid = write_ct_series(phantom(), tmp_path / "ct", patient_id="PH-001")
    write_seg(labels(), tmp_path / "ct", tmp_path / "seg.dcm", patient_id="PH-001")
    seg = highdicom.seg.segread(tmp_path / "seg.dcm")
    assert seg.PatientID == "PH-001"
    assert seg.ReferencedSeriesSequence[0].SeriesInstanceUID == uid
    assert [seg.get_segment_description(i).segment_label for i in (1, 2)] == [
        "Nodule",
        "Other nodule",
    ]
    volume = seg.get_volume(combine_segments=True)
    points = volume.map_indices_to_reference(np.argwhere(volume.array > 0))
    expected = GEOMETRY.index_to_lps(np.argwhere(labels().labels > 0))
    np.testing.assert_allclose(np.sort(points, axis=0), np.sort(expected, axis=0), atol=1e-3)


def test_seg_of_a_real_scan_leaves_its_identity_behind(tmp_path: Path) -> None:
    ct = read_ct(write_series(tmp_path / "ct"))
    array = np.zeros(ct.geometry.shape, np.uint8)
    array[2, 3:9, 4:9] = 1
    write_seg(
        LabelVolume(array, ct.geometry), tmp_path / "ct", tmp_path / "s.dcm", algorithm="unet"
    )
    header = pydicom.dcmread(tmp_path / "s.dcm")
    assert "Doe" not in str(header)
    assert header.SegmentSequence[0].SegmentAlgorithmType == "AUTOMATIC"


def test_seg_on_another_grid_or_without_labels_is_refused(tmp_path: Path) -> None:
    write_ct_series(phantom(), tmp_path / "ct", patient_id="PH-001")
    moved = LabelVolume(labels().labels, VolumeGeometry(GEOMETRY.shape, (1.25, 0.7, 0.9)))
    with pytest.raises(RadiogenError, match="different grids"):
        write_seg(moved, tmp_path / "ct", tmp_path / "seg.dcm")
    empty = LabelVolume(np.zeros_like(labels().labels), GEOMETRY)
    with pytest.raises(RadiogenError, match="no label"):
        write_seg(empty, tmp_path / "ct", tmp_path / "seg.dcm")
    assert not (tmp_path / "seg.dcm").exists()
