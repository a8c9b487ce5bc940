"""Text tables, plain or gzipped: rows of cells within caps, never a guess at the encoding."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn, cast

from napari_radiogen.errors import InputError
from napari_radiogen.io.sources import (
    GZIP_START,
    LOOKED_AT,
    TAR_MAGIC,
    TAR_MAGIC_AT,
    check_openable,
)

#: Unpacked text of the largest table accepted: 60,607 probes of 1,000 patients
#: with 17 digits take 1.2 GB.
MAX_TEXT_BYTES = 2 * 1024**3
#: One line: 60,607 numbers of 20 characters take 1.2 MB.
MAX_LINE_BYTES = 16 * 1024**2
#: Lines of one table, empty ones counted.
MAX_LINES = 1_000_000
TAB_SUFFIXES = (".tsv", ".txt", ".gct", ".tab")
#: What a file begins with that is no text, and what a person would call it.
BINARY_STARTS = {
    b"PK\x03\x04": "a spreadsheet or archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"\x89HDF": "an HDF5 file; name it .h5ad if it is an AnnData file",
    b"PAR1": "a Parquet file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
}
#: Characters of an id: the longest real ones, of probes, have about 40.
MAX_NAME = 200
NO_BREAK_SPACE = "\u00a0"


class LineReader:
    """The decoded lines of a file, counted and capped.

    Parameters
    ----------
    stream
        Unpacked bytes.
    path
        Named in errors.
    encoding
        Of the text.
    """

    def __init__(self, stream: IO[bytes], path: Path, encoding: str) -> None:
        self._stream = stream
        self._path = path
        self._encoding = encoding
        self._bytes = 0
        self.lines = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        self._bytes += len(line)
        self.lines += 1
        if len(line) > MAX_LINE_BYTES:
            self._refuse(f"line {self.lines} is longer than {MAX_LINE_BYTES} bytes")
        if self.lines > MAX_LINES or self._bytes > MAX_TEXT_BYTES:
            self._refuse(f"more than {MAX_LINES} lines or {MAX_TEXT_BYTES} bytes of text")
        if b"\0" in line:
            self._refuse(f"line {self.lines} holds a NUL byte: this is not text")
        if self.lines == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError as error:
            place = f"line {self.lines}, byte {error.start + 1}"
            name = "UTF-8" if self._encoding == "utf-8" else self._encoding
            reason = f"not {name} text ({place}); save it as UTF-8, or name its encoding"
            raise InputError(reason, self._path) from error

    def _refuse(self, reason: str) -> NoReturn:
        raise InputError(reason, self._path)


@contextmanager
def open_lines(path: Path, encoding: str | None = None) -> Iterator[LineReader]:
    """Open a text file, gzipped or not, for reading line by line.

    Parameters
    ----------
    path
        Packed when its first bytes say so, whatever its name.
    encoding
        UTF-8 when None.

    Raises
    ------
    InputError
        When it cannot be read, is no text, breaks off, or exceeds a cap.
    """
    path = Path(path)
    check_openable(path)
    _check_encoding(encoding, path)
    try:
        with path.open("rb") as raw:
            start = raw.read(len(GZIP_START))
            raw.seek(0)
            packed = start == GZIP_START
            with gzip.GzipFile(fileobj=raw) if packed else _same(raw) as stream:
                _check_start(stream.peek(LOOKED_AT)[:LOOKED_AT], path)
                yield LineReader(cast(IO[bytes], stream), path, encoding or "utf-8")
    except EOFError as error:
        raise InputError("breaks off before the end of its gzip stream", path) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError("is damaged: its gzip stream cannot be unpacked", path) from error
    except csv.Error as error:
        raise InputError(f"not a table: {error}", path) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or 'system error'}", path) from error


@contextmanager
def _same(stream: io.BufferedReader) -> Iterator[io.BufferedReader]:
    yield stream


def _check_encoding(encoding: str | None, path: Path) -> None:
    try:
        "".encode(encoding or "utf-8")
        known = True
    except LookupError:
        known = False
    # Only encodings that keep ASCII as it is can be read line by line.
    if not known or "a,1\n".encode(encoding or "utf-8") != b"a,1\n":
        raise InputError(f"cannot be read as {str(encoding)[:40]!r}: not a known encoding", path)


def _check_start(start: bytes, path: Path) -> None:
    if start[TAR_MAGIC_AT:].startswith(TAR_MAGIC):
        raise InputError("is an archive, not text; unpack it first", path)
    for magic, name in BINARY_STARTS.items():
        if start.startswith(magic):
            raise InputError(f"is {name}, not text; save the table as CSV in UTF-8", path)


def delimiter_of(header: str, path: Path) -> str:
    """Return tab or comma: as the name of the file says, if the header agrees.

    Raises
    ------
    InputError
        When the header holds neither.
    """
    name = path.name.lower().removesuffix(".gz")
    for delimiter in "\t," if name.endswith(TAB_SUFFIXES) else ",\t":
        if delimiter in header:
            return delimiter
    more = "; its cells seem to be parted by semicolons" if ";" in header else ""
    raise InputError(f"expected a header of cells parted by commas or tabs{more}", path)


def check_names(names: tuple[str, ...], what: str, path: Path) -> None:
    """Refuse names that are empty, hold control characters or are too long.

    Raises
    ------
    InputError
        When one does, with its place, never its text.
    """
    for place, name in enumerate(names, start=1):
        if not name.strip():
            raise InputError(f"{what} {place} has no name", path)
        if len(name) > MAX_NAME or not name.replace(NO_BREAK_SPACE, " ").isprintable():
            raise InputError(f"{what} {place}: its name holds control characters or is long", path)
