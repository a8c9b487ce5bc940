"""Each table on a cohort of other people, with models whose answers are known."""

import json

import numpy as np
import pytest

from napari_radiogen.errors import CohortError, InputError
from napari_radiogen.evaluation.control import evaluate_control
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.evaluation.tables.control_fidelity import control_rows, read_control
from napari_radiogen.evaluation.tables.given import GivenModels
from napari_radiogen.evaluation.tables.registry import make_tables
from napari_radiogen.evaluation.tables.study import Study
from napari_radiogen.genomics.gene_scale import GeneScale
from tests.evaluation.tables.miniature import (
    GENES,
    StubFiller,
    StubMapper,
    StubPainter,
    StubUNet,
)

TEST_SUBJECTS, TEST_PATIENTS = 12, 6


def rows_of(study, name):
    (table,) = make_tables(study, [name]).tables
    assert all(row.n > 0 or np.isnan(row.value) for row in table.rows)
    return {(row.model, row.measure, row.on): row for row in table.rows}


def unit_scale():
    one = np.ones(len(GENES), np.float32)
    return GeneScale(GENES, 4 * one, 8 * one, "log2")


def mapper_that(others, slice_bytes, tell, name):
    """Return an H that tells ``tell(row of the expression)`` of each slice."""
    rows = {s.subject_id: i for i, s in enumerate(others.subjects)}
    known = {seen: tell(rows[subject]) for seen, subject in slice_bytes}
    return StubMapper(name=name, digest=name, scale=unit_scale(), known=known)


def test_a_perfect_outline_and_none(others, quick):
    perfect = StubUNet(name="perfect", digest="a")
    blind = StubUNet(name="blind", digest="b", threshold=9e9)
    restless = StubUNet(name="restless", digest="c", threshold=-815)
    rows = rows_of(
        Study(others, GivenModels(unets=(perfect, blind, restless)), quick), "segmentation"
    )
    found = rows["perfect", "Dice per case", "nodules"]
    assert (found.value, found.n, found.patients) == (1, TEST_SUBJECTS, TEST_PATIENTS)
    assert found.ci95 == (1, 1)
    assert 0.5 < found.control < 1
    assert {p.value for p in found.published} == {0.716, 0.78, 0.652, 0.699}
    assert rows["perfect", "HD95", "nodules"].value == 0
    assert rows["perfect", "lesion sensitivity", "nodules"].value == 1
    assert rows["perfect", "false positives per slice", "nodule-free slices"].value == 0
    assert rows["blind", "Dice per case", "nodules"].value == 0
    assert rows["blind", "lesion sensitivity", "nodules"].value == 0
    assert rows["restless", "false positives per slice", "nodule-free slices"].value > 1


def test_a_nodule_that_is_missed_has_no_distance(others, quick):
    blind = StubUNet(threshold=9e9)
    (table,) = make_tables(
        Study(others, GivenModels(unets=(blind,)), quick), ["segmentation"]
    ).tables
    (distance,) = (r for r in table.rows if r.measure == "HD95")
    assert (distance.n, distance.patients) == (0, 0)
    assert np.isnan(distance.value)
    assert distance.to_json()["value"] is None


def test_genes_told_right_beat_the_mean_and_the_mean_ties_with_itself(others, quick, slice_bytes):
    unit = unit_scale().transform(others.expression.values)
    train = np.array([s.split == "train" for s in others.subjects])
    knows = mapper_that(others, slice_bytes, lambda row: unit[row], "knows")
    mean = mapper_that(others, slice_bytes, lambda _row: unit[train].mean(axis=0), "mean")
    rows = rows_of(Study(others, GivenModels(mappers=(knows, mean)), quick), "gene-errors")
    for error in ("MAE", "MSE", "RMSE"):
        own = rows["knows", error, "genes in [0, 1]"]
        assert own.value == pytest.approx(0, abs=1e-6)
        assert own.control > 0.01
        same = rows["mean", error, "genes in [0, 1]"]
        assert same.value == pytest.approx(same.control, rel=1e-4)
    across = "each gene across subjects"
    assert rows["knows", "Pearson, mean of genes", across].value == pytest.approx(1)
    assert abs(rows["knows", "Pearson, mean of genes", across].control) < 0.4
    assert rows["mean", "Pearson, mean of genes", across].value == pytest.approx(0, abs=1e-6)
    shares = "genes that sum to 1"
    printed = rows["knows", "Hellinger distance", shares].published[0]
    assert (printed.value, printed.source[:7]) == (0.121, "Li 2018")
    scaled = rows["mean", "MAE times genes", shares]
    assert scaled.value == pytest.approx(len(GENES) * rows["mean", "MAE", shares].value)


def test_slices_against_their_backgrounds(others, quick):
    models = GivenModels(
        painters=(
            StubPainter(name="nothing", digest="a", paints=False),
            StubPainter(name="leaky", digest="b", leak_hu=162.4, system="mcgan-baseline"),
        ),
        fillers=(StubFiller(name="filler", digest="c"),),
    )
    rows = rows_of(Study(others, models, quick), "image-quality")
    whole, outside, near = "whole patch", "outside the dilated mask", "within 1.5 radii"
    assert rows["nothing", "MSE", whole].value == 0
    assert rows["nothing", "SSIM", whole].value == pytest.approx(1)
    assert rows["nothing", "MSE", whole].control > 1e-3
    # A tenth of the range everywhere outside the nodule.
    assert rows["leaky", "MSE", outside].value == pytest.approx(0.01, rel=1e-3)
    assert rows["leaky", "PSNR", outside].value == pytest.approx(20, abs=0.01)
    assert rows["filler", "MSE", outside].value == 0
    # Five of seven and a half millimetres' disc: the same error, spread less thin.
    share = rows["filler", "MSE", near].value / rows["filler", "MSE", whole].value
    assert share == pytest.approx(30**2 / (np.pi * 7.5**2), rel=0.05)
    assert rows["filler", "MSE", near].published[0].value == 0.0121
    assert rows["filler", "MSE", whole].published == ()
    assert rows["leaky", "SSIM", whole].published[0].value == 0.74
    assert rows["nothing", "PSNR", whole].published[0].value == 24.52


def test_without_in_painting_there_is_no_disc(others, quick):
    rows = rows_of(Study(others, GivenModels(painters=(StubPainter(),)), quick), "image-quality")
    assert {on for _, _, on in rows} == {"whole patch", "outside the dilated mask"}


def test_features_that_are_genes_are_found_and_noise_is_not(others, quick, slice_bytes):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=others.expression.values.shape)
    genes = mapper_that(others, slice_bytes, lambda r: others.expression.values[r], "genes")
    other = mapper_that(others, slice_bytes, lambda r: noise[r], "noise")
    study = Study(others, GivenModels(mappers=(genes, other)), quick)
    rows = rows_of(study, "cluster-map")
    on = "7 features x 7 metagenes"
    found = rows["genes", "pairs with q at most 0.05", on]
    assert (found.n, found.patients) == (TEST_PATIENTS, TEST_PATIENTS)
    assert found.value >= 7
    assert found.control < 3
    assert found.ci95[0] >= 0
    assert rows["noise", "pairs with q at most 0.05", on].value < 3
    strongest = rows["genes", "Spearman of the strongest pair, absolute", on]
    assert strongest.value == pytest.approx(1)
    files = make_tables(study, ["cluster-map"]).tables[0].files
    assert set(files) == {"cluster-map-pairs-1.csv", "cluster-map-pairs-2.csv"}
    assert files["cluster-map-pairs-1.csv"].splitlines()[0] == "feature,metagene,spearman,p,q"


def test_a_code_of_the_size_falls_into_groups_of_size(others, quick):
    painters = (StubPainter(name="code"),)
    study = Study(others, GivenModels(painters=painters), quick)
    rows = rows_of(study, "gene-codes")
    agreement, thirds = "adjusted Rand index of groups", "thirds of diameter"
    own, raw = rows["code", agreement, thirds], rows["raw genes", agreement, thirds]
    assert own.value > max(raw.value, 0.4)
    assert abs(own.control) < 0.3
    silhouette = rows["code", "silhouette", "groups"]
    assert silhouette.value > rows["raw genes", "silhouette", "groups"].value
    assert silhouette.value > 0.4
    text = make_tables(study, ["gene-codes"]).tables[0].files["gene-codes-map.csv"]
    lines = [line.split(",") for line in text.splitlines()]
    assert lines[0] == ["space", "subject_id", "x", "y", "group"]
    assert len(lines) == 1 + 2 * TEST_SUBJECTS
    # The same patient has one colour on every map.
    assert [w[4] for w in lines[1:13]] == [w[4] for w in lines[13:]]


@pytest.fixture(scope="module")
def report(others):
    settings = ControlSettings(draws=1, resamples=20, sweep_draws=1)
    found = evaluate_control(StubPainter(), StubUNet(digest="u"), others, settings=settings)
    return json.loads(json.dumps(found.to_json()).replace("Infinity", "null"))


def test_control_is_read_from_an_earlier_report(others, quick, report, tmp_path):
    (tmp_path / "control.json").write_text(json.dumps(report))
    painters = (StubPainter(),)
    read = read_control(tmp_path / "control.json", others, painters)
    study = Study(others, GivenModels(painters=painters), quick, measuring=None, controls=(read,))
    rows = rows_of(study, "control")
    size = rows["stub", "Spearman of asked and measured", "diameter"]
    assert size.value == report["attributes"]["diameter"]["spearman"] > 0.9
    assert size.ci95 == tuple(report["attributes"]["diameter"]["ci95"])
    assert (size.control, size.control_is) == (0, "all genes at the mean")
    assert rows["stub", "own patient retrieved first", ""].control == pytest.approx(1 / 12)


def test_a_report_that_names_no_reference_had_real_nodules(others, report, tmp_path):
    older = {k: v for k, v in report.items() if k != "slope_reference"}
    (tmp_path / "control.json").write_text(json.dumps(older))
    read = read_control(tmp_path / "control.json", others, (StubPainter(),))
    measures = {row.measure for row in control_rows("stub", "mcgan", read)}
    assert "sweeps: cosine with slopes of real nodules" in measures


def test_control_is_measured_anew_with_its_null(others, quick):
    null = StubPainter(name="null", digest="n", learned_permuted_genes=True, paints=False)
    models = GivenModels(painters=(StubPainter(),), nulls=(null,))
    study = Study(others, models, quick, measuring=StubUNet(digest="u"))
    (table,) = make_tables(study, ["control"]).tables
    (size,) = (r for r in table.rows if r.on == "diameter" and r.measure.startswith("Spearman"))
    assert size.value > 0.9
    assert size.control_is == "largest of 1 models trained on permuted genes"
    assert size.control == 0
    assert any("not to protocol" in note for note in table.notes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: r["cohort"].update(digest="x"), "another cohort"),
        (lambda r: r["model"].update(sha256="x"), "not given"),
        (lambda r: r.pop("attributes"), "no output of"),
        (lambda r: r.update(leakage="="), "no output of"),
        (lambda r: r.update(retrieval=None), "no output of"),
    ],
)
def test_a_report_of_something_else_is_refused(others, report, tmp_path, change, reason):
    altered = json.loads(json.dumps(report))
    change(altered)
    (tmp_path / "c.json").write_text(json.dumps(altered))
    with pytest.raises(InputError, match=reason):
        read_control(tmp_path / "c.json", others, (StubPainter(),))
    (tmp_path / "c.json").write_text("[1")
    with pytest.raises(InputError, match="no output of"):
        read_control(tmp_path / "c.json", others, (StubPainter(),))


def test_what_is_wanting_is_named(others, quick):
    report = make_tables(Study(others, GivenModels(unets=(StubUNet(),)), quick))
    assert [t.name for t in report.tables] == ["segmentation"]
    assert report.left_out["gene-errors"] == "needs an autoencoder"
    assert list(report.left_out) == [
        "gene-errors",
        "image-quality",
        "cluster-map",
        "gene-codes",
        "control",
    ]
    with pytest.raises(InputError, match="no such table"):
        make_tables(Study(others, GivenModels(), quick), ["dice"])


def test_a_cohort_without_test_nodules_is_refused(others, quick):
    class Bare:
        path, pixel_mm = others.path, others.pixel_mm
        mask = np.zeros_like(others.mask)
        slices, split = others.slices, others.split

    with pytest.raises(CohortError, match="no test nodule"):
        make_tables(Study(Bare(), GivenModels(unets=(StubUNet(),)), quick), ["segmentation"])
