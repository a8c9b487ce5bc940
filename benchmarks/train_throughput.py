"""Samples per second of each small config, and its share of the processor's peak.

    python benchmarks/train_throughput.py [--cohort COHORT] [CONFIG ...]

The peak is what a product of two large matrices reaches in the same run.
Without a cohort, balls in noise stand for nodules: the time is the same.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from napari_radiogen.cohorts.plant import PlantConfig, plant_cohort
from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.cohort_store import CohortStore, open_cohort
from napari_radiogen.io.labels import write_labels, write_volume
from napari_radiogen.io.save import save_text
from napari_radiogen.trainers.catalogue import CATALOGUE, read_any_config
from napari_radiogen.trainers.config import TrainingConfig
from napari_radiogen.trainers.devices import free_cores, make_fabric
from napari_radiogen.trainers.pace import settle_pace
from napari_radiogen.trainers.run import RunOptions
from napari_radiogen.trainers.system import System

CONFIGS = Path(__file__).parents[1] / "training" / "configs"
#: Side of the matrices whose product is the yardstick.
MATRIX = 2048
REPEATS = 8
#: Nodules of the stand-in cohort, and the side of their patches in voxels of 1 mm.
NODULES, SIDE = 40, 50


class _Operations(TorchDispatchMode):
    """Counts the operations of products and convolutions, backward ones included."""

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=out)
        return out


def matrix_peak(device: torch.device) -> float:
    """Return the most operations per second that a matrix product reaches."""
    best = 0.0
    for threads in sorted({1, free_cores()}):
        torch.set_num_threads(threads)
        a, b = torch.randn(2, MATRIX, MATRIX, device=device)
        for _ in range(REPEATS):
            best = max(best, 2 * MATRIX**3 / seconds(lambda a=a, b=b: a @ b, device))
    return best


def seconds(action: object, device: torch.device) -> float:
    """Return how long an action takes, to the end of what it started."""
    start = time.perf_counter()
    action()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def stand_in(folder: Path) -> Path:
    """Plant a cohort on balls in noise."""
    rng = np.random.default_rng(0)
    (folder / "in" / "patches").mkdir(parents=True)
    grid = np.mgrid[:SIDE, :SIDE, :SIDE] - SIDE / 2
    geometry = VolumeGeometry((SIDE,) * 3, (1.0,) * 3, (0.0,) * 3, (1, 0, 0, 0, 1, 0, 0, 0, 1))
    rows = [["image", "mask", "pid", "malignancy"]]
    for i in range(NODULES):
        inside = np.sqrt((grid**2).sum(axis=0)) <= rng.uniform(4, 9)
        voxels = np.where(inside, rng.uniform(-400, 100), -850) + rng.normal(0, 20, inside.shape)
        rows.append([f"{i:02d}_ct.mha", f"{i:02d}_seg.mha", f"BALL-{i:04d}", "3"])
        patches = folder / "in" / "patches"
        write_volume(CTVolume(voxels.astype(np.int16), geometry), patches / rows[-1][0])
        write_labels(LabelVolume(inside.astype(np.uint8), geometry), patches / rows[-1][1])
    save_text(folder / "in" / "index.csv", "\n".join(",".join(r) for r in rows) + "\n")
    plant_cohort(folder / "in", folder / "out", PlantConfig())
    return folder / "out"


def measure(name: str, store: CohortStore, config: TrainingConfig, peak: float) -> str:
    """Return one line of the table."""
    fabric = make_fabric(config)
    system: System = CATALOGUE[name].build(store, config, fabric)
    pace = settle_pace(system, config, fabric, RunOptions(yes=True), config.steps)

    def steps() -> None:
        # What is due every few steps counts with its share.
        for i in range(REPEATS):
            system.step(system.draw(), max(0, config.steps - REPEATS + i), 0.0)

    with _Operations() as counter:
        steps()
    operations, taken = counter.total / REPEATS, seconds(steps, fabric.device) / REPEATS
    batch = getattr(config, "batch_size", None) or config.batch
    share = operations / taken / peak
    return (
        f"{batch:5d} {batch / taken:10.1f} {taken:8.3f} "
        f"{operations / 1e9:9.2f} {100 * share:6.1f} % {pace['threads']:7d}"
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohort", type=Path)
    parser.add_argument("configs", nargs="*", type=Path, metavar="CONFIG")
    given = parser.parse_args()
    configs = given.configs or sorted(CONFIGS.glob("*-small.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        store = open_cohort(given.cohort or stand_in(Path(folder)))
        device = make_fabric(read_any_config(configs[0])[1]).device
        peak = matrix_peak(device)
        print(f"{device.type}: matrix product of {MATRIX}: {peak / 1e9:.1f} GFLOP/s")
        print(f"{'config':24s} batch  samples/s   s/step GFLOP/step  of peak threads")
        for file in configs:
            name, config = read_any_config(file)
            print(f"{file.stem:24s} {measure(name, store, config, peak)}", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RadiogenError as error:
        sys.exit(str(error))
