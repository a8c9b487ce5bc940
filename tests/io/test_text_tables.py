"""Text is read within caps and in a named encoding, packed or not."""

import gzip
from pathlib import Path

import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.io import number_rows, text_tables
from napari_radiogen.io.expression_tables import ReadingOptions, read_expression_table
from napari_radiogen.io.text_tables import open_lines

TEXT = b"gene,p1,p2\nEGFR,1.5,2\nKRAS,3,4\n"


def refused(path: Path, data: bytes, encoding: str | None = None) -> str:
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_expression_table(path, ReadingOptions(encoding=encoding))
    assert str(caught.value).startswith(f"{path}: ")
    return caught.value.reason


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv", "t"])
def test_gzip_is_told_by_content(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(TEXT))
    assert read_expression_table(path).gene_symbols == ("EGFR", "KRAS")


def read_all(path: Path) -> int:
    with open_lines(path) as lines:
        return sum(map(len, lines))


def test_damaged_gzip(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TEXT + b"A,1,2\n" * 5000))
    assert "breaks off" in refused(tmp_path / "a.gz", bytes(packed[:-20]))
    packed[-6] ^= 255
    assert "damaged" in refused(tmp_path / "a.gz", bytes(packed))
    packed[14] ^= 255
    assert "damaged" in refused(tmp_path / "a.gz", bytes(packed))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04zip", "spreadsheet or archive"),
        (gzip.compress(b"PK\x03\x04zip"), "spreadsheet or archive"),
        (TEXT.decode().encode("utf-16"), "UTF-16"),
        (b"gene,p1\nEG\0FR,1\n", "NUL byte"),
        (b"gene,p1\nEGFR\xa0,1\n", "not UTF-8 text (line 2, byte 5)"),
    ],
)
def test_what_is_no_text(tmp_path: Path, data: bytes, reason: str) -> None:
    assert reason in refused(tmp_path / "t.csv", data)


def test_encoding_is_stated_never_guessed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("gene,José\nEGFR,1.5\n".encode("cp1252"))
    table = read_expression_table(path, ReadingOptions(encoding="cp1252"))
    assert table.patient_ids == ("José",)
    for name in ("no-such", "utf-16", "rot13", "punycode"):
        assert "not a known encoding" in refused(path, TEXT, encoding=name)


def test_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT)
    assert read_expression_table(path).layout.genes == "rows"


@pytest.mark.parametrize(
    ("cap", "value", "data", "reason"),
    [
        ("MAX_LINE_BYTES", 1000, b"0" * 10_000_000, "longer than 1000 bytes"),
        ("MAX_LINES", 1000, b"\n" * 1_000_000, "more than 1000 lines"),
        ("MAX_TEXT_BYTES", 1000, b"EGFR,1.5\n" * 100_000, "1000 bytes of text"),
    ],
)
def test_bombs_stop_at_the_cap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: str, value: int, data: bytes, reason: str
) -> None:
    monkeypatch.setattr(text_tables, cap, value)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"gene,p1\n" + data))
    with pytest.raises(InputError, match=reason):
        read_all(path)


def test_cells_are_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_rows, "MAX_CELLS", 1)
    assert "more than 1 cells" in refused(tmp_path / "t.csv", TEXT)


def test_absent_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_expression_table(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_expression_table(tmp_path)
