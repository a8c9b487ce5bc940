"""Every form of expression table goes through one entry, or is refused with its reason."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.genomics.preparation import drop_incomplete
from napari_radiogen.io.expression_tables import (
    ExpressionTable,
    ReadingOptions,
    read_expression_table,
)

SERIES = (
    '!Series_title\t"t"\n!Sample_title\t"P1"\t"P2"\n!series_matrix_table_begin\n'
    '"ID_REF"\t"GSM1"\t"GSM2"\n"NA"\t1.5\t2.25\n"1e5"\tnull\t-3\n!series_matrix_table_end\n'
)
GCT2 = "#1.2\n2\t2\nName\tDescription\ts1\ts2\nEGFR\tna\t1.5\t2\nMARCH1\t\t0.5\tNA\n"
GCT3 = (
    "#1.3\n2\t2\t1\t1\nid\tdescription\ts1\ts2\nage\tna\t60\tunknown\n"
    "EGFR\tx\t1.5\t2\nMARCH1\ty\t0.5\tNA\n"
)


def saved(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def read(path: Path, text: str, **options: object) -> ExpressionTable:
    return read_expression_table(saved(path, text), ReadingOptions(**options))  # type: ignore[arg-type]


def test_series_matrix(tmp_path: Path) -> None:
    table = read(tmp_path / "m.txt", SERIES, scale="log2")
    assert table.form == "GEO series matrix"
    assert table.patient_ids == ("GSM1", "GSM2")
    assert table.gene_symbols == ("NA", "1e5")
    np.testing.assert_array_equal(table.values, np.float32([[1.5, np.nan], [2.25, -3]]))
    titled = read(tmp_path / "m.txt", SERIES, scale="log2", sample_names="title")
    assert titled.patient_ids == ("P1", "P2")


def test_series_matrix_without_values_points_to_the_supplement(tmp_path: Path) -> None:
    lines = SERIES.splitlines(keepends=True)
    empty = "".join([*lines[:4], lines[-1]])
    with pytest.raises(InputError, match=r"headers only.*supplementary table"):
        read(tmp_path / "m.txt", empty)
    with pytest.raises(InputError, match="breaks off"):
        read(tmp_path / "m.txt", "".join(lines[:-1]), scale="log2")
    with pytest.raises(InputError, match="no values here"):
        read(tmp_path / "m.txt", lines[0])
    with pytest.raises(InputError, match="no titles"):
        read(tmp_path / "m.txt", SERIES.replace("P2", "P1"), sample_names="title")


@pytest.mark.parametrize("text", [GCT2, GCT3], ids=["1.2", "1.3"])
def test_gct(tmp_path: Path, text: str) -> None:
    table = read(tmp_path / "t.gct", text)
    assert table.patient_ids == ("s1", "s2")
    assert table.gene_symbols == ("EGFR", "MARCH1")
    np.testing.assert_array_equal(table.values, np.float32([[1.5, 0.5], [2, np.nan]]))
    with pytest.raises(InputError, match="has its genes in rows"):
        read(tmp_path / "t.gct", text, genes="columns")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GCT2.replace("#1.2", "#1.7"), "unknown version"),
        (GCT2.replace("2\t2\n", "3\t2\n"), "says 3 rows, it has 2"),
        (GCT2.replace("2\t2\n", "2\t9\n"), "says 11 columns, it has 4"),
        (GCT2.replace("2\t2\n", "99999999999999999999\t2\n"), "2 whole numbers"),
        (GCT3.replace("2\t2\t1\t1", "2\t2"), "4 whole numbers"),
        ("#comment\na,b\n", "begins with comments"),
        ("\n", "first line is empty"),
        ("gene;p1\nEGFR;1\n", "semicolons"),
        ("gene,p1\nEGFR,1,5\n", "3 cells"),
        ('gene,p1\n"EGFR,1\n', "not a table"),
        ("gene,p1\nEGFR,1e39\n", "finite number"),
        ("gene,p1\nEGFR,١\n", "finite number"),
        ("gene,p1\nEGFR,NAN\n", "finite number"),
        ("gene,p1\n\x1bEGFR,1\n", "control characters"),
        ("gene,p1\n  ,1\n", "gene 1 has no name"),
        ("gene,p1,p1\nEGFR,1,2\n", "patient 'p1' appears more than once"),
        ("gene,p1\nEGFR,NA\n", "no measured value"),
    ],
)
def test_broken_tables_are_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "t.csv"
    with pytest.raises(InputError, match=reason) as caught:
        read(path, text)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "genes", "options"),
    [
        ("gene,u,v\na,1.5,2\n", "rows", {}),
        ("case_id,a,b\nu,1.5,2\n", "columns", {}),
        (",R01-001,R01-002\na,1.5,2\nb,1.5,2\n", "rows", {}),
        (",EGFR,KRAS\nu,1.5,2\n", "columns", {}),
        (",1007_s_at,1053_at\nu,1.5,2\n", "columns", {}),
        ("x,u,v\na,1.5,2\n", "rows", {"known_patients": ["u", "v"]}),
        ("x,u,v\na,1.5,2\n", "rows", {"known_genes": ["a"]}),
        ("x,u,v\na,1.5,2\n", "columns", {"genes": "columns"}),
    ],
)
def test_layout_follows_evidence(
    tmp_path: Path, text: str, genes: str, options: dict[str, object]
) -> None:
    table = read(tmp_path / "t.csv", text, **options)
    assert table.layout.genes == genes
    assert table.layout.reason


def test_layout_without_or_against_evidence_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="say --genes rows or --genes columns"):
        read(tmp_path / "t.csv", "x,u,v\na,1.5,2\n")
    with pytest.raises(InputError, match="cannot tell"):
        read(tmp_path / "t.csv", "gene,EGFR,KRAS\nu,1.5,2\n")


def test_either_way_round_gives_the_same_table(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", "gene,p1,p2\n=cmd,1.5,2\nNA,3,\n")
    columns = read(tmp_path / "b.tsv", "patient_id\t'=cmd\tNA\np1\t1.5\t3\np2\t2\tNA\n")
    assert rows.gene_symbols == columns.gene_symbols == ("=cmd", "NA")
    assert rows.patient_ids == columns.patient_ids == ("p1", "p2")
    np.testing.assert_array_equal(rows.values, columns.values)


def _zscores() -> str:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 12))
    values = (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, keepdims=True)
    rows = [f"g{i}," + ",".join(f"{v:.4f}" for v in row) for i, row in enumerate(values)]
    return "gene," + ",".join(f"p{i}" for i in range(12)) + "\n" + "\n".join(rows)


@pytest.mark.parametrize(
    ("text", "scale", "reason"),
    [
        ("gene,p1\na,0\nb,1200\n", "counts", "whole number"),
        ("gene,p1\na,0.5\nb,12.25\n", "log2", "between 0.5 and 12.25"),
        ("gene,p1\na,0.5\nb,1200\n", "fpkm", "reach 1200"),
        (_zscores(), "zscore", "median SD of 1.00"),
    ],
)
def test_scale_is_inferred_and_says_why(tmp_path: Path, text: str, scale: str, reason: str) -> None:
    found = read(tmp_path / "t.csv", text).scale
    assert (found.scale, found.stated) == (scale, False)
    assert reason in found.reason


def test_scales_that_cannot_be_are_refused(tmp_path: Path) -> None:
    shifted = "gene,p1,p2,p3,p4,p5\n" + "".join(f"g{i},-3,-4,-5,-3,-4.5\n" for i in range(5))
    for text, options, reason in [
        (shifted, {}, "median mean of -3.90"),
        ("gene,p1\na,-2\n", {}, "too few to tell"),
        ("gene,p1\na,0\nb,1\n", {}, "only 0 and 1"),
        ("gene,p1\na,-2\n", {"scale": "counts"}, "counts cannot be negative"),
        ("gene,p1\na,-2\n", {"scale": "fpkm"}, "fpkm cannot be negative"),
        ("gene,p1\na,1200\n", {"scale": "log2"}, "below 30, and a value is 1200"),
    ]:
        with pytest.raises(InputError, match=reason):
            read(tmp_path / "t.csv", text, **options)
    stated = read(tmp_path / "t.csv", shifted, scale="log2").scale
    assert (stated.scale, stated.stated) == ("log2", True)


def test_zeros_become_missing_only_when_said(tmp_path: Path) -> None:
    text = "gene,p1,p2\na,0,2.5\nb,1.5,4\n"
    kept = read(tmp_path / "t.csv", text)
    assert not np.isnan(kept.values).any()
    assert "--zeros-missing" in kept.warnings[0]
    taken = read(tmp_path / "t.csv", text, zeros_missing=True)
    assert taken.missing_per_gene() == {"a": 1}
    assert "1 zeros were taken as missing" in taken.notes[-1]
    assert taken.warnings == ()


def test_dates_blanks_and_duplicates_are_reported(tmp_path: Path) -> None:
    table = read(tmp_path / "t.csv", "gene,p1 \n3-Mar,1.5\nA,2\nA,3\n")
    assert table.patient_ids == ("p1 ",)
    assert "3-Mar" in table.warnings[0]
    assert "blank" in table.warnings[1]
    assert table.to_json()["duplicated_genes"] == ["A"]
    with pytest.raises(InputError, match="gene 'A' appears more than once"):
        table.matrix()


def _write(path: Path, names: list[str], values: np.ndarray, cell: Callable[[float], str]) -> Path:
    patients = "\t".join(f"R01-{i:03d}" for i in range(values.shape[1]))
    lines = [
        f"{name}\t" + "\t".join(map(cell, row))
        for name, row in zip(names, values.tolist(), strict=True)
    ]
    with gzip.open(path, "wt", compresslevel=1) as stream:
        stream.write(f"\t{patients}\n" + "\n".join(lines) + "\n")
    return path


def test_full_rnaseq_form_keeps_5172_of_22127_genes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4000, (22127, 6)) / 8
    values[5172:, 2] = np.nan
    names = [f"G{i}" for i in range(22127)]
    path = _write(tmp_path / "GSE.txt.gz", names, values, lambda v: "NA" if v != v else f"{v}")
    table = read_expression_table(path)
    assert table.scale.scale == "fpkm"
    assert table.to_json()["missing"]["genes_complete"] == 5172
    kept, dropped = drop_incomplete(table.matrix())
    assert (len(kept.gene_symbols), len(dropped)) == (5172, 16955)
    np.testing.assert_array_equal(kept.values, values[:5172].T.astype(np.float32))


def test_microarray_form_of_60607_probes(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(100, 1500, (60607, 5)) / 100
    names = [f"{i}_at" for i in range(60607)]
    path = _write(tmp_path / "lung3.tsv", names, values, str)
    table = read_expression_table(path)
    assert table.values.shape == (5, 60607)
    assert table.scale.scale == "log2"
    np.testing.assert_array_equal(table.values, values.T.astype(np.float32))
