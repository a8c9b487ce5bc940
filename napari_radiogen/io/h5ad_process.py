"""h5ad read in a process of its own: HDF5's library may crash on damaged bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import napari_radiogen
from napari_radiogen.domain import Scale
from napari_radiogen.errors import InputError
from napari_radiogen.io.expression_forms import Form
from napari_radiogen.io.expression_h5ad import DAMAGED, as_form, parse_h5ad

#: The largest table accepted takes seconds.
TIME_LIMIT_S: float = 600.0
#: Address space of the reading process, bytes: the largest table takes under 2 GiB.
MEMORY_LIMIT = 8 * 1024**3
#: The child finds this package where its parent did, and nothing in the working folder.
START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from napari_radiogen.io.h5ad_process import answer; answer(sys.argv[2])"
)


def read_h5ad(path: Path) -> tuple[Form, Scale | None]:
    """Read an AnnData file, whatever its bytes do to HDF5's library.

    Returns
    -------
    Form, Scale or None
        The table with genes in columns, and the scale that our writer noted.

    Raises
    ------
    InputError
        When the file is unsafe, damaged or not an AnnData file.
    """
    path = Path(path)
    head, values = _ask(path)
    if "refused" in head:
        raise InputError(head["refused"], path)
    rows, columns = tuple(head["rows"]), tuple(head["columns"])
    # A copy, since a view of the answer cannot be written to.
    numbers = np.frombuffer(values, dtype=np.float32).reshape(len(rows), len(columns)).copy()
    return as_form(rows, columns, numbers), head["scale"]


def answer(path: str) -> None:
    """Print a file's names as a line of JSON and its values as bytes; for the child."""
    _limit_memory()
    head: dict[str, Any]
    values = b""
    try:
        form, scale = parse_h5ad(Path(path))
    except InputError as refused:
        head = {"refused": refused.reason}
    else:
        head = {"rows": form.table.rows, "columns": form.table.columns, "scale": scale}
        values = form.table.values.astype(np.float32).tobytes()
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + values)
    sys.stdout.buffer.flush()


def _ask(path: Path) -> tuple[dict[str, Any], bytes]:
    root = str(Path(napari_radiogen.__file__).resolve().parents[1])
    command = [sys.executable, "-P", "-c", START, root, str(path.resolve())]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIME_LIMIT_S,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"took longer than {TIME_LIMIT_S:g} s to read", path) from error
    except subprocess.CalledProcessError as error:
        raise InputError(DAMAGED, path) from error
    head, _, values = done.stdout.partition(b"\n")
    return json.loads(head), values


def _limit_memory() -> None:
    """Cap this process, where the system can, and leave no core dump of a crash."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
