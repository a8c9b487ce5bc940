"""AnnData files: what anndata writes, and HDF5 that leads out, claims too much or is cut."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from tests.battery.case import CANARY, Case, Expectation, TableTruth
from tests.battery.cases_tables import LOG2, OUTPUTS
from tests.io.test_expression_h5ad import FAULTS

PATIENTS = ("001", "R01-002", "-3", "P4")
GENES = ("NA", "MARCH1", "1e5", "=cmd()", "001")
LEADS_OUT = "HDF5 with links, external storage, virtual datasets, opaque objects"
CLAIMS = "HDF5 that states more than it stores, huge chunks, unknown filters"
#: The row of the docs' table that a planted fault stands for, by its name.
ROWS = {
    "_external_link": LEADS_OUT, "_soft_link": LEADS_OUT, "_external_storage": LEADS_OUT,
    "_virtual": LEADS_OUT, "_opaque": LEADS_OUT, "_shape_bomb": CLAIMS, "_chunk_bomb": CLAIMS,
    "_unstored": CLAIMS, "_partly_stored": CLAIMS, "_names_bomb": CLAIMS,
    "_old": "h5ad with `obs` in the old compound form", "_twice": "patient named twice",
    "_control": "nameless or control characters in a name",
}  # fmt: skip
DAMAGED = "HDF5 so damaged that its library crashes, or that takes over 10 minutes"


def values() -> np.ndarray:
    """(patients, genes)."""
    found = np.random.default_rng(0).normal(6, 2, (4, 5)).astype(np.float32)
    found[1, 2] = np.nan
    return found


def saved(folder: Path, x: Any = None, dtype: str = "float32", **options: Any) -> Path:
    obs = pd.DataFrame(index=pd.Index(PATIENTS, dtype=object))
    var = pd.DataFrame(index=pd.Index(GENES, dtype=object))
    x = values().astype(dtype) if x is None else x
    data = anndata.AnnData(X=x, obs=obs, var=var)
    data.layers["raw"] = np.ones((4, 5), np.float32)
    data.write_h5ad(folder / "a.h5ad", **options)
    with h5py.File(folder / "a.h5ad", "r+") as f:
        f["obs/PatientName"], f["var/note"] = [CANARY] * 4, [CANARY] * 5
        f["uns/institution"] = CANARY
    return folder / "a.h5ad"


def case(
    name: str,
    build: Callable[[Path], Path],
    right: np.ndarray | None = None,
    expect: Expectation | None = None,
    says: str = "",
    options: tuple[str, ...] = LOG2,
    fault: str = "",
) -> Case:
    def made(folder: Path) -> tuple[Path, TableTruth | None]:
        truth = None if right is None else TableTruth(right.astype(np.float32), PATIENTS, GENES)
        return build(folder), truth

    wanted: Expectation = expect or ("refused" if right is None else "valid")
    return Case("h5ad", name, wanted, made, says, None, fault, options, OUTPUTS, ())


def cases() -> Iterator[Case]:
    yield from _valid()
    for break_it, says in FAULTS.items():
        name = break_it.__name__
        yield case(name.strip("_").replace("_", " "), _changed(break_it), says=says, options=(),
                   fault=ROWS.get(name, ""))  # fmt: skip
    yield case("a link to a file beside", _changed(_link_beside), says="link", fault=LEADS_OUT)
    yield case("a link with a canary", _changed(_link_canary), says="link", fault=LEADS_OUT)
    yield case("an object reference", _changed(_reference), values())
    yield case("a filter that nobody has", _changed_filter, says="filter|damaged", fault=CLAIMS)
    yield from _damaged()


def _valid() -> Iterator[Case]:
    yield case("plain", saved, values())
    for dtype in ("float64", ">f4", "float16"):
        yield case(f"of {dtype}", lambda f, d=dtype: saved(f, dtype=d), values().astype(dtype))
    whole = np.arange(20).reshape(4, 5) * 3
    for dtype in ("int64", "uint8", "int16"):
        yield case(f"of {dtype}", lambda f, d=dtype: saved(f, whole.astype(d)), whole,
                   options=("--scale", "counts"))  # fmt: skip
    thin = np.where(whole % 2, whole, 0) / 4
    for name, form in (("CSR", sparse.csr_matrix), ("CSC", sparse.csc_matrix)):
        yield case(f"sparse {name}", lambda f, m=form: saved(f, m(thin.astype(np.float32))), thin,
                   "warned", "--zeros-missing")  # fmt: skip
    yield case("packed within", lambda f: saved(f, compression="gzip"), values())
    yield case("categorical columns", _changed(_categorical_column), values())
    yield case("categorical names", _changed(_categorical), says="unknown form", options=())
    yield case(
        "scale inferred", saved, values(), "warned", "inferred as log2", (), "scale inferred"
    )
    yield case("more trees of other kinds", _changed(_more), values())

    def renamed(folder: Path) -> Path:
        return saved(folder).rename(folder / "a.csv")

    yield case("named csv", renamed, values())


def _changed(change: Callable[[h5py.File], None]) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        path = saved(folder)
        with h5py.File(path, "r+") as f:
            for axis, names in (("obs", PATIENTS), ("var", GENES)):
                # As our writer does it, so that the planted faults fit.
                if f[axis].attrs["_index"] != "_index":
                    f[axis].move(f[axis].attrs["_index"], "_index")
                    f[axis].attrs["_index"] = "_index"
                if len(f[axis]["_index"]) != len(names):
                    raise ValueError("names are lost")
            f["uns/radiogen_scale"] = "log2"
            change(f)
        return path

    return build


def _categorical_column(f: h5py.File) -> None:
    _categorical(f, "stage")


def _categorical(f: h5py.File, column: str = "_index") -> None:
    for axis, names in (("obs", PATIENTS), ("var", GENES)):
        if column in f[axis]:
            del f[axis][column]
        group = f[axis].create_group(column)
        group.attrs["encoding-type"], group.attrs["encoding-version"] = "categorical", "0.2.0"
        group.attrs["ordered"] = False
        group["categories"] = np.array(sorted(names), dtype=h5py.string_dtype())
        group["codes"] = np.array([sorted(names).index(n) for n in names], np.int8)


def _more(f: h5py.File) -> None:
    f["obsm/pca"] = np.ones((4, 2))
    f["varm/loadings"] = np.ones((5, 2))
    f["uns/rank"] = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f4")])


def _link_beside(f: h5py.File) -> None:
    del f["X"]
    f["X"] = h5py.ExternalLink("other.h5", "/X")


def _link_canary(f: h5py.File) -> None:
    f[f"uns/{CANARY}"] = h5py.ExternalLink(f"{CANARY}.h5", f"/{CANARY}")


def _reference(f: h5py.File) -> None:
    f["uns/object"] = np.array([f["X"].ref], dtype=h5py.ref_dtype)


def _changed_filter(folder: Path) -> Path:
    path = saved(folder)
    with h5py.File(path, "r+") as f:
        del f["X"]
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((4, 5))
        plist.set_filter(31999, h5py.h5z.FLAG_OPTIONAL, (1,))
        space = h5py.h5s.create_simple((4, 5))
        made = h5py.h5d.create(f.id, b"X", h5py.h5t.IEEE_F32LE, space, plist)
        made.write_direct_chunk((0, 0), values().tobytes())
    return path


def _damaged() -> Iterator[Case]:
    def cut(share: float) -> Callable[[Path], Path]:
        def build(folder: Path) -> Path:
            path = saved(folder)
            raw = path.read_bytes()
            path.write_bytes(raw[: int(len(raw) * share)])
            return path

        return build

    for share in (0.001, 0.05, 0.5, 0.95):
        yield case(f"cut at {share}", cut(share), says="damaged", fault=DAMAGED)

    def put(name: str, content: bytes) -> Callable[[Path], Path]:
        def build(folder: Path) -> Path:
            (folder / name).write_bytes(content)
            return folder / name

        return build

    yield case("only the first bytes", put("a.h5ad", b"\x89HDF\r\n\x1a\n"), says="damaged",
               fault=DAMAGED)  # fmt: skip
    yield case("a text named h5ad", put("a.h5ad", b"text " * 100))
    yield case("an empty file", put("a.h5ad", b""), says="empty|no row")

    def packed(folder: Path) -> Path:
        path = saved(folder)
        path.write_bytes(gzip.compress(path.read_bytes()))
        return path

    yield case("packed as a whole", packed, says="HDF5")
    yield case("HDF5 that is no AnnData", _other, says="AnnData")


def _other(folder: Path) -> Path:
    with h5py.File(folder / "a.h5", "w") as f:
        f["x"] = np.ones(3)
    return folder / "a.h5"
