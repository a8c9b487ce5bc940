"""Expression in AnnData's h5ad: patients in ``obs``, genes in ``var``, values in ``X``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, cast, get_args

import h5py
import numpy as np
import numpy.typing as npt

from napari_radiogen.domain import ExpressionMatrix, Scale
from napari_radiogen.errors import InputError
from napari_radiogen.io.expression_forms import Form
from napari_radiogen.io.hdf5_guard import read_names, read_numbers, walk
from napari_radiogen.io.number_rows import MAX_CELLS, NumberRows
from napari_radiogen.io.save import save_bytes

HDF5_START = b"\x89HDF\r\n\x1a\n"
DAMAGED = "is damaged or not an AnnData file"
NOTE = "values are those of X; layers and raw were not looked at"
#: Where our writer notes the scale, in ``uns``.
SCALE_KEY = "radiogen_scale"
SPARSE_FORMS = ("csr_matrix", "csc_matrix")


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 files do.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            return stream.read(len(HDF5_START)) == HDF5_START
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or 'system error'}", path) from error


def parse_h5ad(path: Path) -> tuple[Form, Scale | None]:
    """Read ``X`` with its names, after walking the file, in this process.

    HDF5's library may crash on damaged bytes; `h5ad_process.read_h5ad` keeps
    that away from the program.

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
    try:
        with h5py.File(path, "r") as file:
            walk(file, path)
            if "X" not in file or "obs" not in file or "var" not in file:
                raise InputError("expected an AnnData file with X, obs and var", path)
            rows, columns = _names(file["obs"], "obs", path), _names(file["var"], "var", path)
            values = _values(file["X"], (len(rows), len(columns)), path)
            scale = _stored_scale(file, path)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise InputError(DAMAGED, path) from error
    return as_form(rows, columns, values), scale


def as_form(
    rows: tuple[str, ...], columns: tuple[str, ...], values: npt.NDArray[np.float32]
) -> Form:
    """Return patients, genes and values (N, G) as a form of table."""
    return Form("h5ad", NumberRows(rows, columns, values), "columns", (NOTE,))


def write_h5ad(matrix: ExpressionMatrix, path: Path, *, note_scale: bool = True) -> None:
    """Write a matrix as AnnData, with its scale in ``uns`` if it is to be noted.

    Raises
    ------
    RadiogenError
        When the system refuses.
    """
    import pandas as pd
    from anndata import AnnData
    from anndata.io import write_elem

    # Of the object type, which every version of anndata writes as plain texts.
    obs, var = (
        pd.DataFrame(index=pd.Index(names, dtype=object))
        for names in (matrix.patient_ids, matrix.gene_symbols)
    )
    uns = {SCALE_KEY: matrix.scale} if note_scale else {}
    table = AnnData(X=matrix.values, obs=obs, var=var, uns=uns)
    # In memory first: HDF5 ends the process when the disk is full.
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write_elem(file, "/", table, dataset_kwargs={"compression": "gzip"})
    save_bytes(Path(path), buffer.getvalue())


def _names(table: object, what: str, path: Path) -> tuple[str, ...]:
    if not isinstance(table, h5py.Group):
        reason = f"{what} is in an outdated form; open it with anndata 0.8 or later and save it"
        raise InputError(reason, path)
    key = table.attrs.get("_index", "_index")
    if not isinstance(key, str) or key not in table:
        raise InputError(f"{what} has no index of names", path)
    index = table[key]
    if isinstance(index, h5py.Group):
        index = _nullable(index, what, path)
    return read_names(index, f"the index of {what}", path)


def _nullable(index: h5py.Group, what: str, path: Path) -> object:
    """Return the texts of an index that may hold missing ones: none may be."""
    mask = index.get("mask")
    if "values" not in index or not isinstance(mask, h5py.Dataset) or mask.size > MAX_CELLS:
        raise InputError(f"the index of {what} is of an unknown form", path)
    if np.asarray(mask[...]).any():
        raise InputError(f"a name in the index of {what} is missing", path)
    return index["values"]


def _values(x: object, shape: tuple[int, int], path: Path) -> npt.NDArray[np.float32]:
    if shape[0] * shape[1] > MAX_CELLS or 0 in shape:
        raise InputError(f"holds no values, or more than {MAX_CELLS}", path)
    values = _sparse(x, path) if isinstance(x, h5py.Group) else read_numbers(x, 2, "X", path)
    if values.shape != shape:
        raise InputError(f"X has shape {values.shape}, obs and var say {shape}", path)
    with np.errstate(over="ignore"):
        numbers = np.asarray(values, dtype=np.float32)
    if np.isinf(numbers).any():
        raise InputError("X holds infinite values", path)
    return numbers


def _sparse(x: h5py.Group, path: Path) -> npt.NDArray[Any]:
    from scipy import sparse

    form = str(x.attrs.get("encoding-type", ""))
    shape = tuple(int(n) for n in np.ravel(x.attrs.get("shape", ())))
    if (
        form not in SPARSE_FORMS
        or len(shape) != 2
        or min(shape) < 0
        or shape[0] * shape[1] > MAX_CELLS
    ):
        raise InputError("X is of an unknown form or too large", path)
    parts = [read_numbers(x.get(n), 1, f"X/{n}", path) for n in ("data", "indices", "indptr")]
    make = sparse.csr_matrix if form == "csr_matrix" else sparse.csc_matrix
    matrix = make(tuple(parts), shape=shape)
    # Indices that point outside would be followed unchecked.
    matrix.check_format(full_check=True)
    return np.asarray(matrix.toarray())


def _stored_scale(file: h5py.File, path: Path) -> Scale | None:
    uns = file.get("uns")
    stored = uns.get(SCALE_KEY) if isinstance(uns, h5py.Group) else None
    if not isinstance(stored, h5py.Dataset) or stored.shape != ():
        return None
    text = stored[()]
    scale = text.decode("utf-8") if isinstance(text, bytes) else str(text)
    if scale not in get_args(Scale):
        raise InputError("states a scale that is none of ours", path)
    return cast(Scale, scale)
