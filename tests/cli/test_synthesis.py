import json

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.cli import main
from napari_radiogen.errors import InputError
from napari_radiogen.io.labels import write_volume
from napari_radiogen.io.read import read_ct
from napari_radiogen.session import ports, recipe
from tests.session.fakes import CENTRE, OUTSIDE, FakeGenerator, make_engines, make_scan

AT = ",".join(str(c) for c in CENTRE)


@pytest.fixture(autouse=True)
def fake_models(monkeypatch):
    def engines():
        return make_engines(read_ct=read_ct)

    monkeypatch.setattr(ports, "Engines", engines)
    monkeypatch.setattr(recipe, "Engines", engines)


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "scan.nii.gz"
    write_volume(make_scan(), path)
    return path


@pytest.fixture
def synthesize(scan, capsys):
    def run(output, *more, at=AT, patient="S-0003", seed="7"):
        words = ["synthesize", "--patient", patient, "--background", str(scan), "--at", at]
        code = main([*words, "--seed", seed, "-o", str(output), *map(str, more)])
        return code, capsys.readouterr()

    return run


def voxels(path):
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def test_only_the_region_changes_and_the_report_says_where(tmp_path, scan, synthesize):
    out = tmp_path / "synthetic.nii.gz"
    code, told = synthesize(out, "--json")
    report = json.loads(told.out)
    before, after = voxels(scan), voxels(out)
    changed = np.argwhere(before != after)
    box = report["region"]
    assert code == 0
    assert len(changed) > 0
    assert (changed >= box["start_voxel"]).all()
    assert (changed < box["stop_voxel"]).all()
    assert report["synthetic"] is True
    assert report["cohort"] == "planted:fake"
    assert (report["seed"], report["patient"]) == (7, "S-0003")
    assert "Research use only" in report["research_use"]
    assert set(report["measurements"]) >= {"long_axis_mm", "volume_mm3", "mean_hu"}


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_the_output_lies_on_the_input_grid(tmp_path, scan, synthesize, suffix):
    out = tmp_path / f"synthetic{suffix}"
    assert synthesize(out)[0] == 0
    a, b = sitk.ReadImage(str(scan)), sitk.ReadImage(str(out))
    assert a.GetSize() == b.GetSize()
    np.testing.assert_allclose(a.GetOrigin(), b.GetOrigin(), atol=1e-4)
    np.testing.assert_allclose(a.GetDirection(), b.GetDirection(), atol=1e-6)
    np.testing.assert_allclose(a.GetSpacing(), b.GetSpacing(), atol=1e-6)


def test_same_seed_same_voxels_other_seed_or_gene_other_nodule(tmp_path, synthesize):
    paths = [tmp_path / f"{i}.nii.gz" for i in range(4)]
    synthesize(paths[0])
    synthesize(paths[1])
    synthesize(paths[2], seed="8")
    synthesize(paths[3], "--set", "M01=2.0", "--set", "M02=-1")
    first, again, other, edited = (voxels(p) for p in paths)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, edited)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"at": ",".join(map(str, OUTSIDE))}, "outside the lung"),
        ({"at": "-6000,20,-100"}, "outside"),
        ({"patient": "nobody"}, "unknown patient"),
        ({"patient": ""}, "--patient"),
    ],
)
def test_refusals_are_one_line_and_leave_no_file(tmp_path, scan, synthesize, more, reason):
    out, record = tmp_path / "synthetic.nii.gz", tmp_path / "r.json"
    code, told = synthesize(out, "--recipe", record, **more)
    assert code == 1
    assert reason in told.err
    assert told.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == [scan]


@pytest.mark.parametrize(
    ("change", "code"), [("M99=1", 1), ("M01=60", 1), ("M01", 2), ("M01=nan", 2), ("=1", 2)]
)
def test_bad_edits(tmp_path, scan, synthesize, change, code):
    assert synthesize(tmp_path / "s.nii.gz", "--set", change)[0] == code
    assert sorted(tmp_path.iterdir()) == [scan]


@pytest.mark.parametrize("at", ["1,2", "a,b,c", "1,2,inf", "1,2,3,4"])
def test_a_place_that_is_no_point_is_wrong_usage(tmp_path, synthesize, at):
    assert synthesize(tmp_path / "s.nii.gz", at=at)[0] == 2


def test_a_place_may_start_with_a_minus(tmp_path, synthesize):
    code, told = synthesize(tmp_path / "s.nii.gz", "--json", at="-6,20,-30")
    assert code == 0
    assert json.loads(told.out)["centre_lps_mm"] == [-6, 20, -30]


def test_a_recipe_that_cannot_be_written_takes_the_volume_with_it(
    tmp_path, scan, synthesize, monkeypatch
):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recipe, "save", refuse)
    code, told = synthesize(tmp_path / "s.nii.gz", "--recipe", tmp_path / "r.json")
    assert code == 1
    assert "No space" in told.err
    assert sorted(tmp_path.iterdir()) == [scan]


def test_a_recipe_that_cannot_be_written_leaves_the_older_volume(tmp_path, synthesize):
    out, taken = tmp_path / "s.nii.gz", tmp_path / "r.json"
    synthesize(out)
    before = out.read_bytes()
    taken.mkdir()
    code, told = synthesize(out, "--recipe", taken, seed="8")
    assert code == 1
    assert told.err.count("\n") == 1
    assert out.read_bytes() == before


@pytest.mark.parametrize("name", ["s.txt", "s.dcm", ".nii.gz", "nowhere/s.nii.gz"])
def test_names_that_cannot_be_written_are_refused_before_any_work(tmp_path, synthesize, name):
    assert synthesize(tmp_path / name)[0] == 1


def test_the_background_is_never_overwritten(scan, synthesize):
    before = scan.read_bytes()
    assert synthesize(scan)[0] == 1
    assert scan.read_bytes() == before


def test_replay_gives_identical_voxels(tmp_path, synthesize, capsys):
    out, again, record = (tmp_path / n for n in ("s.nii.gz", "again.nii.gz", "r.json"))
    synthesize(out, "--recipe", record, "--set", "M01=1.5")
    assert main(["replay", str(record), "-o", str(again), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["identical"] is True
    assert np.array_equal(voxels(out), voxels(again))


def test_replay_refuses_another_background(tmp_path, scan, synthesize, capsys):
    record, again = tmp_path / "r.json", tmp_path / "again.nii.gz"
    synthesize(tmp_path / "s.nii.gz", "--recipe", record)
    write_volume(make_scan(shape=(36, 40, 46)), scan)
    assert main(["replay", str(record), "-o", str(again)]) == 1
    told = capsys.readouterr().err
    assert "background" in told
    assert told.count("\n") == 1
    assert not again.exists()


def test_replay_finds_a_background_that_moved(tmp_path, scan, synthesize):
    record, moved = tmp_path / "r.json", tmp_path / "moved.nii.gz"
    synthesize(tmp_path / "s.nii.gz", "--recipe", record)
    scan.rename(moved)
    again = str(tmp_path / "again.nii.gz")
    assert main(["replay", str(record), "-o", again]) == 1
    assert main(["replay", str(record), "-o", again, "--background", str(moved)]) == 0


def test_replay_refuses_other_weights(tmp_path, synthesize, capsys, monkeypatch):
    record, again = tmp_path / "r.json", tmp_path / "again.nii.gz"
    synthesize(tmp_path / "s.nii.gz", "--recipe", record)
    changed = make_engines(
        read_ct=read_ct, load_generator=lambda name: FakeGenerator(digest="0" * 64)
    )
    monkeypatch.setattr(recipe, "Engines", lambda: changed)
    assert main(["replay", str(record), "-o", str(again)]) == 1
    assert "weights changed" in capsys.readouterr().err
    assert not again.exists()


def test_replay_refuses_voxels_that_are_not_those_of_the_recipe(tmp_path, synthesize, capsys):
    record, again = tmp_path / "r.json", tmp_path / "again.nii.gz"
    synthesize(tmp_path / "s.nii.gz", "--recipe", record)
    values = json.loads(record.read_text())
    record.write_text(json.dumps({**values, "result_digest": "0" * 64}))
    assert main(["replay", str(record), "-o", str(again)]) == 1
    told = capsys.readouterr().err
    assert "r.json: the voxels" in told
    assert told.count("\n") == 1
    assert not again.exists()


def test_replay_takes_a_run(tmp_path, synthesize, monkeypatch):
    def load(name):
        return FakeGenerator(digest=("f" if name == "run" else "0") * 64)

    record, again = tmp_path / "r.json", tmp_path / "again.nii.gz"
    synthesize(tmp_path / "s.nii.gz", "--recipe", record)
    changed = make_engines(read_ct=read_ct, load_generator=load)
    monkeypatch.setattr(recipe, "Engines", lambda: changed)
    assert main(["replay", str(record), "-o", str(again)]) == 1
    assert main(["replay", str(record), "-o", str(again), "--model", "run"]) == 0


def test_one_of_several_series_is_chosen_by_its_uid(tmp_path, synthesize, monkeypatch):
    def read(path, series_uid):
        if series_uid != "1.2.3":
            raise InputError("2 CT series; choose one", path)
        return make_scan()

    engines = make_engines(read_ct=read)
    monkeypatch.setattr(ports, "Engines", lambda: engines)
    monkeypatch.setattr(recipe, "Engines", lambda: engines)
    out, record = tmp_path / "s.nii.gz", tmp_path / "r.json"
    again = ["replay", str(record), "-o", str(tmp_path / "again.nii.gz")]
    assert synthesize(out)[0] == 1
    assert synthesize(out, "--series", "1.2.3", "--recipe", record)[0] == 0
    assert main(again) == 1
    assert main([*again, "--series", "1.2.3"]) == 0


def test_replay_refuses_what_is_no_recipe(tmp_path, capsys):
    path = tmp_path / "r.json"
    path.write_text('{"format": "other"}')
    assert main(["replay", str(path), "-o", str(tmp_path / "a.nii.gz")]) == 1
    assert "expected a recipe" in capsys.readouterr().err


def _own_table(folder, genes=None):
    names = genes or FakeGenerator().metagenes.gene_symbols
    rows = [",".join(("patient_id", *names))]
    rows += [f"MY-{i}," + ",".join(f"{i + 0.5 * k:.2f}" for k in range(len(names))) for i in (1, 2)]
    table = folder / "own.csv"
    table.write_text("\n".join(rows) + "\n")
    return table


def test_a_patient_of_an_own_table_is_painted_and_replayed(tmp_path, synthesize):
    table, out, record = _own_table(tmp_path), tmp_path / "own.nii.gz", tmp_path / "own.json"
    code, told = synthesize(
        out, "--expression", table, "--scale", "log2", "--recipe", record, patient="MY-2"
    )
    assert code == 0, told.err
    assert json.loads(record.read_text())["genes"]["metagenes"][:3] == [2.0, 2.5, 3.0]
    again = tmp_path / "again.nii.gz"
    assert main(["replay", str(record), "-o", str(again)]) == 0
    assert np.array_equal(voxels(out), voxels(again))


def test_an_own_table_that_lacks_genes_or_the_patient_is_refused(tmp_path, synthesize):
    out = tmp_path / "own.nii.gz"
    code, told = synthesize(
        out, "--expression", _own_table(tmp_path), "--scale", "log2", patient="MY-9"
    )
    assert code == 1
    assert "has no patient 'MY-9'" in told.err
    few = _own_table(tmp_path, ("PLT00000", "PLT00001", "OTHER"))
    code, told = synthesize(out, "--expression", few, "--scale", "log2", patient="MY-1")
    assert code == 1
    assert "never filled in" in told.err
    assert not out.exists()
