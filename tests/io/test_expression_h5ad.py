"""h5ad in and out: as anndata reads it, and nothing hostile is followed."""

from collections.abc import Callable
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from napari_radiogen.domain import ExpressionMatrix
from napari_radiogen.errors import InputError
from napari_radiogen.io import expression_h5ad, expression_tables, h5ad_process, hdf5_guard
from napari_radiogen.io.expression import write_matrix
from napari_radiogen.io.expression_tables import read_expression_table

GENES = ("NA", "MARCH1", "1e5", "=cmd()", "001")
PATIENTS = ("001", "R01-002", "-3", "P4")


def matrix() -> ExpressionMatrix:
    values = np.random.default_rng(0).normal(6, 2, (4, 5)).astype(np.float32)
    values[1, 2] = np.nan
    return ExpressionMatrix(values, PATIENTS, GENES, "zscore")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_matrix(matrix(), tmp_path / "a.h5ad")
    return tmp_path / "a.h5ad"


def test_round_trip_keeps_ids_values_and_stated_scale(file: Path) -> None:
    table = read_expression_table(file)
    assert table.patient_ids == PATIENTS
    assert table.gene_symbols == GENES
    assert (table.scale.scale, table.scale.reason) == ("zscore", "as the file states")
    np.testing.assert_array_equal(table.values, matrix().values)


def test_an_inferred_scale_is_not_noted(tmp_path: Path) -> None:
    write_matrix(matrix(), tmp_path / "a.h5ad", note_scale=False)
    table = read_expression_table(tmp_path / "a.h5ad")
    assert (table.scale.scale, table.scale.stated) == ("log2", False)


def test_anndata_reads_what_we_write(file: Path) -> None:
    other = anndata.read_h5ad(file)
    assert tuple(other.obs_names) == PATIENTS
    assert tuple(other.var_names) == GENES
    np.testing.assert_array_equal(other.X, matrix().values)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_we_read_what_anndata_writes(tmp_path: Path, form: Callable[..., object]) -> None:
    values = np.array([[0, 3, 0], [7, 0, 2]], dtype=np.int64)
    obs = pd.DataFrame({"age": [60, 61]}, index=pd.Index(["001", "002"], dtype=object))
    var = pd.DataFrame(index=pd.Index(["A", "B", "NA"], dtype=object))
    table = anndata.AnnData(X=form(values), obs=obs, var=var)
    table.uns["rank"] = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f4")])
    table.write_h5ad(tmp_path / "a.h5ad")
    back = read_expression_table(tmp_path / "a.h5ad")
    assert back.patient_ids == ("001", "002")
    assert back.gene_symbols == ("A", "B", "NA")
    assert back.scale.scale == "counts"
    np.testing.assert_array_equal(back.values, values)


def _external_link(f: h5py.File) -> None:
    f["uns/out"] = h5py.ExternalLink("/etc/hostname", "/x")


def _soft_link(f: h5py.File) -> None:
    del f["X"]
    f["X"] = h5py.SoftLink("/obs")


def _external_storage(f: h5py.File) -> None:
    del f["X"]
    f.create_dataset("X", (4, 5), "f4", external=[("/etc/passwd", 0, 80)])


def _virtual(f: h5py.File) -> None:
    del f["X"]
    layout = h5py.VirtualLayout((4, 5), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "X", (4, 5))
    f.create_virtual_dataset("X", layout)


def _opaque(f: h5py.File) -> None:
    f["uns/object"] = np.array([b"cos\nsystem"], dtype=h5py.opaque_dtype(np.dtype("V9")))


def _shape_bomb(f: h5py.File) -> None:
    del f["X"]
    f.create_dataset("X", (10**9, 10**6), "f4", chunks=(1000, 1000))


def _chunk_bomb(f: h5py.File) -> None:
    del f["X"]
    f.create_dataset("X", (4, 5), "f4", chunks=(20000, 20000), maxshape=(None, None))
    f["X"].id.set_extent((4, 5))


def _unstored(f: h5py.File) -> None:
    del f["X"]
    f.create_dataset("X", (4, 5), "f4")


def _partly_stored(f: h5py.File) -> None:
    del f["X"]
    f.create_dataset("X", (4, 5), "f4", chunks=(2, 5))[:2] = 1


def _names_bomb(f: h5py.File) -> None:
    del f["var/_index"]
    f["var"].create_dataset("_index", (10**7,), h5py.string_dtype())


def _long_name(f: h5py.File) -> None:
    f["var/_index"][0] = "x" * 100_000


def _control(f: h5py.File) -> None:
    f["var/_index"][0] = "EG\x1b[31mFR"


def _not_utf8(f: h5py.File) -> None:
    f["var/_index"][0] = b"\xff\xfe"


def _wrong_shape(f: h5py.File) -> None:
    del f["X"]
    f["X"] = np.ones((5, 4), "f4")


def _texts(f: h5py.File) -> None:
    del f["X"]
    f["X"] = np.full((4, 5), b"1")


def _infinite(f: h5py.File) -> None:
    f["X"][0, 0] = np.inf


def _sparse_outside(f: h5py.File) -> None:
    del f["X"]
    x = f.create_group("X")
    x.attrs["encoding-type"], x.attrs["shape"] = "csr_matrix", (4, 5)
    x["data"], x["indices"], x["indptr"] = [1.0], [10**6], [0, 1, 1, 1, 1]


def _sparse_bomb(f: h5py.File) -> None:
    _sparse_outside(f)
    f["X"].attrs["shape"] = (10**9, 10**9)


def _old(f: h5py.File) -> None:
    del f["obs"]
    f["obs"] = np.array([(b"p",)], dtype=[("index", "S1")])


def _no_x(f: h5py.File) -> None:
    del f["X"]


def _bad_scale(f: h5py.File) -> None:
    del f["uns/radiogen_scale"]
    f["uns/radiogen_scale"] = "parsecs"


def _twice(f: h5py.File) -> None:
    f["obs/_index"][1] = "001"


FAULTS = {
    _external_link: "link to another place or file",
    _soft_link: "link to another place or file",
    _external_storage: "lies in other files",
    _virtual: "lies in other files",
    _opaque: "opaque objects",
    _shape_bomb: "more than",
    _chunk_bomb: "chunks of more than",
    _unstored: "stores no values",
    _partly_stored: "not stored in full",
    _names_bomb: "no texts, or too many|stores no values",
    _long_name: "too long for a name",
    _control: "control characters",
    _not_utf8: "damaged",
    _wrong_shape: "X has shape",
    _texts: "holds no numbers",
    _infinite: "infinite",
    _sparse_outside: "damaged",
    _sparse_bomb: "too large",
    _old: "outdated form",
    _no_x: "expected an AnnData file",
    _bad_scale: "none of ours",
    _twice: "patient '001' appears more than once",
}


def parse_fully(path: Path) -> None:
    """Do in this process what the entry does in one of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expression_tables, "read_h5ad", expression_h5ad.parse_h5ad)
        read_expression_table(path)


@pytest.mark.parametrize("break_it", FAULTS, ids=lambda f: f.__name__)
def test_hostile_and_broken_files_are_refused(
    file: Path, break_it: Callable[[h5py.File], None]
) -> None:
    with h5py.File(file, "r+") as f:
        break_it(f)
    with pytest.raises(InputError, match=FAULTS[break_it]) as caught:
        parse_fully(file)
    assert str(caught.value).startswith(f"{file}: ")


def test_cut_off_and_packed_files(file: Path, tmp_path: Path) -> None:
    data = file.read_bytes()
    (tmp_path / "cut.h5ad").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="damaged"):
        read_expression_table(tmp_path / "cut.h5ad")


def test_a_ring_of_groups_ends(file: Path) -> None:
    with h5py.File(file, "r+") as f:
        f["uns/ring"] = f["uns"]
    assert read_expression_table(file).patient_ids == PATIENTS


def test_many_names_for_one_long_text_are_read_in_small_steps(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    original = h5py.Dataset.__getitem__

    def counted(self: h5py.Dataset, key: object) -> object:
        found = original(self, key)
        if isinstance(key, slice):
            seen.append(len(found))
        return found

    monkeypatch.setattr(hdf5_guard, "MAX_TEXT_BYTES", 2 * file.stat().st_size)
    monkeypatch.setattr(h5py.Dataset, "__getitem__", counted)
    assert expression_h5ad.parse_h5ad(file)[0].table.columns == GENES
    assert max(seen) == 2


def test_a_crash_or_a_hang_of_the_reading_process_is_a_refusal(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(h5ad_process, "START", "import os; os.kill(os.getpid(), 11)")
    with pytest.raises(InputError, match="damaged"):
        read_expression_table(file)
    monkeypatch.setattr(h5ad_process, "START", "import time; time.sleep(60)")
    monkeypatch.setattr(h5ad_process, "TIME_LIMIT_S", 0.5)
    with pytest.raises(InputError, match="took longer"):
        read_expression_table(file)


def test_a_refusal_of_the_reading_process_keeps_its_reason(file: Path) -> None:
    with h5py.File(file, "r+") as f:
        _external_link(f)
    with pytest.raises(InputError, match="link to another place") as caught:
        read_expression_table(file)
    assert str(caught.value).startswith(f"{file}: ")


def test_modules_in_the_working_folder_are_not_run(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("h5py", "json", "numpy"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w').close()")
    monkeypatch.chdir(tmp_path)
    assert read_expression_table(file).patient_ids == PATIENTS
    assert not (tmp_path / "ran").exists()
