"""Maps that were computed here, kept among the caches of this computer."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from platformdirs import user_cache_dir

from napari_radiogen.constants import APP_NAME
from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.save import save_bytes

FloatArray = npt.NDArray[np.float32]
#: A map of a hundred thousand subjects is smaller than this, bytes.
SIZE_LIMIT = 1_000_000


def map_key(codes: npt.NDArray[Any], projection: str) -> str:
    """Return the key of a map: the codes (N, D) and the projection decide it."""
    values = np.ascontiguousarray(codes, dtype=np.float32)
    head = f"{projection} {values.shape} ".encode()
    return hashlib.sha256(head + values.tobytes()).hexdigest()


def read_map(key: str, rows: int, folder: Path | None = None) -> FloatArray | None:
    """Return the places (N, 2) that are kept under a key; None when there are none, or damaged."""
    path = _place(key, folder)
    try:
        if path.stat().st_size > SIZE_LIMIT:
            return None
        places = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except (OSError, ValueError):
        return None
    fits = isinstance(places, np.ndarray) and places.shape == (rows, 2)
    if not fits or places.dtype != np.float32 or not np.isfinite(places).all():
        return None
    return np.asarray(places, dtype=np.float32)


def keep_map(key: str, places: FloatArray, folder: Path | None = None) -> None:
    """Keep places (N, 2) under a key; a cache that cannot be written is no fault."""
    path = _place(key, folder)
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(places, dtype=np.float32), allow_pickle=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_bytes(path, buffer.getvalue())
    except (OSError, RadiogenError):
        return


def _place(key: str, folder: Path | None) -> Path:
    return (folder or Path(user_cache_dir(APP_NAME)) / "maps") / f"{key}.npy"
