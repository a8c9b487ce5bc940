"""What a cohort build has finished, kept so that a stopped build can continue.

One file a patient, named by the digest of what went in: a file that is there
is whole, and a changed input or setting has another name. The cohort itself is
put together here too, so that what a kill left goes with the folder.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.errors import RadiogenError, Stop
from napari_radiogen.io.save import atomic_write, complete_folder

#: Member of the file that holds facts as JSON in UTF-8.
FACTS = "facts"


def work_folder(out: Path) -> Path:
    """Return the hidden folder beside a cohort in which its build keeps results."""
    return out.absolute().parent / f".{out.name}.radiogen-build"


def make_work_folder(folder: Path) -> None:
    """Make the folder, if it is not there.

    Raises
    ------
    RadiogenError
        When the system refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RadiogenError(f"cannot be written: {error.strerror or error}", folder) from error


@contextmanager
def cohort_folder(path: Path, marker: str, cancelled: Stop | None = None) -> Iterator[Path]:
    """Fill a new cohort folder, whole or not at all; its work folder goes with success.

    Parameters
    ----------
    path, marker, cancelled
        See `complete_folder`.

    Yields
    ------
    Path
        The temporary folder to fill, which lies in the work folder.
    """
    work = work_folder(path)
    make_work_folder(work)
    try:
        with complete_folder(path, marker=marker, within=work, cancelled=cancelled) as building:
            yield building
    except BaseException:
        # What a build has kept stays for the next try.
        with suppress(OSError):
            work.rmdir()
        raise
    shutil.rmtree(work, ignore_errors=True)


def keep(
    folder: Path, key: str, facts: dict[str, Any], arrays: Mapping[str, npt.NDArray[Any]]
) -> None:
    """Save the result of one patient, whole or not at all."""
    text = np.frombuffer(json.dumps(facts, sort_keys=True).encode(), dtype=np.uint8)
    named: dict[str, Any] = {FACTS: text, **arrays}

    def write(temporary: Path) -> None:
        np.savez(temporary, **named)

    atomic_write(folder / f"{key}.npz", write)


def kept_facts(folder: Path, key: str) -> dict[str, Any] | None:
    """Return the facts of a finished patient; None when there is no whole result."""
    try:
        with np.load(folder / f"{key}.npz", allow_pickle=False) as stored:
            facts = json.loads(stored[FACTS].tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return facts if isinstance(facts, dict) else None


def kept_arrays(folder: Path, key: str) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a finished patient.

    Raises
    ------
    RadiogenError
        When they are gone or damaged.
    """
    try:
        with np.load(folder / f"{key}.npz", allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files if name != FACTS}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RadiogenError(
            "a kept result is damaged; remove it and start again", folder
        ) from error
