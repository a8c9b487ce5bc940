"""NIfTI, NRRD and MetaImage: exact voxels, right places, damage refused."""

import gzip
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.constants import SYNTHETIC_MARK
from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import InputError, RadiogenError
from napari_radiogen.io.labels import read_labels, write_labels, write_volume
from napari_radiogen.io.read import OBLIQUE_WARNING, inspect_path, read_ct

SHAPE = (7, 11, 13)
OBLIQUE = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, -1.0)
SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")


def ct_volume(direction: tuple[float, ...] = OBLIQUE) -> CTVolume:
    voxels = np.random.default_rng(0).integers(-1000, 2000, SHAPE).astype(np.int16)
    return CTVolume(voxels, VolumeGeometry(SHAPE, (2.5, 0.7, 0.9), (10, -20, 30), direction))


def nifti(tmp_path: Path) -> tuple[Path, bytearray]:
    path = tmp_path / "a.nii"
    write_volume(ct_volume(), path)
    return path, bytearray(path.read_bytes())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    ct = ct_volume()
    write_volume(ct, tmp_path / f"a{suffix}")
    back = read_ct(tmp_path / f"a{suffix}")
    assert back.voxels.dtype == np.int16
    np.testing.assert_array_equal(back.voxels, ct.voxels)
    assert back.geometry.is_close(ct.geometry, 1e-3)
    assert back.warnings == (OBLIQUE_WARNING,)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_synthetic_volume_stays_marked_on_its_grid(tmp_path: Path, suffix: str) -> None:
    ct = replace(ct_volume(), synthetic=True, patient_id="Doe", description="of John Doe")
    write_volume(ct, tmp_path / f"a{suffix}")
    back = read_ct(tmp_path / f"a{suffix}")
    assert back.synthetic
    assert back.description == "SYNTHETIC - Research use only - not for diagnosis"
    np.testing.assert_array_equal(back.voxels, ct.voxels)
    assert back.geometry.is_close(ct.geometry, 1e-3)
    assert back.warnings == (OBLIQUE_WARNING,)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_real_volume_is_not_marked(tmp_path: Path, suffix: str) -> None:
    write_volume(replace(ct_volume(), description="of John Doe"), tmp_path / f"a{suffix}")
    back = read_ct(tmp_path / f"a{suffix}")
    assert not back.synthetic
    assert back.description == ""


def test_the_mark_stands_in_the_description_field_of_nifti(tmp_path: Path) -> None:
    write_volume(replace(ct_volume(), synthetic=True), tmp_path / "a.nii")
    field = (tmp_path / "a.nii").read_bytes()[148:228]
    assert field.rstrip(b"\0").decode() == SYNTHETIC_MARK


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_labels_round_trip(tmp_path: Path, suffix: str) -> None:
    labels = np.zeros(SHAPE, np.int32)
    labels[1, 2, 3], labels[4, 5, 6] = 1, 300
    write_labels(LabelVolume(labels, ct_volume().geometry), tmp_path / f"a{suffix}")
    back = read_labels(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(back.labels, labels)
    assert back.labels.dtype == np.uint16


def test_float_becomes_int16_only_without_loss(tmp_path: Path) -> None:
    for name, offset, dtype in (("whole", 0.0, np.int16), ("half", 0.5, np.float32)):
        image = sitk.GetImageFromArray(ct_volume().voxels.astype(np.float64) + offset)
        sitk.WriteImage(image, str(tmp_path / f"{name}.nii.gz"))
        back = read_ct(tmp_path / f"{name}.nii.gz")
        assert back.voxels.dtype == dtype
        np.testing.assert_array_equal(back.voxels, ct_volume().voxels + offset)


def test_scaled_nifti(tmp_path: Path) -> None:
    path, raw = nifti(tmp_path)
    struct.pack_into("<2f", raw, 112, 2.0, -24.0)
    path.write_bytes(raw)
    np.testing.assert_array_equal(read_ct(path).voxels, ct_volume().voxels * 2 - 24)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_truncated_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_volume(ct_volume(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * 0.7)])
    with pytest.raises(InputError) as caught:
        read_ct(path)
    assert caught.value.subject == str(path)


def test_gzip_that_ends_early_but_cleanly_is_refused(tmp_path: Path) -> None:
    _, raw = nifti(tmp_path)
    path = tmp_path / "b.nii.gz"
    path.write_bytes(gzip.compress(bytes(raw[:-100])))
    with pytest.raises(InputError, match="truncated"):
        read_ct(path)


@pytest.mark.parametrize(
    ("offset", "layout", "values", "reason"),
    [
        (40, "<5h", (4, 13, 11, 7, 3), "3-D"),
        (80, "<f", (float("nan"),), "voxel sizes"),
        (80, "<f", (-1.0,), "voxel sizes"),
        (280, "<f", (float("nan"),), "sform"),
        (42, "<3h", (32000, 32000, 32000), "more than this program"),
        (108, "<f", (0.0,), "start at byte"),
    ],
)
def test_senseless_headers_are_refused(
    tmp_path: Path, offset: int, layout: str, values: tuple[float, ...], reason: str
) -> None:
    path, raw = nifti(tmp_path)
    struct.pack_into(layout, raw, offset, *values)
    path.write_bytes(raw)
    with pytest.raises(InputError, match=reason):
        read_ct(path)


def test_disagreeing_affines_and_unknown_orientation_give_warnings(tmp_path: Path) -> None:
    path, raw = nifti(tmp_path)
    moved = bytearray(raw)
    struct.pack_into("<f", moved, 268, 99.0)
    path.write_bytes(moved)
    assert any("from the place used" in warning for warning in read_ct(path).warnings)
    struct.pack_into("<2h", raw, 252, 0, 0)
    path.write_bytes(raw)
    assert any("no orientation" in warning for warning in read_ct(path).warnings)


def test_not_hounsfield_gives_a_warning(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.full(SHAPE, 0.5, np.float32))
    sitk.WriteImage(image, str(tmp_path / "a.nrrd"))
    assert any("Hounsfield" in warning for warning in read_ct(tmp_path / "a.nrrd").warnings)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxels_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    array = np.zeros(SHAPE, np.float32)
    array[0, 0, 0] = value
    sitk.WriteImage(sitk.GetImageFromArray(array), str(tmp_path / "a.mha"))
    with pytest.raises(InputError, match="not finite"):
        read_ct(tmp_path / "a.mha")


def test_colour_and_flat_images_are_refused(tmp_path: Path) -> None:
    colour = sitk.GetImageFromArray(np.zeros((*SHAPE, 3), np.uint8), isVector=True)
    sitk.WriteImage(colour, str(tmp_path / "colour.nrrd"))
    flat = sitk.GetImageFromArray(np.zeros(SHAPE[1:], np.int16))
    sitk.WriteImage(flat, str(tmp_path / "flat.mha"))
    with pytest.raises(InputError, match="one number a voxel"):
        read_ct(tmp_path / "colour.nrrd")
    with pytest.raises(InputError, match="3-D"):
        read_ct(tmp_path / "flat.mha")


def test_voxels_outside_the_folder_are_refused(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    sitk.WriteImage(sitk.GetImageFromArray(ct_volume().voxels), str(inner / "a.mhd"))
    assert read_ct(inner / "a.mhd").voxels.shape == SHAPE
    (inner / "a.raw").rename(tmp_path / "a.raw")
    text = (inner / "a.mhd").read_text().replace("a.raw", "../a.raw")
    (inner / "a.mhd").write_text(text)
    with pytest.raises(InputError, match="outside its own folder"):
        read_ct(inner / "a.mhd")


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"hello world" * 100)
    with pytest.raises(InputError, match="not a DICOM, NIfTI"):
        read_ct(path)


def test_same_content_same_id(tmp_path: Path) -> None:
    write_volume(ct_volume(), tmp_path / "a.nrrd")
    (tmp_path / "b.nrrd").write_bytes((tmp_path / "a.nrrd").read_bytes())
    assert read_ct(tmp_path / "a.nrrd").series_uid == read_ct(tmp_path / "b.nrrd").series_uid
    assert inspect_path(tmp_path / "a.nrrd").kind == "nrrd"


def test_a_tilted_grid_keeps_its_shear(tmp_path: Path) -> None:
    shear = ct_volume((1, 0, 0, 0, 1, 0.2, 0, 0, np.sqrt(0.96)))
    for suffix in SUFFIXES:
        write_volume(replace(shear, synthetic=True), tmp_path / f"a{suffix}")
        back = read_ct(tmp_path / f"a{suffix}")
        assert back.geometry.is_close(shear.geometry, 1e-3)
        assert back.voxels.dtype == np.int16
        assert back.synthetic
        np.testing.assert_array_equal(back.voxels, shear.voxels)
    with pytest.raises(RadiogenError, match="ends with"):
        write_volume(shear, tmp_path / "a.png")


def test_labels_must_be_whole_and_positive(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.full(SHAPE, 0.5, np.float32))
    sitk.WriteImage(image, str(tmp_path / "a.nrrd"))
    with pytest.raises(InputError, match="whole numbers"):
        read_labels(tmp_path / "a.nrrd")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"DimSize", b"DimSiez", "no dimsize"),
        (b"DimSize = 13", b"DimSize = 1x", "not numbers"),
        (b"DimSize = 13", b"DimSize = 99", "truncated"),
        (b"CompressedDataSize = 1", b"CompressedDataSize = 0", "truncated|damaged"),
        (b"CompressedDataSize = 1", b"CompressedDataSize = 9", "truncated"),
    ],
)
def test_metaimage_headers_that_lie_are_refused_quietly(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], old: bytes, new: bytes, reason: str
) -> None:
    path = tmp_path / "a.mha"
    write_volume(ct_volume(), path)
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(InputError, match=reason):
        read_ct(path)
    assert capfd.readouterr().err == ""


def test_nrrd_without_patient_space_gives_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    write_volume(ct_volume(), path)
    path.write_bytes(path.read_bytes().replace(b"left-posterior-superior", b"scanner-xyz"))
    assert any("no patient space" in warning for warning in read_ct(path).warnings)
