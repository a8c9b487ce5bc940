"""Figures by the command, with a shipped U-Net on fabricated slices."""

import json

from napari_radiogen.cli import main
from napari_radiogen.evaluation.figures.book import FIGURES


def run(cohort, out, *words):
    return main(["evaluate", "tables", "--cohort", str(cohort.path), "--out", str(out), *words])


def test_figures_alone_are_drawn_from_what_is_given_and_the_rest_is_named(cohort, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(cohort, out, "--model", "unet-planted", "--only", "figures", "--json") == 0
    told = json.loads(capsys.readouterr().out)["figures"]
    (key,) = told["drawn"]
    assert key == "li-2018-figure-5"
    assert "Model: unet-planted" in told["drawn"][key]["caption"]
    assert len(told["drawn"][key]["subjects"]) == 4
    assert set(told["left_out"]) == set(FIGURES) - {key}
    assert sorted(p.name for p in out.iterdir()) == ["figures"]
    assert (out / "figures" / f"{key}.png").read_bytes().startswith(b"\x89PNG")


def test_a_model_that_is_not_there_is_one_line_and_no_folder(cohort, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(cohort, out, "--model", str(tmp_path / "run"), "--only", "figures") == 1
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "no such model" in told.err
    assert not out.exists()
