"""Probe annotations, alias tables and clinical tables."""

from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.io.clinical import read_clinical
from napari_radiogen.io.expression_tables import read_expression_table
from napari_radiogen.io.gene_aliases import read_aliases
from napari_radiogen.io.probes import collapse_probes, read_probe_map

PLATFORM = (
    "#ID = probe\n^PLATFORM = GPL1\n!platform_table_begin\nID\tGB_ACC\tGene Symbol\n"
    "1_at\tx\tEGFR\n2_at\ty\tEGFR\n3_at\tz\tKRAS /// NRAS\n4_at\tz\t---\n5_at\tz\tNA\n"
    "!platform_table_end\n"
)
ARRAY = "ID_REF,p1,p2\n1_at,5.5,6\n2_at,2,9\n3_at,1,1\n4_at,2,2\n5_at,3,NA\n9_at,4,4\n"
HGNC = (
    "hgnc_id\tsymbol\talias_symbol\tprev_symbol\n"
    "1\tMARCHF1\tRNF171|DLNB19\tMARCH1\n2\tB\tOLD\t\n3\tC\t\tOLD\n4\tD\tB\t\n"
)


def save(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_one_probe_a_gene_by_the_stated_rule(tmp_path: Path) -> None:
    probes = read_probe_map(save(tmp_path / "gpl.txt", PLATFORM))
    assert (probes.without, probes.several) == (1, 1)
    table = read_expression_table(save(tmp_path / "a.csv", ARRAY))
    by_mean = collapse_probes(table, probes)
    assert by_mean.gene_symbols == ("EGFR", "NA")
    np.testing.assert_array_equal(by_mean.values, np.float32([[5.5, 3], [6, np.nan]]))
    assert "largest mean" in by_mean.notes[-1]
    assert "3 probes stand for 2 genes" in by_mean.notes[-1]
    by_variance = collapse_probes(table, probes, "variance")
    np.testing.assert_array_equal(by_variance.values[:, 0], np.float32([2, 9]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ID\tName\na\tb\n", "expected a column ID"),
        ("ID\tsymbol\na\t---\n", "names no gene"),
        ("ID\tsymbol\na\tX\na\tY\n", "stands for two genes"),
        ("ID\tsymbol\na\tX\tY\n", "3 cells"),
        ("", "expected a header"),
    ],
)
def test_broken_platform_tables(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_probe_map(save(tmp_path / "gpl.txt", text))


def test_a_platform_of_another_array_is_refused(tmp_path: Path) -> None:
    probes = read_probe_map(save(tmp_path / "gpl.txt", "ID\tsymbol\n77_at\tEGFR\n"))
    table = read_expression_table(save(tmp_path / "a.csv", ARRAY))
    with pytest.raises(InputError, match="none of its probes"):
        collapse_probes(table, probes)


def test_aliases_rename_only_what_is_unambiguous(tmp_path: Path) -> None:
    aliases = read_aliases(save(tmp_path / "hgnc.txt", HGNC))
    assert aliases.current("MARCH1") == aliases.current("RNF171") == "MARCHF1"
    assert aliases.ambiguous == {"OLD"}
    assert aliases.current("OLD") == "OLD"
    # B is the approved symbol of a gene of its own.
    assert aliases.current("B") == "B"
    with pytest.raises(InputError, match="expected a column symbol"):
        read_aliases(save(tmp_path / "x.csv", "a,b\n1,2\n"))
    with pytest.raises(InputError, match="a row has 1 cells"):
        read_aliases(save(tmp_path / "x.csv", "symbol,alias\nA\n"))


def test_clinical_ids_are_text_and_kept_as_they_are(tmp_path: Path) -> None:
    path = save(tmp_path / "c.csv", "Age,Case ID,Histology \n60,001,NA\n61,R01-1 ,x\n")
    table = read_clinical(path)
    assert table.patient_ids == ("001", "R01-1 ")
    assert table.columns == ("Age", "Histology")
    assert table.rows["001"] == {"Age": "60", "Histology": "NA"}
    assert "blank" in table.warnings[0]
    assert read_clinical(path, id_column="Age").patient_ids == ("60", "61")
    assert read_clinical(save(path, "x,y\n1,p\n"), known=["p"]).patient_ids == ("p",)


def test_clinical_encoding_falls_back_and_says_so(tmp_path: Path) -> None:
    path = save(tmp_path / "c.csv", "case_id,note\nP1,é\n", "cp1252")
    table = read_clinical(path)
    assert (table.encoding, table.rows["P1"]["note"]) == ("cp1252", "é")
    assert "not UTF-8: read as cp1252" in table.warnings[0]
    assert read_clinical(path, encoding="latin-1").warnings == ()
    with pytest.raises(InputError, match="not UTF-8 text"):
        read_clinical(path, encoding="utf-8")
    with pytest.raises(InputError, match="ids are not UTF-8"):
        read_clinical(save(path, "case_id,note\nPé,x\n", "cp1252"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("case_id,a\nP1,1\nP1,2\n", "'P1' has more than one row"),
        ("a,b\n1,2\n", "say --id-column"),
        ("case_id,Case ID\n1,2\n", "several columns"),
        ("case_id,a,a\n1,2,3\n", "same name"),
        ("case_id,a\n1\n", "1 cells"),
        ("case_id,a\n,1\n", "patient 1 has no name"),
        ("case_id,a\n", "no row"),
    ],
)
def test_broken_clinical_tables(tmp_path: Path, text: str, reason: str) -> None:
    path = save(tmp_path / "c.csv", text)
    with pytest.raises(InputError, match=reason) as caught:
        read_clinical(path)
    assert str(caught.value).startswith(f"{path}: ")
