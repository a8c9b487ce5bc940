"""Expression tables: ids stay text, faults are named."""

from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.domain import ExpressionMatrix
from napari_radiogen.errors import InputError
from napari_radiogen.io.expression import (
    read_expression,
    read_geo_table,
    write_expression,
    write_geo_table,
)


def matrix() -> ExpressionMatrix:
    values = np.random.default_rng(0).gamma(2, 2, (4, 5)).astype(np.float32)
    values[1, 2] = np.nan
    genes = ("NA", "MARCH1", "1e5", "=cmd()", "PHG00001")
    return ExpressionMatrix(values, ("001", "R01-002", "-3", "P4"), genes, "log2")


def test_csv_round_trip_is_exact_and_ids_are_text(tmp_path: Path) -> None:
    write_expression(matrix(), tmp_path / "e.csv")
    back = read_expression(tmp_path / "e.csv")
    assert back.patient_ids == matrix().patient_ids
    assert back.gene_symbols == matrix().gene_symbols
    np.testing.assert_array_equal(back.values, matrix().values)
    assert "\n=" not in (tmp_path / "e.csv").read_text()
    assert ",=" not in (tmp_path / "e.csv").read_text()


def test_geo_table_round_trip(tmp_path: Path) -> None:
    write_geo_table(matrix(), tmp_path / "g.txt")
    lines = (tmp_path / "g.txt").read_text().splitlines()
    assert len(lines) == 6
    assert lines[3].split("\t")[2] == "NA"
    back = read_geo_table(tmp_path / "g.txt")
    assert back.gene_symbols == matrix().gene_symbols
    np.testing.assert_allclose(back.values, matrix().values, rtol=1e-5)


def test_header_without_corner(tmp_path: Path) -> None:
    (tmp_path / "g.txt").write_text("R01-1\tR01-2\nA\t1\t3\nB\tNA\t0\n")
    back = read_geo_table(tmp_path / "g.txt")
    assert back.patient_ids == ("R01-1", "R01-2")
    np.testing.assert_array_equal(back.values, [[1, np.nan], [2, 0]])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,A,B\np1,1,x\n", "line 2, column 'B'"),
        ("id,A,B\np1,1,inf\n", "finite number"),
        ("id,A,B\np1,1,1_0\n", "finite number"),
        ("id,A,B\np1,1,2,3,4\n", "5 cells"),
        ("id,A,A\np1,1,2\n", "gene 'A' appears more than once"),
        ("id,A\np1,1\np1,2\n", "patient 'p1' appears more than once"),
        ("id,A,\np1,1,2\n", "has no name"),
        ("id,A,B\n", "no row"),
        ("", "no row"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "e.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=reason) as caught:
        read_expression(path)
    assert str(caught.value).startswith(str(path))


def test_other_encodings_and_log_scales_are_refused(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes("id,A\nJosé,1\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_expression(tmp_path / "e.csv")
    (tmp_path / "g.txt").write_text("\tp1\nA\t-2\n")
    with pytest.raises(InputError, match="negative"):
        read_geo_table(tmp_path / "g.txt")
    with pytest.raises(InputError, match="cannot be read"):
        read_expression(tmp_path / "absent.csv")


def test_real_tables(data_dir: Path) -> None:
    folder = data_dir / "nsclc_radiogenomics"
    back = read_expression(folder / "rnaseq_zlog10_130pts_x_1000genes.csv", "zscore")
    assert back.values.shape[1] >= 900
    assert np.isnan(back.values).any()
