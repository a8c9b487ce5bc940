"""Small JSON files of ours, read with a limit; `napari_radiogen.io.save` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napari_radiogen.errors import InputError

#: No recipe, session or list of ours comes near this size, bytes.
SIZE_LIMIT = 4_000_000


def read_bytes(path: Path, what: str) -> bytes:
    """Return the content of a small file.

    Parameters
    ----------
    what
        The file should hold, for the error: ``a recipe``.

    Raises
    ------
    InputError
        When it is missing, no plain file or too large.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise InputError(f"expected {what}, a file", path)
        if size > SIZE_LIMIT:
            raise InputError(f"too large for {what}", path)
        return path.read_bytes()
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", path) from None


def read_json(path: Path, what: str) -> Any:
    """Return the values of a small JSON file.

    Raises
    ------
    InputError
        When it is missing, no plain file, too large or not JSON.
    """
    data = read_bytes(path, what)
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise InputError(f"expected {what} in JSON", path) from None
