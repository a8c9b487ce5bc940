"""Text headers: what we see is what ITK will see, and nothing leads elsewhere."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.errors import InputError
from napari_radiogen.io.text_headers import check_metaimage, check_nrrd

NRRD = "NRRD0004\ntype: short\ndimension: 3\nsizes: 2 2 2\nencoding: raw\nspace: LPS\n"


def nrrd(folder: Path, *lines: str, body: bytes = bytes(16)) -> Path:
    path = folder / "a.nrrd"
    path.write_bytes(
        (NRRD + "".join(f"{line}\n" for line in lines) + "\n").encode("latin-1") + body
    )
    return path


def test_a_whole_header_passes(tmp_path: Path) -> None:
    assert check_nrrd(nrrd(tmp_path)) == []
    with pytest.raises(InputError, match="truncated: 15 bytes"):
        check_nrrd(nrrd(tmp_path, body=bytes(15)))


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("#" + "x" * 70_000, "data file: ../b"), "no end within"),
        (("data file: ../b", "data file: a.nrrd"), "twice"),
        (("data file: ../b", "# \x85data file: a.nrrd"), "outside its own folder"),
        (("space units: cm cm cm",), "not mm"),
    ],
)
def test_tricks_are_refused(tmp_path: Path, lines: tuple[str, ...], reason: str) -> None:
    (tmp_path.parent / "b").touch()
    with pytest.raises(InputError, match=reason):
        check_nrrd(nrrd(tmp_path, *lines))


def test_scaled_metaimage_is_refused(tmp_path: Path) -> None:
    text = (
        "NDims = 3\nDimSize = 2 2 2\nElementType = MET_SHORT\n{}ElementDataFile = LOCAL\n"
        "0123456789abcdef"
    )
    path = tmp_path / "a.mha"
    path.write_text(text.format(""))
    assert check_metaimage(path) == []
    path.write_text(text.format("ElementToIntensityFunctionSlope = 2\n"))
    with pytest.raises(InputError, match="scaled"):
        check_metaimage(path)


def test_a_packed_size_beyond_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mha"
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 4, 4), np.int16)), str(path), True)
    raw = path.read_bytes()
    start = raw.index(b"CompressedDataSize = ")
    end = raw.index(b"\n", start)
    path.write_bytes(raw[:start] + b"CompressedDataSize = 99999999999999999" + raw[end:])
    with pytest.raises(InputError, match="truncated"):
        check_metaimage(path)
