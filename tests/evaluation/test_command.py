import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

from napari_radiogen.cli import main
from tests.evaluation.doubles import DiscGenerator, ThresholdNetwork

ENTRIES = [
    SimpleNamespace(name="discs", role="default", shipped=True),
    SimpleNamespace(name="discs-permuted-1", role="permuted"),
    SimpleNamespace(name="discs-permuted-2", role="permuted"),
    SimpleNamespace(name="other-permuted-1", role="permuted"),
    SimpleNamespace(name="discs-permuted-notes", role="extra"),
]


@pytest.fixture
def models(monkeypatch):
    """Stand in for the model library: ``discs`` and what is shipped beside it."""

    def load(name):
        tail = name[-1]
        scramble = int(tail) if tail.isdigit() else None
        return DiscGenerator(
            name=name,
            digest=name,
            scramble=scramble,
            learned_permuted_genes=scramble is not None,
            training_digest="longer" if name.startswith("weak") else "",
        )

    stubs = {
        "library": {
            "find_model": lambda name, system=None: ENTRIES[0],
            "list_models": lambda: ENTRIES,
        },
        "gene_painter": {"load_painter": load},
        "measuring": {
            "ALL_TURNS": 8,
            "load_measuring_unet": lambda name, turns: ThresholdNetwork(),
        },
    }
    for name, members in stubs.items():
        module = ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, f"napari_radiogen.inference.{name}", module)


def run(cohort, *words):
    return main(["evaluate", "control", "--model", "discs", "--cohort", str(cohort.path), *words])


def test_json_is_the_report_with_the_shipped_null(models, cohort, capsys):
    assert run(cohort, "--draws", "2", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["attributes"]["diameter"]["spearman"] > 0.9
    assert report["permuted"]["runs"] == 2
    names = [run["name"] for run in report["permuted"]["models"]]
    assert names == ["discs-permuted-1", "discs-permuted-2"]
    assert report["background_psnr_db"] is None
    assert report["composite_exact"] is True
    assert report["draws"] == 2


def test_a_run_of_one_s_own_by_the_same_name_has_no_shipped_null(
    models, cohort, capsys, monkeypatch
):
    monkeypatch.setattr(ENTRIES[0], "shipped", False)
    assert run(cohort, "--draws", "2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["permuted"]["runs"] == 0


def test_named_null_replaces_the_shipped_one(models, cohort, capsys):
    assert run(cohort, "--draws", "2", "--permuted", "other-permuted-1", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in report["permuted"]["models"]] == ["other-permuted-1"]
    assert any("permuted" in warning for warning in report["warnings"])


def test_a_model_that_learned_true_genes_is_no_null(models, cohort, capsys):
    assert run(cohort, "--draws", "2", "--permuted", "other") == 1
    assert "other: was not trained on permuted genes" in capsys.readouterr().err


def test_a_null_of_another_config_is_refused(models, cohort, capsys):
    assert run(cohort, "--draws", "2", "--permuted", "weak-permuted-1") == 1
    assert "another config or cohort than discs" in capsys.readouterr().err


def test_the_table_names_the_cohort_and_the_use(models, cohort, capsys):
    assert run(cohort, "--draws", "2") == 0
    text = capsys.readouterr().out
    assert "planted: invented genes" in text
    assert "Research use only" in text
    assert "not to protocol: 24 test subjects" in text
    assert "diameter, mm" in text


def test_a_missing_cohort_is_one_line(models, tmp_path, capsys):
    code = main(["evaluate", "control", "--model", "discs", "--cohort", str(tmp_path), "--json"])
    captured = capsys.readouterr()
    assert code == 1
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) == 1
    assert "cohort.json is missing" in captured.err


def test_usage_errors_end_with_two(models, cohort):
    assert run(cohort, "--draws", "0") == 2
    assert main(["evaluate", "control"]) == 2
