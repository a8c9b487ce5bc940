import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_radiogen.domain import VolumeGeometry
from napari_radiogen.errors import InputError, ModelError
from napari_radiogen.session import recipe
from napari_radiogen.session.recipe import Recipe
from tests.session.fakes import SERIES, FakeGenerator, make_engines, make_scan


@pytest.fixture
def record(session):
    session.set_metagene("M03", -1.25)
    return recipe.make_recipe(session.result, session.state.intent, session.scan, "scan.nii.gz")


def test_a_recipe_survives_the_file(tmp_path, record):
    path = tmp_path / "r.json"
    recipe.save(record, path)
    assert recipe.load(path) == record


def test_replay_gives_the_same_voxels(record, session):
    again = recipe.replay(record, engines=make_engines())
    np.testing.assert_array_equal(again.composed.voxels, session.result.composed.voxels)
    assert recipe.result_digest(again) == record.result_digest


def test_no_original_uid_leaves_in_a_recipe(record):
    assert SERIES not in json.dumps(record.to_json())


def test_a_changed_scan_is_refused(record):
    scan = make_scan()
    voxels = scan.voxels.copy()
    voxels[0, 0, 0] += 1
    changed = make_engines(read_ct=lambda path, uid: replace(scan, voxels=voxels))
    with pytest.raises(InputError, match=r"scan\.nii\.gz.*recipe's background"):
        recipe.replay(record, engines=changed)


def test_changed_weights_are_refused(record):
    engines = make_engines(load_generator=lambda name: FakeGenerator(digest="0" * 64))
    with pytest.raises(ModelError, match="weights changed"):
        recipe.replay(record, engines=engines)


def _engines_with(asked, **files):
    """Engines whose weights lie under names; what was asked for is noted."""

    def load(name):
        asked.append(name)
        if name not in files:
            raise ModelError("no such model", name)
        return FakeGenerator(digest=files[name])

    return load


def test_weights_of_a_run_are_found_with_model_only(record, session):
    asked = []
    engines = make_engines(load_generator=_engines_with(asked, run="f" * 64, other="0" * 64))
    with pytest.raises(ModelError, match=r"mcgan-fake: no such model; .*--model"):
        recipe.replay(record, engines=engines)
    with pytest.raises(ModelError, match="other: its weights changed"):
        recipe.replay(record, engines=engines, model="other")
    again = recipe.replay(record, engines=engines, model="run")
    assert recipe.result_digest(again) == record.result_digest
    assert asked == ["mcgan-fake", "other", "run"]


def test_shipped_weights_are_found_by_their_digest(record):
    asked = []
    load = _engines_with(asked, renamed="f" * 64, **{"mcgan-fake": "0" * 64})
    shipped = {"f" * 64: "renamed"}
    recipe.replay(record, engines=make_engines(load_generator=load, shipped_file=shipped.get))
    assert asked == ["renamed"]


def test_the_digest_sees_geometry_and_type():
    scan = make_scan()
    moved = VolumeGeometry(scan.geometry.shape, (2.0,) * 3, (0.0, 0.0, 0.0))
    digests = {
        recipe.scan_digest(scan),
        recipe.scan_digest(replace(scan, geometry=moved)),
        recipe.scan_digest(replace(scan, voxels=scan.voxels.astype(np.int32))),
    }
    assert len(digests) == 3
    assert recipe.scan_digest(replace(scan, series_uid="other")) in digests


def _without(values, *keys):
    inner = values
    for key in keys[:-1]:
        inner = inner[key]
    del inner[keys[-1]]


@pytest.mark.parametrize(
    "keys", [("seed",), ("model", "digest"), ("genes", "metagenes"), ("background",)]
)
def test_what_a_recipe_lacks_is_named(record, keys):
    values = json.loads(json.dumps(record.to_json()))
    _without(values, *keys)
    with pytest.raises(InputError, match=keys[-1]):
        Recipe.from_json(values)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": "seven"},
        {"centre_lps_mm": [1, 2]},
        {"centre_lps_mm": [1, 2, "Infinity"]},
        {"model": 3},
        {"genes": []},
        {"version": 99},
        {"format": None},
    ],
)
def test_values_of_the_wrong_kind_are_one_line(record, change):
    values = {**record.to_json(), **change}
    with pytest.raises(InputError) as refused:
        Recipe.from_json(values)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", "null"])
def test_files_that_are_no_recipe_are_named(tmp_path, text):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"r\.json"):
        recipe.load(path)


def test_a_missing_file_is_named():
    with pytest.raises(InputError, match="nowhere"):
        recipe.load(Path("nowhere.json"))
