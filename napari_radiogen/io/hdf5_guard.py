"""Walk an HDF5 file before reading: no way out of it, no bomb inside it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from napari_radiogen.errors import InputError
from napari_radiogen.io.number_rows import MAX_CELLS
from napari_radiogen.io.text_tables import MAX_NAME

#: Objects in a file before it is taken for hostile; real ones have hundreds.
MAX_OBJECTS = 100_000
#: A chunk is unpacked whole before any of it can be read.
MAX_CHUNK_BYTES = 512 * 1024**2
#: Names on one axis: probes of the largest arrays, cells of a small atlas.
MAX_NAMES = 1_000_000
#: What variable-length texts may take while they are read. Many may point at
#: one long text, so each is assumed to be as long as the file.
MAX_TEXT_BYTES = 1024**3
#: Filters that come with HDF5 and h5py: deflate, shuffle, fletcher32, szip,
#: nbit, scale-offset, lzf. Others would load a plugin.
KNOWN_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})


def walk(file: h5py.File, path: Path) -> None:
    """Check every object of a file without reading any value.

    Raises
    ------
    InputError
        On external and soft links, external storage, virtual datasets, opaque
        types, and too many objects.
    """
    seen: set[int] = set()
    waiting: list[h5py.Group] = [file]
    while waiting:
        group = waiting.pop()
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise InputError("holds a link to another place or file: refused unread", path)
            found = group[name]
            address = h5py.h5o.get_info(found.id).addr
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > MAX_OBJECTS:
                raise InputError(f"holds more than {MAX_OBJECTS} objects", path)
            if isinstance(found, h5py.Group):
                waiting.append(found)
            elif isinstance(found, h5py.Dataset):
                _check_storage(found, path)


def _check_storage(dataset: h5py.Dataset, path: Path) -> None:
    if dataset.is_virtual or dataset.external:
        raise InputError("holds data that lies in other files: refused unread", path)
    if dataset.id.get_type().get_class() == h5py.h5t.OPAQUE:
        raise InputError("holds opaque objects: refused unread", path)


def read_numbers(found: object, dimensions: int, what: str, path: Path) -> npt.NDArray[Any]:
    """Read a dataset of numbers whose size and storage are sound.

    Raises
    ------
    InputError
        When it is absent, of another type or shape, too large, packed by an
        unknown filter, or not stored in full.
    """
    dataset = _sound(found, dimensions, what, path)
    if dataset.dtype.kind not in "iuf" or dataset.dtype.itemsize > 8:
        raise InputError(f"{what} holds no numbers", path)
    return np.asarray(dataset[...])


def read_names(found: object, what: str, path: Path) -> tuple[str, ...]:
    """Read a dataset of texts, a few at a time.

    Raises
    ------
    InputError
        As for `read_numbers`, and when a text is not UTF-8 or too long.
    """
    dataset = _sound(found, 1, what, path)
    kind = h5py.check_string_dtype(dataset.dtype)
    if kind is None or dataset.shape[0] > MAX_NAMES:
        raise InputError(f"{what} holds no texts, or too many", path)
    width = kind.length or path.stat().st_size
    step = max(1, MAX_TEXT_BYTES // max(width, 1))
    names: list[str] = []
    for start in range(0, dataset.shape[0], step):
        for text in dataset[start : start + step]:
            if len(text) > 4 * MAX_NAME:
                raise InputError(f"{what} holds a text that is too long for a name", path)
            names.append(text.decode("utf-8") if isinstance(text, bytes) else str(text))
    return tuple(names)


def _sound(found: object, dimensions: int, what: str, path: Path) -> h5py.Dataset:
    if not isinstance(found, h5py.Dataset) or found.shape is None:
        raise InputError(f"{what} is missing or of an unknown form", path)
    if len(found.shape) != dimensions or math.prod(found.shape) > MAX_CELLS:
        raise InputError(
            f"{what} has {len(found.shape)} dimensions or more than {MAX_CELLS} cells", path
        )
    plan = found.id.get_create_plist()
    filters = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())}
    if not filters <= KNOWN_FILTERS:
        raise InputError(f"{what} is packed by a filter that HDF5 does not bring along", path)
    if found.chunks and math.prod(found.chunks) * found.dtype.itemsize > MAX_CHUNK_BYTES:
        raise InputError(f"{what} has chunks of more than {MAX_CHUNK_BYTES} bytes", path)
    if found.size and found.id.get_storage_size() == 0:
        raise InputError(f"{what} states a shape but stores no values", path)
    if found.chunks:
        _check_stored(found, what, path)
    return found


def _check_stored(dataset: h5py.Dataset, what: str, path: Path) -> None:
    pairs = zip(dataset.shape, dataset.chunks, strict=True)
    expected = math.prod(-(-length // chunk) for length, chunk in pairs)
    if dataset.id.get_num_chunks() < expected:
        raise InputError(f"{what} is not stored in full", path)
