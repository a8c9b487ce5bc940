"""The session with the generator that the package ships, on a small made-up scan."""

import numpy as np
import pytest

from napari_radiogen.cli import main
from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.labels import write_volume
from napari_radiogen.io.read import read_ct
from napari_radiogen.session import Engines, Session, ports, recipe
from napari_radiogen.session.ports import default_model_name
from tests.session.conftest import Recorder
from tests.session.fakes import CENTRE, OUTSIDE, FakeSegmenter, lung_mask, make_scan

SMALL = {"shape": (44, 48, 52), "spacing": 1.5}


def engines():
    return Engines(lung_mask=lung_mask, load_segmenter=FakeSegmenter)


@pytest.fixture(scope="module")
def session():
    try:
        default_model_name()
    except RadiogenError as missing:
        pytest.skip(f"no generator is shipped: {missing}")
    session = Session(engines=engines())
    session.load_models()
    session.open_scan(make_scan(**SMALL))
    return session


@pytest.fixture
def placed(session):
    session.choose_subject(session.generator.subject_ids[0])
    session.set_seed(1)
    session.place(CENTRE)
    assert session.result is not None
    return session


def test_a_nodule_spans_its_slices_and_leaves_the_rest(placed):
    pasted = placed.result.paste_into(placed.scan.voxels)
    changed = np.argwhere(pasted != placed.scan.voxels)
    assert len(np.unique(changed[:, 0])) >= 4
    outside = np.ones(pasted.shape, bool)
    box = tuple(
        slice(a, a + n)
        for a, n in zip(placed.result.start_zyx, placed.result.region.labels.shape, strict=True)
    )
    outside[box] = placed.result.region.labels == 0
    np.testing.assert_array_equal(pasted[outside], placed.scan.voxels[outside])
    assert placed.result.measurements["long_axis_mm"] > 3


def test_seed_genes_and_subject_all_count(placed):
    first = placed.result.composed.voxels
    placed.set_seed(2)
    assert not np.array_equal(placed.result.composed.voxels, first)
    placed.undo()
    assert np.array_equal(placed.result.composed.voxels, first)
    placed.set_metagene("M01", placed.vector[0] - 3)
    assert not np.array_equal(placed.result.composed.voxels, first)
    placed.choose_subject(placed.generator.subject_ids[5])
    assert not np.array_equal(placed.result.composed.voxels, first)


def test_a_first_look_comes_before_the_whole(placed):
    told = Recorder(placed)
    placed.set_seed(31)
    assert [r.complete for r in told.results][-1] is True
    assert [r.complete for r in told.results][:1] == [False]


def test_outside_the_lung_is_refused(placed):
    told, before = Recorder(placed), placed.state.intent
    placed.place(OUTSIDE)
    assert len(told.failed) == 1
    assert placed.state.intent == before


def test_every_subject_is_known_to_the_gauge_and_the_map(placed):
    gauge = placed.gauge()
    assert gauge.nearest
    assert np.isfinite(gauge.distance)
    for name in placed.generator.codes.coordinates:
        assert np.isfinite(placed.code_position(name)).all()
    assert placed.generator.cohort.startswith("planted")


def test_command_line_and_replay_agree(session, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(ports, "Engines", engines)
    monkeypatch.setattr(recipe, "Engines", engines)
    scan, out, again, record = (
        tmp_path / n for n in ("scan.nii.gz", "s.nii.gz", "again.nii.gz", "r.json")
    )
    write_volume(make_scan(**SMALL), scan)
    place = ",".join(map(str, CENTRE))
    patient = session.generator.subject_ids[0]
    words = ["synthesize", "--patient", patient, "--background", str(scan), "--at", place]
    assert main([*words, "--seed", "7", "-o", str(out), "--recipe", str(record)]) == 0
    assert main(["replay", str(record), "-o", str(again)]) == 0
    np.testing.assert_array_equal(read_ct(out).voxels, read_ct(again).voxels)
    assert "planted" in capsys.readouterr().out
