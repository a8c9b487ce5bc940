"""``radiogen evaluate tables`` with each system trained for a moment on others' cohort."""

import csv
import io
import json
from functools import partial

import pytest

from napari_radiogen.cli import main
from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.tables import study
from napari_radiogen.evaluation.tables.given import GivenModels, load_models
from napari_radiogen.evaluation.tables.registry import TABLES, TableReport
from napari_radiogen.evaluation.tables.study import TableSettings
from napari_radiogen.evaluation.tables.table import Published, Row, Table
from napari_radiogen.evaluation.tables.write import number, to_csv, to_markdown
from napari_radiogen.inference import measuring
from napari_radiogen.io.cohort_store import open_cohort, write_cohort
from napari_radiogen.trainers.autoencoder import AutoencoderTraining
from napari_radiogen.trainers.gene_gan import MCGANBaselineTraining, MCGANPaperTraining
from napari_radiogen.trainers.inpainting import InpaintingTraining
from napari_radiogen.trainers.run import RunOptions
from napari_radiogen.trainers.systems_run import run_published
from napari_radiogen.trainers.unet import UNetConfig
from napari_radiogen.trainers.unet_run import run_unet
from tests.evaluation.tables.miniature import miniature

QUICK = {"batch": 4, "steps": 1, "validate_every": 1, "sheet_every": 0, "accelerator": "cpu"}
SIZES = {"size_px": 32, "base": 4, "discriminator_base": 4}
GENE_SIZES = {**SIZES, "hidden": 8, "code_dim": 8}
H_SIZES = {
    "size_px": 32,
    "genes": 1,
    "code_channels": None,
    "widths": [4, 4],
    "decoder_widths": [4, 4],
    "convolutions": 1,
}
SYSTEMS = {
    "autoencoder": (AutoencoderTraining, H_SIZES, {}),
    "mcgan-paper": (MCGANPaperTraining, GENE_SIZES, {}),
    "null": (MCGANPaperTraining, GENE_SIZES, {"permute": 1}),
    "mcgan-baseline": (MCGANBaselineTraining, GENE_SIZES, {}),
    "inpainting": (InpaintingTraining, SIZES, {}),
}


@pytest.fixture(scope="module")
def runs(others, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    options = RunOptions(threads=1)
    for name, (kind, network, more) in SYSTEMS.items():
        config = kind.model_validate({**QUICK, **more, "name": f"tiny-{name}", "network": network})
        run_published(others.path, config, folder / name, options=options)
    for name in ("unet", "judge"):
        config = UNetConfig(name=name, steps=1, base=2, batch_size=4, validate_every=1)
        run_unet(config, others, folder / name, options=options)
    return folder


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """Draw and look less often than a person would."""
    few = partial(TableSettings, resamples=30, image_draws=1, permutations=2)
    monkeypatch.setattr(study, "TableSettings", few)
    monkeypatch.setattr(measuring, "ALL_TURNS", 1)


def evaluate(others, runs, out, *words):
    given = [w for name in (*SYSTEMS, "unet") for w in ("--model", str(runs / name))]
    judge = ("--measuring", str(runs / "judge"), "--draws", "1")
    where = ("--cohort", str(others.path), "--out", str(out))
    return main(["evaluate", "tables", *where, *given, *judge, *words])


def test_every_table_of_all_systems(others, runs, tmp_path, capsys):
    assert evaluate(others, runs, tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    names = [kind.name for kind in TABLES]
    assert list(told["tables"]) == names
    assert told["left_out"] == {}
    figures = told.pop("figures")
    assert "xu-2019-figure-3" in figures["drawn"]
    assert "xu-2019-figure-2-mcgan" in figures["left_out"]
    assert (tmp_path / "out" / "figures" / "figures.md").is_file()
    for name, table in told["tables"].items():
        assert table["patients"] == 6
        # The cluster map correlates patients' means.
        assert table["n"] == (6 if name == "cluster-map" else 12)
        assert any(row["ci95"] for row in table["rows"])
        rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / f"{name}.csv").read_text())))
        assert [r["measure"] for r in rows] == [r["measure"] for r in table["rows"]]
    for name in ("segmentation", "gene-errors", "image-quality"):
        assert any(row["published"] for row in told["tables"][name]["rows"])
    control = told["tables"]["control"]["rows"]
    assert {row["model"] for row in control} == {"tiny-mcgan-paper", "tiny-mcgan-baseline"}
    assert "largest of 1 models" in control[0]["control_is"]
    page = (tmp_path / "out" / "tables.md").read_text()
    assert "Research use only" in page
    assert all(f"## {table['title']}" in page for table in told["tables"].values())
    assert json.loads((tmp_path / "out" / "tables.json").read_text()) == told


def test_one_table_of_one_model_and_what_was_left_out(others, runs, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["--cohort", str(others.path), "--model", str(runs / "unet"), "--out", str(out)]
    assert main(["evaluate", "tables", *words]) == 0
    text = capsys.readouterr().out
    assert "segmentation: 6 rows" not in text
    assert "cluster-map: left out, needs an autoencoder" in text
    assert "Research use only" in text
    assert sorted(p.name for p in out.glob("*.csv")) == ["segmentation.csv"]
    # A folder that holds something is never written over.
    assert main(["evaluate", "tables", *words]) == 1
    assert "already exists" in capsys.readouterr().err


def test_models_that_do_not_fit_are_refused(others, runs, tmp_path):
    with pytest.raises(ModelError, match="given twice"):
        load_models([str(runs / "unet"), str(runs / "unet" / "model.safetensors")], others)
    with pytest.raises(ModelError, match="no model of its cohort and config"):
        load_models([str(runs / "null"), str(runs / "mcgan-baseline")], others)
    with pytest.raises(ModelError, match=r"\(px, mm, HU\)"):
        load_models(["mcgan-planted"], others)


def test_models_that_saw_the_test_patients_are_refused(runs, tmp_path):
    content = miniature()
    swap = {"train": "test", "test": "train", "validation": "validation"}
    for subject in content.subjects:
        object.__setattr__(subject, "split", swap[subject.split])
    content.slices["split"] = content.slices["split"].copy()
    content.slices["split"][:] = [swap[s] for s in content.slices["split"]]
    write_cohort(tmp_path / "swapped", content)
    swapped = open_cohort(tmp_path / "swapped")
    for name in ("unet", "autoencoder", "inpainting", "mcgan-paper"):
        with pytest.raises(ModelError, match="test patients"):
            load_models([str(runs / name)], swapped)


def test_words_cannot_become_formulas_and_numbers_stay():
    row = Row("=cmd()", "unet", "-x", -0.5, n=3, patients=2, published=(Published(1.5, "@here"),))
    told = next(csv.DictReader(io.StringIO(to_csv([row]))))
    assert told["model"] == "'=cmd()"
    assert told["measure"] == "'-x"
    assert told["value"] == "-0.5"
    assert told["source"] == "'@here"
    assert told["low"] == ""


def test_a_page_breaks_no_table_and_says_what_is_not_defined(others):
    rows = [
        Row("a|b", "unet", "Dice", float("nan"), n=3, patients=2, control_is="chance"),
        Row("c", "unet", "Dice", 0.5, n=3, patients=2, ci95=(0.25, 0.75)),
    ]
    report = TableReport((Table("t", "A table", tuple(rows), ("A note.",)),), {"other": "needs x"})
    page = to_markdown(study.Study(others, GivenModels()), report).splitlines()
    empty, full = (line for line in page if "unet" in line)
    assert (
        empty
        == "| a/b (unet) | Dice | not defined |  | 3 of 2 patients | not defined (chance) |  |"
    )
    assert "| 0.5 | 0.25 to 0.75 |" in full
    assert page[-1] == "- other: needs x"


def test_numbers_are_short_and_gaps_are_empty():
    assert number(0.123456) == "0.1235"
    assert number(4.112e-06) == "4.112e-06"
    assert number(float("inf")) == number(None) == ""
