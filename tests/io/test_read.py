"""What the plugin may claim: folders and files that seem to hold a scan."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.io import read
from napari_radiogen.io.read import looks_like_scan
from tests.fixtures_dicom import ct_slice, save


def texts(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        (folder / f"{i}.txt").write_text("no scan " * 40)
    return folder


def test_a_series_two_levels_deep_beside_notes_is_found(tmp_path: Path) -> None:
    texts(tmp_path, 30)
    series = texts(tmp_path / "study" / "series", 30)
    save(ct_slice(0), series / "IM0001")
    assert looks_like_scan(tmp_path)
    assert looks_like_scan(series / "IM0001")
    assert not looks_like_scan(series / "0.txt")


def test_a_folder_of_text_or_nothing_is_not_a_scan(tmp_path: Path) -> None:
    assert not looks_like_scan(texts(tmp_path / "notes" / "deep", 5).parent)
    assert not looks_like_scan(tmp_path / "absent")


def test_volume_files_are_known_by_content_or_name(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((2, 3, 4), np.int16)), tmp_path / "a.nrrd")
    (tmp_path / "a.nrrd").rename(tmp_path / "unnamed")
    (tmp_path / "damaged.nii.gz").write_bytes(b"")
    assert looks_like_scan(tmp_path / "unnamed")
    assert looks_like_scan(tmp_path / "damaged.nii.gz")


def test_the_search_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []
    monkeypatch.setattr(read, "is_dicom", lambda file: looked.append(file) or False)
    monkeypatch.setattr(read, "ENTRIES_SEARCHED", 6)
    monkeypatch.setattr(read, "FOLDERS_SEARCHED", 4)
    for i in range(8):
        texts(tmp_path / str(i), 9)
    assert not looks_like_scan(tmp_path)
    assert len(looked) == 3 * 6


def test_deeper_than_a_study_is_not_searched(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*"abcde")
    deep.mkdir(parents=True)
    save(ct_slice(0), deep / "IM0001")
    assert not looks_like_scan(tmp_path)
    assert looks_like_scan(tmp_path / "a")


def test_a_link_to_itself_ends(tmp_path: Path) -> None:
    texts(tmp_path / "notes", 2)
    (tmp_path / "notes" / "again").symlink_to(tmp_path)
    assert not looks_like_scan(tmp_path)
