"""CT series: right volumes, and refusals that name the fault."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, MRImageStorage, RLELossless, generate_uid

from napari_radiogen.errors import InputError
from napari_radiogen.io.read import inspect_path, read_ct
from tests.fixtures_dicom import (
    COLUMNS,
    ORIGIN,
    ROWS,
    SLICES,
    STEP_MM,
    ct_slice,
    save,
    set_pixels,
    stored_pixels,
    write_series,
)


def expected_hu() -> np.ndarray:
    return np.stack([stored_pixels(z).astype(np.int32) - 1024 for z in range(SLICES)])


def test_volume_and_geometry(tmp_path: Path) -> None:
    ct = read_ct(write_series(tmp_path))
    assert ct.voxels.dtype == np.int16
    np.testing.assert_array_equal(ct.voxels, expected_hu())
    assert ct.geometry.spacing_mm == (STEP_MM, 0.7, 0.9)
    assert ct.geometry.origin_mm == ORIGIN
    assert ct.geometry.is_axial
    assert ct.warnings == ()
    assert "Doe" not in ct.patient_id


def test_equals_simpleitk(tmp_path: Path) -> None:
    folder = write_series(tmp_path)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    ct = read_ct(folder)
    np.testing.assert_array_equal(ct.voxels, sitk.GetArrayViewFromImage(image))
    assert ct.geometry.spacing_mm == image.GetSpacing()[::-1]
    assert ct.geometry.origin_mm == image.GetOrigin()
    assert ct.geometry.direction == image.GetDirection()


@pytest.mark.parametrize(
    "orientation",
    [(-1, 0, 0, 0, -1, 0), (1, 0, 0, 0, -1, 0), (0, 1, 0, 0, 0, -1), (0.8, 0.6, 0, -0.6, 0.8, 0)],
    ids=["prone", "flipped", "sagittal", "oblique"],
)
def test_any_orientation_puts_voxels_in_place(
    tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    ct = read_ct(write_series(tmp_path, orientation=orientation))
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    corner = ORIGIN + 2 * STEP_MM * np.cross(row, column) + 3 * 0.7 * column + 4 * 0.9 * row
    np.testing.assert_allclose(ct.geometry.index_to_lps((2, 3, 4)), corner, atol=1e-9)
    assert ct.voxels[2, 3, 4] == stored_pixels(2)[3, 4] - 1024


def test_tilt_stays_in_the_grid_with_a_warning(tmp_path: Path) -> None:
    def tilt(z: int, header: object) -> None:
        x, y, height = ORIGIN
        header.ImagePositionPatient = [x, y + 0.5 * z, height + STEP_MM * z]

    ct = read_ct(write_series(tmp_path, tilt))
    x, y, height = ORIGIN
    np.testing.assert_allclose(ct.geometry.index_to_lps((4, 0, 0)), [x, y + 2, height + 10])
    assert any("tilt" in warning for warning in ct.warnings)


def test_one_missing_slice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gap: about 1 missing.*a04.*a02") as caught:
        read_ct(write_series(tmp_path, skip=(2,)))
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_duplicate_position_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path)
    again = ct_slice(2)
    again.SOPInstanceUID = generate_uid(entropy_srcs=["again"])
    save(again, tmp_path / "again")
    with pytest.raises(InputError, match="duplicate slices"):
        read_ct(tmp_path)


def test_uneven_slices_are_refused_and_rounded_ones_are_not(tmp_path: Path) -> None:
    def move(share: float) -> object:
        def change(z: int, header: object) -> None:
            if z == 2:
                x, y, height = ORIGIN
                header.ImagePositionPatient = [x, y, height + STEP_MM * (z + share)]

        return change

    with pytest.raises(InputError, match="uneven"):
        read_ct(write_series(tmp_path / "uneven", move(0.3)))
    rounded = read_ct(write_series(tmp_path / "rounded", move(0.04)))
    assert any("stray" in warning for warning in rounded.warnings)


def test_several_series_are_listed_and_one_can_be_chosen(tmp_path: Path) -> None:
    write_series(tmp_path)
    write_series(tmp_path, series="b")
    with pytest.raises(InputError, match="2 CT series; choose one"):
        read_ct(tmp_path)
    found = inspect_path(tmp_path)
    assert len(found.series) == 2
    assert all(report.shape == [SLICES, ROWS, COLUMNS] for report in found.series)
    assert len(found.problems) == 1
    uid = found.series[1].uid
    assert read_ct(tmp_path, uid).series_uid == uid
    assert inspect_path(tmp_path, uid).problems == ()
    with pytest.raises(InputError, match="no series"):
        read_ct(tmp_path, "1.2.3")


@pytest.mark.parametrize(
    ("keyword", "value", "reason"),
    [
        ("RescaleSlope", None, "no rescale"),
        ("RescaleSlope", 0, "slope is 0"),
        ("ImagePositionPatient", None, "no position"),
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0], "right angles"),
        ("ImageOrientationPatient", [0, 1, 0, -1, 0, 0], "another orientation"),
        ("PixelSpacing", [0.8, 0.9], "another pixel spacing"),
        ("PixelSpacing", [0, 0.9], "positive"),
        ("FrameOfReferenceUID", "1.2.3", "another frame of reference"),
        ("PatientID", "Roe", "another patient"),
        ("SOPClassUID", MRImageStorage, "not a CT"),
        ("Modality", "PT", "not a CT"),
        # Found by the fuzzer: several values where one belongs.
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.2\\1.2", "not a CT"),
        ("Modality", ["CT", "MR"], "not a CT"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"], "localizer"),
        ("PixelSpacing", 0.7, "2 finite numbers"),
        ("SamplesPerPixel", 3, "colour"),
        ("HighBit", 10, "do not fit"),
    ],
)
def test_a_slice_that_does_not_fit_is_refused_by_name(
    tmp_path: Path, keyword: str, value: object, reason: str
) -> None:
    def change(z: int, header: object) -> None:
        if z == 3:
            if value is None:
                delattr(header, keyword)
            else:
                setattr(header, keyword, value)

    with pytest.raises(InputError, match=reason) as caught:
        read_ct(write_series(tmp_path, change))
    assert caught.value.subject == str(tmp_path / "a02")


def test_another_matrix_is_refused(tmp_path: Path) -> None:
    def change(z: int, header: object) -> None:
        if z == 3:
            set_pixels(header, np.zeros((4, COLUMNS), np.uint16))

    with pytest.raises(InputError, match="another matrix"):
        read_ct(write_series(tmp_path, change))


def test_a_localizer_series_beside_a_ct_is_left_aside_with_a_warning(tmp_path: Path) -> None:
    write_series(tmp_path)
    scout = ct_slice(0, series="scout")
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    save(scout, tmp_path / "scout")
    assert any("left aside" in warning for warning in read_ct(tmp_path).warnings)


def test_truncated_empty_and_foreign_files_are_named(tmp_path: Path) -> None:
    write_series(tmp_path)
    (tmp_path / "notes.md").write_text("hello")
    assert any("notes.md" in warning for warning in read_ct(tmp_path).warnings)
    whole = (tmp_path / "a03").read_bytes()
    (tmp_path / "a03").write_bytes(whole[:-20])
    with pytest.raises(InputError, match="a03: pixel data"):
        read_ct(tmp_path)
    (tmp_path / "a03").write_bytes(b"")
    with pytest.raises(InputError, match="a03: empty"):
        read_ct(tmp_path)


def test_a_single_slice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one slice alone"):
        read_ct(save(ct_slice(0), tmp_path / "one.dcm"))


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless], ids=["RLE", "JPEG2000"])
def test_compressed_slices_are_exact(tmp_path: Path, syntax: str) -> None:
    ct = read_ct(write_series(tmp_path, lambda _z, header: header.compress(syntax)))
    np.testing.assert_array_equal(ct.voxels, expected_hu())


def test_damaged_compressed_slice_is_refused(tmp_path: Path) -> None:
    def damage(z: int, header: object) -> None:
        header.compress(RLELossless)
        if z == 1:
            data = bytearray(header.PixelData)
            data[90:] = b"\0" * (len(data) - 90)
            header.PixelData = bytes(data)

    with pytest.raises(InputError, match="a04"):
        read_ct(write_series(tmp_path, damage))


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless], ids=["JPEG2000", "JPEG-LS"])
def test_jpeg_stream_without_its_end_is_refused(tmp_path: Path, syntax: str) -> None:
    def cut(z: int, header: object) -> None:
        header.compress(syntax)
        if z == 1:
            (stream,) = generate_frames(header.PixelData, number_of_frames=1)
            header.PixelData = encapsulate([stream.rstrip(b"\0")[:-8]])

    with pytest.raises(InputError, match=r"a04: truncated.*no end"):
        read_ct(write_series(tmp_path, cut))


def test_compressed_values_beyond_the_stored_bits_are_refused(tmp_path: Path) -> None:
    def lie(z: int, header: object) -> None:
        header.compress(JPEG2000Lossless)
        if z == 1:
            header.BitsStored, header.HighBit = 10, 9

    with pytest.raises(InputError, match="10 stored bits"):
        read_ct(write_series(tmp_path, lie))


def test_signed_pixels_and_unused_bits(tmp_path: Path) -> None:
    def signed(z: int, header: object) -> None:
        header.PixelRepresentation = 1
        pixels = (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) - 40 * z).astype(np.int16)
        set_pixels(header, (pixels & 0x0FFF) | 0x5000)
        header.RescaleIntercept = 0

    ct = read_ct(write_series(tmp_path, signed))
    np.testing.assert_array_equal(
        ct.voxels[4], np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) - 160
    )


def test_rescale_of_each_slice_and_a_type_that_holds_it(tmp_path: Path) -> None:
    def fractional(z: int, header: object) -> None:
        header.RescaleSlope = "0.5" if z == 2 else "1"

    ct = read_ct(write_series(tmp_path / "half", fractional))
    assert ct.voxels.dtype == np.float32
    np.testing.assert_array_equal(ct.voxels[2], stored_pixels(2) * 0.5 - 1024)
    np.testing.assert_array_equal(ct.voxels[1], stored_pixels(1) - 1024.0)

    def large(z: int, header: object) -> None:
        header.RescaleSlope = "40"

    wide = read_ct(write_series(tmp_path / "wide", large))
    assert wide.voxels.max() == 40 * int(stored_pixels(4).max()) - 1024


def test_monochrome1_is_not_inverted(tmp_path: Path) -> None:
    def invert(_z: int, header: object) -> None:
        header.PhotometricInterpretation = "MONOCHROME1"

    np.testing.assert_array_equal(read_ct(write_series(tmp_path, invert)).voxels, expected_hu())


def test_several_acquisitions_of_one_stack_give_a_warning(tmp_path: Path) -> None:
    def acquire(z: int, header: object) -> None:
        header.AcquisitionNumber = 1 + z // 3

    assert read_ct(write_series(tmp_path, acquire)).warnings == ("slices come from 2 acquisitions",)


def test_nothing_and_nowhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no DICOM image"):
        read_ct(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_ct(tmp_path / "absent")


def test_real_scan_equals_simpleitk_exactly(r01_folder: Path) -> None:
    ct = read_ct(r01_folder)
    folder = next(r01_folder.rglob("*.dcm")).parent
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    assert ct.geometry.shape == (304, 512, 512)
    assert ct.warnings == ()
    assert np.array_equal(ct.voxels, sitk.GetArrayViewFromImage(image))
    assert ct.geometry.spacing_mm == image.GetSpacing()[::-1]
    assert ct.geometry.origin_mm == image.GetOrigin()
    assert ct.geometry.direction == image.GetDirection()


def test_enhanced_multi_frame_equals_its_single_frames(data_dir: Path) -> None:
    folder = data_dir / "dicom" / "dcmqi_seg" / "24x38x3"
    single, multi = read_ct(folder / "image"), read_ct(folder / "multiframe")
    np.testing.assert_array_equal(single.voxels, multi.voxels)
    assert multi.geometry.is_close(single.geometry)
