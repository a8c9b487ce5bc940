"""A person's stop: every writer of scans and masks hears it soon and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import Cancelled
from napari_radiogen.io import packing
from napari_radiogen.io.dicom_write import write_ct_series
from napari_radiogen.io.labels import read_labels, write_labels, write_volume
from napari_radiogen.io.read import read_ct
from napari_radiogen.io.save import complete_folder, save_text, save_together
from napari_radiogen.io.seg_write import write_seg
from tests.stopping import Asked, stop_at_many_moments

SHAPE = (6, 20, 20)
GEOMETRY = VolumeGeometry(SHAPE, (2.0, 0.7, 0.7), (-10.0, -20.0, -30.0))
SHEARED = VolumeGeometry(
    SHAPE, (2.0, 0.7, 0.7), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0.2, 0, 0, 0.9797959)
)
SUFFIXES = (".nii.gz", ".nrrd", ".mha")


def volume(geometry: VolumeGeometry = GEOMETRY) -> CTVolume:
    noise = np.random.default_rng(0).integers(-900, 900, SHAPE)
    return CTVolume(noise.astype(np.int16), geometry, synthetic=True)


def labels() -> LabelVolume:
    return LabelVolume((volume().voxels > 0).astype(np.uint8), GEOMETRY)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PIECE_BYTES", 500)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_volume_stops_between_pieces(tmp_path: Path, suffix: str) -> None:
    def job(out: Path, cancelled) -> None:
        write_volume(volume(), out.with_name(out.name + suffix), cancelled=cancelled)

    # 4,800 bytes of voxels.
    assert stop_at_many_moments(job, tmp_path) > 4800 / 500


@pytest.mark.usefixtures("small_pieces")
def test_a_sheared_volume_and_labels_stop_between_pieces(tmp_path: Path) -> None:
    def sheared(out: Path, cancelled) -> None:
        write_volume(volume(SHEARED), out.with_suffix(".nii.gz"), cancelled=cancelled)

    def mask(out: Path, cancelled) -> None:
        write_labels(labels(), out.with_suffix(".nrrd"), cancelled=cancelled)

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert stop_at_many_moments(sheared, tmp_path / "a") > 4800 / 500
    assert stop_at_many_moments(mask, tmp_path / "b") > 2400 / 500


@pytest.mark.usefixtures("small_pieces")
def test_the_old_file_stays_when_a_new_one_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "scan.nrrd"
    write_volume(volume(), path)
    before = path.read_bytes()
    with pytest.raises(Cancelled):
        write_volume(CTVolume(volume().voxels + np.int16(1), GEOMETRY), path, cancelled=Asked(5))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".nii"])
def test_pieces_make_the_same_file_as_one(tmp_path: Path, monkeypatch, suffix: str) -> None:
    write_volume(volume(), tmp_path / f"one{suffix}")
    monkeypatch.setattr(packing, "PIECE_BYTES", 333)
    write_volume(volume(), tmp_path / f"many{suffix}")
    back = read_ct(tmp_path / f"many{suffix}")
    np.testing.assert_array_equal(back.voxels, volume().voxels)
    assert back.geometry.is_close(GEOMETRY)
    assert back.synthetic
    one, many = (voxel_bytes(tmp_path / f"{n}{suffix}") for n in ("one", "many"))
    assert one == many


def voxel_bytes(path: Path) -> bytes:
    """Voxels as any reader of the format finds them."""
    import SimpleITK as sitk  # noqa: N813

    return sitk.GetArrayFromImage(sitk.ReadImage(str(path))).tobytes()


def test_compressed_files_are_small(tmp_path: Path) -> None:
    empty = LabelVolume(
        np.zeros((40, 100, 100), np.uint8), VolumeGeometry((40, 100, 100), (1,) * 3, (0,) * 3)
    )
    for suffix in SUFFIXES:
        write_labels(empty, tmp_path / f"m{suffix}")
        assert (tmp_path / f"m{suffix}").stat().st_size < 5000
        assert not read_labels(tmp_path / f"m{suffix}").labels.any()


def test_a_series_stops_at_each_slice(tmp_path: Path) -> None:
    def job(out: Path, cancelled) -> None:
        write_ct_series(volume(), out, patient_id="P1", seed="x", cancelled=cancelled)

    # Once while it is written, once while it is brought to the disk.
    assert stop_at_many_moments(job, tmp_path) == 2 * SHAPE[0]


def test_a_seg_stops_at_each_slice_of_its_ct(tmp_path: Path) -> None:
    write_ct_series(volume(), tmp_path / "ct", patient_id="P1", seed="x")

    def job(out: Path, cancelled) -> None:
        write_seg(labels(), tmp_path / "ct", out.with_suffix(".dcm"), cancelled=cancelled)

    assert stop_at_many_moments(job, tmp_path) == SHAPE[0] + 2


def test_a_stop_of_one_of_two_files_leaves_both_as_they_were(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.nii.gz"
    save_text(first, "old")
    with pytest.raises(Cancelled):
        save_together(
            (first, lambda temporary: save_text(temporary, "new")),
            (second, lambda temporary: write_volume(volume(), temporary, cancelled=Asked(2))),
        )
    assert first.read_text() == "old"
    assert list(tmp_path.iterdir()) == [first]


def test_a_file_that_comes_late_does_not_keep_a_stopped_folder(tmp_path: Path, monkeypatch) -> None:
    """A library's own thread may still write when the stop comes."""
    from napari_radiogen.io import save

    removed, rmtree = [], save.shutil.rmtree

    def with_a_late_file(folder: Path, **said) -> None:
        rmtree(folder, **said)
        if not removed:
            removed.append(folder)
            (folder / "late").mkdir(parents=True)

    monkeypatch.setattr(save.shutil, "rmtree", with_a_late_file)
    with pytest.raises(Cancelled), complete_folder(tmp_path / "out"):
        raise Cancelled
    assert list(tmp_path.iterdir()) == []
