"""Exact resume, several processes, the probe, and what a run leaves behind."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from napari_radiogen.errors import Cancelled, ModelError, RadiogenError
from napari_radiogen.models.checkpoint import unpack
from napari_radiogen.trainers import devices, pace
from napari_radiogen.trainers.devices import require_extra, update_average
from napari_radiogen.trainers.loop import train
from napari_radiogen.trainers.run import RunFolder, RunOptions, saved_config
from napari_radiogen.trainers.state import FORMAT, capture, read_checkpoint, restore
from napari_radiogen.trainers.unet import UNetConfig, UNetSystem, train_unet
from tests.trainers.tiny import CONFIG, EVEN, STEPS, disc_slices, run_tiny

ROOT = Path(__file__).parents[2]
CHECKPOINT = "checkpoint.safetensors"


def _state(folder):
    """Tensors and facts of a run's last checkpoint; the clock's facts left out."""
    tensors, facts = unpack((folder / CHECKPOINT).read_bytes(), kind=FORMAT)
    facts.pop("minutes")
    if "best" in facts:  # not before the first validation
        facts["best"].pop(1)
    return tensors, facts


def _assert_same(one, other):
    (tensors, facts), (tensors_2, facts_2) = _state(one), _state(other)
    assert set(tensors) == set(tensors_2)
    assert [k for k in tensors if not torch.equal(tensors[k], tensors_2[k])] == []
    assert facts == facts_2


def _rows(folder):
    rows = list(csv.DictReader((folder / "log.csv").open()))
    return [{k: v for k, v in r.items() if k != "minutes"} for r in rows]


def _python(*words, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    folder = tmp_path_factory.mktemp("straight") / "run"
    run_tiny(folder)
    return folder


@pytest.mark.slow
def test_a_killed_run_goes_on_exactly(straight, tmp_path):
    folder = tmp_path / "killed"
    process = _python("tests.trainers.tiny", folder, "0.2")
    deadline = time.monotonic() + 200
    while not (folder / CHECKPOINT).is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(float(np.random.default_rng().uniform(0, 2)))
    assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert 0 < _state(folder)[1]["step"] < STEPS
    run_tiny(folder, resume=True)
    _assert_same(straight, folder)
    assert _rows(straight) == _rows(folder)


def test_a_checkpoint_holds_weights_optimiser_memory_and_every_random_state(straight):
    tensors, facts = _state(straight)
    kinds = {name.split(".")[0] for name in tensors}
    assert kinds == {"network", "optimiser", "memory", "global", "best"}
    assert "memory.hardness" in tensors
    assert facts["random"]["batches"]["bit_generator"] == "PCG64"
    assert facts["step"] == STEPS


def test_a_cancelled_run_goes_on_exactly_and_its_log_has_no_row_twice(straight, tmp_path):
    def stop(done, note):
        if note.startswith("step 8/"):
            raise Cancelled

    config = UNetConfig.model_validate(CONFIG)
    run = RunFolder(tmp_path / "run")
    with pytest.raises(Cancelled):
        train_unet(
            config,
            disc_slices(),
            disc_slices(seed=1),
            run=run,
            options=RunOptions(threads=1),
            progress=stop,
        )
    assert _state(run.path)[1]["step"] == 6
    run_tiny(run.path, resume=True)
    _assert_same(straight, run.path)
    assert [int(r["step"]) for r in _rows(run.path)] == list(range(1, STEPS + 1))


def test_a_finished_run_is_not_trained_further(straight, tmp_path):
    before = _state(straight)
    trained = run_tiny(straight, resume=True)
    assert trained.steps == STEPS
    assert all(torch.equal(v, _state(straight)[0][k]) for k, v in before[0].items())


def test_what_cannot_be_resumed_is_refused_in_one_line(tmp_path, straight):
    with pytest.raises(RadiogenError, match="no run to resume"):
        RunFolder(tmp_path / "absent", resume=True)
    (tmp_path / CHECKPOINT).write_bytes((straight / CHECKPOINT).read_bytes()[:-5])
    fabric = devices.make_fabric(UNetConfig.model_validate(CONFIG))
    with pytest.raises(ModelError, match="not a radiogen checkpoint"):
        read_checkpoint(tmp_path / CHECKPOINT, fabric)
    wider = UNetConfig.model_validate({**CONFIG, "base": 4})
    system = UNetSystem(wider, disc_slices(), disc_slices(), fabric)
    with pytest.raises(RadiogenError, match="does not fit"):
        restore(system, read_checkpoint(straight / CHECKPOINT, fabric), fabric.device)


@pytest.mark.slow
def test_two_processes_follow_the_curve_of_one(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    run_tiny(one, **EVEN)
    process = _python(
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        "-m",
        "tests.trainers.tiny",
        two,
        "even",
    )
    _, error = process.communicate()
    assert process.returncode == 0, error[-2000:]
    alone = np.array([[float(r["loss"]) for r in _rows(f)] for f in (one, two)])
    assert alone.shape == (2, EVEN["steps"])
    assert alone[1] == pytest.approx(alone[0], rel=5e-3)
    assert alone[0][-1] < 0.9 * alone[0][0]


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    class Three:
        world_size, global_rank = 3, 0

    with pytest.raises(RadiogenError, match="batch of 4"):
        devices.share(Three(), torch.zeros(4))


def test_the_probe_takes_the_faster_and_leaves_no_trace(monkeypatch):
    config = UNetConfig.model_validate(CONFIG)
    fabric = devices.make_fabric(config)
    system = UNetSystem(config, disc_slices(), disc_slices(), fabric)
    before = capture(system, fabric.device)
    told = []
    taken = {1: 0.5, 3: 0.2}

    def timed(*_):
        system.step(system.draw(), 0, 0.0)
        return taken[torch.get_num_threads()]

    threads = torch.get_num_threads()
    monkeypatch.setattr(pace, "free_cores", lambda: 3)
    monkeypatch.setattr(pace, "time_step", timed)
    found = pace.settle_pace(system, config, fabric, RunOptions(say=told.append), 30)
    torch.set_num_threads(threads)
    assert found == {"seconds_per_step": 0.2, "threads": 3, "estimated_minutes": 0.1}
    assert "1 thread(s) 0.5 s" in told[0]
    after = capture(system, fabric.device)
    assert after.facts == before.facts
    assert all(torch.equal(after.tensors[k], v) for k, v in before.tensors.items())
    assert set(after.tensors) == set(before.tensors)


def test_a_run_of_days_is_refused_unless_asked_for(monkeypatch):
    config = UNetConfig.model_validate({**CONFIG, "steps": 2})
    fabric = devices.make_fabric(config)
    system = UNetSystem(config, disc_slices(), disc_slices(), fabric)
    monkeypatch.setattr(pace, "time_step", lambda *_: 90000.0)
    with pytest.raises(RadiogenError, match=r"2\.1 days on this device"):
        train(system, config, fabric, options=RunOptions(threads=1))
    assert train(system, config, fabric, options=RunOptions(threads=1, yes=True)).steps == 2
    limited = config.model_copy(update={"max_minutes": 5.0})
    assert pace.settle_pace(system, limited, fabric, RunOptions(threads=1), 2)[
        "estimated_minutes"
    ] == pytest.approx(5)


def test_a_run_leaves_curves_and_sheets(tmp_path):
    run_tiny(tmp_path / "run", steps=4, sheet_every=2)
    sheets = sorted(p.name for p in (tmp_path / "run" / "sheets").iterdir())
    assert sheets == ["000002.png", "000004.png"]
    picture = Image.open(tmp_path / "run" / "sheets" / "000004.png")
    assert picture.size == (8 * 66, 3 * 66)
    assert "Research use only" in picture.text["Description"]
    assert any((tmp_path / "run" / "tensorboard").iterdir())
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about["pace"]["threads"] == 1


def test_a_loss_that_is_no_number_ends_the_run(tmp_path):
    with pytest.raises(RadiogenError, match="loss is nan at step 1; lower"):
        run_tiny(tmp_path / "run", learning_rate=1e30)


def test_a_config_is_read_back_from_a_run(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.note("config", UNetConfig.model_validate(CONFIG).model_dump(mode="json"))
    assert saved_config(UNetConfig, run.path, {"max_minutes": 3.0}).max_minutes == 3
    assert saved_config(UNetConfig, run.path, {}).steps == STEPS


def test_an_average_follows_weights_and_copies_buffers():
    network, average = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    with torch.no_grad():
        network.weight.fill_(3.0)
        network.running_mean.fill_(5.0)
    update_average(average, network, 0.75)
    assert average.weight.tolist() == [1.5, 1.5]
    assert average.running_mean.tolist() == [5.0, 5.0]


def test_a_missing_extra_is_named(monkeypatch):
    require_extra()
    with pytest.raises(RadiogenError, match=r"absent_one: pip install 'napari-radiogen\[train\]'"):
        require_extra("lightning", "absent_one")
