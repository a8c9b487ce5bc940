"""The shipped surrogate model: real symbols, nobody's rows, and 'surrogate' wherever it shows."""

import os
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.cli import main
from napari_radiogen.constants import DATA_VARIABLE
from napari_radiogen.genomics.drawn_patients import apartness
from napari_radiogen.inference.gene_map_file import maps_path
from napari_radiogen.inference.generator import load_generator
from napari_radiogen.inference.library import find_model, load_model
from napari_radiogen.io.labels import write_volume
from napari_radiogen.io.read import read_ct
from napari_radiogen.session import Session, ports, recipe
from napari_radiogen.session.figure import cohort_note
from napari_radiogen.session.ports import Engines, default_model_name
from tests.session.fakes import CENTRE, FakeSegmenter, lung_mask, make_scan

NAME = "mcgan-surrogate"
SMALL = {"shape": (44, 48, 52), "spacing": 1.5}


def engines():
    return Engines(lung_mask=lung_mask, load_segmenter=FakeSegmenter)


@pytest.fixture(scope="module")
def generator():
    return load_generator(NAME)


def test_the_planted_model_stays_the_default_and_first():
    assert default_model_name() == "mcgan-planted"
    assert find_model(system="mcgan").name == "mcgan-planted"
    assert ports.Engines().generator_names() == ("mcgan-planted", NAME)
    assert find_model(NAME).subject_ids[0] == "SUR-D01"


def test_genes_have_real_symbols_and_patients_are_drawn(generator):
    assert generator.cohort == "surrogate:surrogate-seed0"
    assert len(generator.metagenes.gene_symbols) == 487
    assert {"YAP1", "AGAP1"} <= set(generator.metagenes.gene_symbols)
    assert {s.split for s in generator.subjects} == {"drawn"}
    assert all(s.subject_id.startswith("SUR-D") for s in generator.subjects)


def test_the_file_names_no_patient_and_its_proof_holds():
    entry = find_model(NAME)
    model = load_model(entry)
    proof = model.description["drawn"]["apartness"]
    assert proof["drawn_to_real"] >= proof["real_to_real_low"] >= proof["real_to_real"] > 0
    assert len(model.tensors["drawn.components"]) <= 10
    assert not maps_path(entry.path).exists()
    data = entry.path.read_bytes() + entry.path.with_suffix(".md").read_bytes()
    assert b"R01-" not in data
    assert b"LIDC-IDRI-0" not in data


@pytest.mark.skipif(DATA_VARIABLE not in os.environ, reason=f"{DATA_VARIABLE} names no data")
def test_no_real_patient_is_near_a_row_of_the_file(generator):
    from napari_radiogen.io.expression_tables import ReadingOptions, read_expression_table

    folder = Path(os.environ[DATA_VARIABLE]) / "nsclc_radiogenomics"
    table = read_expression_table(
        folder / "rnaseq_zlog10_130pts_x_1000genes.csv", ReadingOptions(scale="zscore")
    )
    wanted = generator.metagenes.gene_symbols
    genes = table.values[:, [table.gene_symbols.index(g) for g in wanted]]
    real = {487: genes, 100: generator.metagenes.transform(genes)}
    assert apartness(generator.subject_metagenes, real[100]).holds
    real[generator.codes.codes.shape[1]] = generator.encode(real[100])
    for tensor in load_model(find_model(NAME)).tensors.values():
        held = tensor.float().numpy()
        for axis in range(held.ndim):
            rows = real.get(held.shape[axis])
            if rows is not None:
                flat = np.moveaxis(held, axis, -1).reshape(-1, held.shape[axis])
                apart = np.array([np.abs(flat - row).max(axis=1).min() for row in rows])
                assert apart.min() > 0.05


def test_the_command_line_makes_a_nodule_of_a_drawn_patient(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(ports, "Engines", engines)
    monkeypatch.setattr(recipe, "Engines", engines)
    scan, out, again, record = (
        tmp_path / n for n in ("scan.nii.gz", "s.nii.gz", "again.nii.gz", "r.json")
    )
    write_volume(make_scan(**SMALL), scan)
    words = ["synthesize", "--model", NAME, "--patient", "SUR-D01", "--background", str(scan)]
    words += ["--at", ",".join(map(str, CENTRE)), "-o", str(out), "--recipe", str(record)]
    assert main(words) == 0
    assert "cohort surrogate:surrogate-seed0" in capsys.readouterr().out
    assert '"surrogate:surrogate-seed0"' in record.read_text()
    assert main(["replay", str(record), "-o", str(again)]) == 0
    np.testing.assert_array_equal(read_ct(out).voxels, read_ct(again).voxels)


def test_a_figure_of_it_says_surrogate(generator):
    session = Session(generator=generator, engines=engines())
    session.open_scan(make_scan(**SMALL))
    session.choose_subject("SUR-D02")
    session.place(CENTRE)
    assert session.result is not None
    assert "surrogate" in cohort_note(session.result.provenance.cohort)
    assert session.gauge().nearest[0] == "SUR-D02"
    for name in generator.codes.coordinates:
        assert np.isfinite(session.code_position(name)).all()
