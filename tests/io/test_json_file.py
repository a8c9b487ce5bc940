import os

import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.io.json_file import SIZE_LIMIT, read_json


def test_values_come_back(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": [1, "ü"]}', encoding="utf-8")
    assert read_json(path, "a list") == {"a": [1, "ü"]}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"1" * 10_000, b" " * (SIZE_LIMIT + 1)]
)
def test_what_is_no_json_is_one_line_with_the_file(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json") as refused:
        read_json(path, "a list")
    assert "\n" not in str(refused.value)
    assert "a list" in str(refused.value)


def test_a_pipe_and_a_folder_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path, tmp_path / "pipe.json"):
        with pytest.raises(InputError, match="expected a list, a file"):
            read_json(path, "a list")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json: No such file"):
        read_json(tmp_path / "none.json", "a list")
