"""``radiogen genes`` and ``radiogen cohort join`` on the shipped model and small tables."""

import json
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.cli import main
from napari_radiogen.inference.generator import Generator, load_generator


@pytest.fixture(scope="module")
def generator() -> Generator:
    return load_generator()


def write(path: Path, genes: list[str], rows: dict[str, np.ndarray]) -> Path:
    lines = [",".join(["subject_id", *genes])]
    lines += [",".join([name, *(f"{v:.6f}" for v in row)]) for name, row in rows.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


def answer(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict, str]:
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def test_genes_prints_the_vector_that_the_model_is_fed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], generator: Generator
) -> None:
    metagenes = generator.metagenes
    genes = list(metagenes.gene_symbols)
    rows = {
        "mean": metagenes.gene_mean,
        "001": metagenes.gene_mean + metagenes.gene_sd,
    }
    path = write(tmp_path / "e.csv", genes[::-1], {k: v[::-1] for k, v in rows.items()})
    code, report, err = answer(capsys, "genes", path, "--patient", "001", "--json")
    assert (code, err) == (0, "")
    assert report["patient"] == "001"
    assert report["model"]["name"] == generator.name
    assert report["table"]["scale"]["stated"] is False
    assert report["genes"]["present"] == len(genes)
    assert list(report["vector"]) == list(metagenes.names)
    expected = metagenes.transform(rows["001"][None])[0]
    np.testing.assert_allclose(list(report["vector"].values()), expected, atol=1e-3)
    _, everyone, _ = answer(capsys, "genes", path, "--json")
    assert list(everyone["vectors"]) == ["mean", "001"]
    assert everyone["vector"] is None


def test_genes_reports_and_refuses_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], generator: Generator
) -> None:
    genes = list(generator.metagenes.gene_symbols)
    path = write(tmp_path / "e.csv", genes[7:], {"p": generator.metagenes.gene_mean[7:]})
    code, report, err = answer(capsys, "genes", path, "--json")
    assert code == 1
    assert report["genes"]["missing"] == genes[:7]
    assert report["vectors"] == {}
    assert err.count("\n") == 1
    assert f"{path}: lacks 7 of the {len(genes)} genes" in err
    aliases = tmp_path / "hgnc.tsv"
    old = [f"OLD{i}" for i in range(7)]
    pairs = "".join(f"{new}\t{was}\n" for new, was in zip(genes[:7], old, strict=True))
    aliases.write_text("symbol\tprev_symbol\n" + pairs)
    path = write(tmp_path / "e.csv", [*old, *genes[7:]], {"p": generator.metagenes.gene_mean})
    code, report, err = answer(capsys, "genes", path, "--aliases", aliases, "--json")
    assert (code, err) == (0, "")
    assert report["genes"]["renamed"] == dict(zip(genes[:7], old, strict=True))


def test_genes_refuses_an_impossible_scale_and_an_unknown_patient(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], generator: Generator
) -> None:
    genes = list(generator.metagenes.gene_symbols)
    path = write(tmp_path / "e.csv", genes, {"p": generator.metagenes.gene_mean})
    code, report, err = answer(capsys, "genes", path, "--scale", "zscore", "--json")
    assert (code, report["transform"]) == (1, None)
    assert "z-scores cannot become log2" in err
    code, _, err = answer(capsys, "genes", path, "--patient", "q", "--json")
    assert (code, "has no patient 'q'" in err) == (1, True)


def test_join(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clinical = tmp_path / "c.csv"
    clinical.write_bytes(b"Case ID,note\nR01-001,a\xa0b\nR01-2,x\nAMC-9,y\n")
    expression = tmp_path / "e.csv"
    expression.write_text(",R01-001,R01-002\nA,1.5,2\n")
    code, report, err = answer(capsys, "cohort", "join", clinical, expression, "--json")
    assert (code, err) == (0, "")
    assert report["matched"] == ["R01-001"]
    assert report["only_clinical"] == ["R01-2", "AMC-9"]
    assert report["only_expression"] == ["R01-002"]
    assert report["near_misses"][0]["expression"] == "R01-002"
    assert report["clinical"]["encoding"] == "cp1252"
    clinical.write_text("Case ID\tnote\nZ\tx\n")
    code, report, err = answer(capsys, "cohort", "join", clinical, expression, "--json")
    assert (code, report["matched"]) == (0, [])
    assert "none of its patients" in err
    assert main(["cohort", "join", str(clinical), str(expression)]) == 0
    assert "only expression  2" in capsys.readouterr().out


def test_inspect_tells_expression_from_clinical_and_names_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("gene,p1\nEGFR,1.5\n")
    code, report, _ = answer(capsys, "inspect", path, "--json")
    assert (code, report["kind"], report["scale"]["name"]) == (0, "expression", "log2")
    path.write_text("case_id,histology\nP1,adeno\n")
    code, report, _ = answer(capsys, "inspect", path, "--json")
    assert (code, report["kind"], report["columns"]) == (0, "clinical", ["histology"])
    path.write_text("gene,p1\nA,1.5\nA,2\n")
    code, report, err = answer(capsys, "inspect", path, "--json")
    assert (code, report["duplicated_genes"]) == (1, ["A"])
    assert err.count("\n") == 1
    path.write_text("a,b\nc,d\n")
    code, report, err = answer(capsys, "inspect", path, "--json")
    assert (code, report) == (1, {})
    assert f"{path}: line 2, column 'b': expected a finite number" in err
