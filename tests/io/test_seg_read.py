"""DICOM SEG in: what was written comes back, at its place, or is refused."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from napari_radiogen.domain import CTVolume
from napari_radiogen.errors import InputError
from napari_radiogen.io.masks import mask_kind, read_mask
from napari_radiogen.io.read import read_ct
from napari_radiogen.io.seg_write import write_seg
from tests.fixtures_dicom import COLUMNS, ROWS, SLICES, STEP_MM, write_series
from tests.fixtures_masks import write_foreign_seg

SHAPE = (SLICES, ROWS, COLUMNS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_series(tmp_path / "ct")


@pytest.fixture
def ct(folder: Path) -> CTVolume:
    return read_ct(folder)


def two_parts() -> np.ndarray:
    pixels = np.zeros(SHAPE, np.uint8)
    pixels[1:3, 4:9, 5:20] = 1
    pixels[2:4, 12:30, 5:8] = 2
    return pixels


def test_segments_with_their_names_on_fewer_slices(folder, ct, tmp_path: Path) -> None:
    path = write_foreign_seg(folder, tmp_path / "s.dcm", two_parts())
    assert mask_kind(path) == "dicom-seg"
    found = read_mask(path, ct)
    np.testing.assert_array_equal(found.sole_layer.labels, two_parts())
    assert found.sole_layer.geometry is ct.geometry
    assert found.names == {1: "Part 1", 2: "Part 2"}
    assert found.same_frame is True
    assert found.warnings == ()
    own = read_mask(path).sole_layer
    np.testing.assert_array_equal(own.labels, two_parts()[1:4])
    np.testing.assert_allclose(own.geometry.origin_mm, ct.geometry.index_to_lps((1, 0, 0)))
    assert own.geometry.spacing_mm == pytest.approx(ct.geometry.spacing_mm)


def test_a_gap_between_frames_stays_empty(folder, ct, tmp_path: Path) -> None:
    pixels = np.zeros(SHAPE, np.uint8)
    pixels[[0, 1, 4], 3:6, 3:6] = 1
    path = write_foreign_seg(folder, tmp_path / "s.dcm", pixels)
    np.testing.assert_array_equal(read_mask(path).sole_layer.labels, pixels)
    np.testing.assert_array_equal(read_mask(path, ct).sole_layer.labels, pixels)


def test_frames_on_every_other_slice_are_told(folder, ct, tmp_path: Path) -> None:
    pixels = np.zeros(SHAPE, np.uint8)
    pixels[[0, 2, 4], 3:6, 3:6] = 1
    found = read_mask(write_foreign_seg(folder, tmp_path / "s.dcm", pixels), ct)
    np.testing.assert_array_equal(found.sole_layer.labels, pixels)
    assert any("5.00 mm apart, slices 2.50 mm" in w for w in found.warnings)


def test_overlapping_segments_lie_in_layers(folder, ct, tmp_path: Path) -> None:
    pixels = np.zeros((*SHAPE, 3), np.uint8)
    pixels[1:3, 4:9, 5:20, 0] = 1
    pixels[2, 6:12, 5:8, 1] = 1
    pixels[4, 6:12, 5:8, 2] = 1
    path = write_foreign_seg(folder, tmp_path / "s.dcm", pixels)
    found = read_mask(path, ct)
    assert [sorted(layer.names) for layer in found.layers] == [[1, 3], [2]]
    for number, layer in ((1, 0), (2, 1), (3, 0)):
        inside = found.layers[layer].labels == number
        np.testing.assert_array_equal(inside, pixels[..., number - 1] > 0)
    with pytest.raises(InputError, match="overlap"):
        _ = found.sole_layer
    write_seg(found.layers, folder, tmp_path / "again.dcm")
    again = read_mask(tmp_path / "again.dcm", ct)
    assert again.names == found.names
    for one, other in zip(again.layers, found.layers, strict=True):
        np.testing.assert_array_equal(one.labels, other.labels)


def test_fraction_of_a_half_is_taken_and_told(folder, ct, tmp_path: Path) -> None:
    pixels = np.zeros(SHAPE, np.float32)
    pixels[2, 5, 5:9] = (0.3, 0.49, 0.51, 1.0)
    path = write_foreign_seg(folder, tmp_path / "s.dcm", pixels, kind="FRACTIONAL")
    found = read_mask(path, ct)
    assert np.argwhere(found.sole_layer.labels).tolist() == [[2, 5, 7], [2, 5, 8]]
    assert any("fractional (probability)" in w and "50%" in w for w in found.warnings)


def test_label_map(folder, ct, tmp_path: Path) -> None:
    path = write_foreign_seg(folder, tmp_path / "s.dcm", two_parts(), kind="LABELMAP")
    found = read_mask(path, ct)
    np.testing.assert_array_equal(found.sole_layer.labels, two_parts())
    assert found.names == {1: "Part 1", 2: "Part 2"}


def test_padding_of_a_label_map_is_told_and_stays_off_the_ct(folder, ct, tmp_path: Path) -> None:
    def pad(header: Dataset) -> None:
        header.add_new("PixelPaddingValue", "US", 5)

    pixels = np.zeros(SHAPE, np.uint8)
    pixels[[0, 1, 3], 3:6, 3:6] = 1
    path = write_foreign_seg(folder, tmp_path / "s.dcm", pixels, kind="LABELMAP", change=pad)
    own = read_mask(path)
    assert set(np.unique(own.sole_layer.labels[2])) == {5}
    assert any("padding value 5" in w for w in own.warnings)
    assert read_mask(path, ct).sole_layer.labels.max() == 1


def _references_twice(header: Dataset) -> None:
    items = header.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    items.append(items[0])


def _number_in_shared(header: Dataset) -> None:
    groups = header.PerFrameFunctionalGroupsSequence
    shared = header.SharedFunctionalGroupsSequence[0]
    for group in groups:
        if "SegmentIdentificationSequence" in group:
            shared.SegmentIdentificationSequence = group.SegmentIdentificationSequence
            del group.SegmentIdentificationSequence


def _no_number(header: Dataset) -> None:
    _number_in_shared(header)
    del header.SharedFunctionalGroupsSequence[0].SegmentIdentificationSequence


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_references_twice, "referenced more than once"),
        (_no_number, "the only one is taken"),
    ],
)
def test_objects_of_the_collection_are_read_with_the_reason(
    folder, ct, tmp_path: Path, change, told: str
) -> None:
    pixels = (two_parts() == 1).astype(np.uint8)
    found = read_mask(write_foreign_seg(folder, tmp_path / "s.dcm", pixels, change=change), ct)
    np.testing.assert_array_equal(found.sole_layer.labels, pixels)
    assert any(told in warning for warning in found.warnings)


def test_one_segment_named_in_the_shared_groups_needs_no_warning(
    folder, ct, tmp_path: Path
) -> None:
    pixels = (two_parts() == 1).astype(np.uint8)
    file = write_foreign_seg(folder, tmp_path / "s.dcm", pixels, change=_number_in_shared)
    found = read_mask(file, ct)
    np.testing.assert_array_equal(found.sole_layer.labels, pixels)
    assert found.warnings == ()


def _no_number_of_several(header: Dataset) -> None:
    for group in header.PerFrameFunctionalGroupsSequence:
        del group.SegmentIdentificationSequence


def _no_position(header: Dataset) -> None:
    del header.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence


def _lost_frame(header: Dataset) -> None:
    del header.PerFrameFunctionalGroupsSequence[-1]


def _cut_pixels(header: Dataset) -> None:
    header.PixelData = header.PixelData[: len(header.PixelData) // 2]


def _huge(header: Dataset) -> None:
    header.Rows = header.Columns = 65535


def _far(header: Dataset) -> None:
    item = header.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    item.ImagePositionPatient = [-20, 30, 1e8]


def _not_finite(header: Dataset) -> None:
    item = header.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    item.ImagePositionPatient = [-20, 30, 1e200]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_no_number_of_several, "which segment"),
        (_no_position, "ImagePositionPatient"),
        (_lost_frame, "descriptions of frames"),
        (_cut_pixels, "damaged"),
        (_huge, "more voxels"),
        (_far, "more voxels"),
        (_not_finite, r"voxels|finite|damaged"),
    ],
)
def test_broken_objects_are_refused(folder, tmp_path: Path, change, reason: str) -> None:
    path = write_foreign_seg(folder, tmp_path / "s.dcm", two_parts())
    header = pydicom.dcmread(path)
    change(header)
    pydicom.dcmwrite(path, header)
    with pytest.raises(InputError, match=reason) as caught:
        read_mask(path)
    assert str(path) in str(caught.value)
    assert "Doe" not in str(caught.value)


def test_another_frame_of_reference_is_refused_and_none_is_told(folder, ct, tmp_path) -> None:
    def other(header: Dataset) -> None:
        header.FrameOfReferenceUID = "1.2.3"

    def none(header: Dataset) -> None:
        header.FrameOfReferenceUID = ""
        del header.ReferencedSeriesSequence

    path = write_foreign_seg(folder, tmp_path / "s.dcm", two_parts(), change=other)
    with pytest.raises(InputError, match="another frame of reference"):
        read_mask(path, ct)
    found = read_mask(write_foreign_seg(folder, tmp_path / "n.dcm", two_parts(), change=none), ct)
    assert found.same_frame is None
    assert any("cannot be known" in warning for warning in found.warnings)
    np.testing.assert_array_equal(found.sole_layer.labels, two_parts())


def _place(group: Dataset, position_mm: list[float]) -> None:
    """Give a frame an item of its own: frames of a slice share theirs."""
    item = Dataset()
    item.ImagePositionPatient = position_mm
    group.PlanePositionSequence = [item]


def _moved(by_mm: float) -> object:
    def change(header: Dataset) -> None:
        for group in header.PerFrameFunctionalGroupsSequence:
            x, y, z = group.PlanePositionSequence[0].ImagePositionPatient
            _place(group, [x, y, z + by_mm])

    return change


def test_a_mask_beside_the_scan_is_refused_and_a_part_is_told(folder, ct, tmp_path: Path) -> None:
    beside = write_foreign_seg(folder, tmp_path / "b.dcm", two_parts(), change=_moved(1000))
    with pytest.raises(InputError, match="wholly outside"):
        read_mask(beside, ct)
    partly = write_foreign_seg(folder, tmp_path / "p.dcm", two_parts(), change=_moved(2 * STEP_MM))
    found = read_mask(partly, ct)
    np.testing.assert_array_equal(found.sole_layer.labels[3:], two_parts()[1:3])
    lost = int(np.count_nonzero(two_parts()[3]))
    assert any(f"{lost} of {np.count_nonzero(two_parts())}" in w for w in found.warnings)


def test_two_different_frames_at_one_place_are_refused(folder, tmp_path: Path) -> None:
    def same_place(header: Dataset) -> None:
        first, second = header.PerFrameFunctionalGroupsSequence[:2]
        second.PlanePositionSequence = first.PlanePositionSequence

    pixels = (two_parts() == 2).astype(np.uint8)
    pixels[3, 12] = 0
    path = write_foreign_seg(folder, tmp_path / "s.dcm", pixels, change=same_place)
    with pytest.raises(InputError, match="two different frames"):
        read_mask(path)


def test_a_cropped_and_flipped_matrix_falls_on_its_voxels(folder, ct, tmp_path: Path) -> None:
    def flip(header: Dataset) -> None:
        shared = header.SharedFunctionalGroupsSequence[0]
        shared.PlaneOrientationSequence[0].ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
        for group in header.PerFrameFunctionalGroupsSequence:
            x, y, z = group.PlanePositionSequence[0].ImagePositionPatient
            _place(group, [x + 0.9 * (COLUMNS - 1), y, z])

    path = write_foreign_seg(folder, tmp_path / "s.dcm", two_parts()[:, :, ::-1], change=flip)
    found = read_mask(path, ct)
    np.testing.assert_array_equal(found.sole_layer.labels, two_parts())
    assert found.warnings == ()


def test_compressed_frames_and_a_cut_stream(folder, ct, tmp_path: Path) -> None:
    path = write_foreign_seg(folder, tmp_path / "s.dcm", two_parts(), kind="LABELMAP")
    header = pydicom.dcmread(path)
    header.compress(RLELossless)
    header.save_as(path)
    np.testing.assert_array_equal(read_mask(path, ct).sole_layer.labels, two_parts())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError):
        read_mask(path, ct)


def test_a_deflated_bomb_is_refused(folder, tmp_path: Path) -> None:
    path = write_foreign_seg(folder, tmp_path / "s.dcm", two_parts())
    header = pydicom.dcmread(path)
    header.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    header.PixelData = bytes(2**21)
    header.save_as(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_radiogen.io.dicom_headers.MAX_INFLATED", 2**20)
        with pytest.raises(InputError, match="unpacks to more"):
            mask_kind(path)
