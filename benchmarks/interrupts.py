"""Press Ctrl-C at random moments of every long command, and time how soon it ends.

    python benchmarks/interrupts.py [--times 5] [--only JOB]

Each job is run once to its end, then interrupted when it has worked for a random
part of that. Printed are the seconds to the end of the process: by the clock,
and of processor time (the figure to reach is 2, on a machine with nothing else
to do), and what was left behind. Scans are as large as real ones.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_radiogen.domain import CTVolume, LabelVolume, VolumeGeometry
from napari_radiogen.io.dicom_write import write_ct_series
from napari_radiogen.io.labels import write_labels, write_volume
from tests.nodule_folder import write_nodules
from tests.whole_scans import ORIGIN_MM, SHAPE, SPACING_MM, chest, write_collection

COMMAND = "import sys; from napari_radiogen.cli import main; sys.exit(main(sys.argv[1:]))"
#: Of a diagnostic chest CT.
SIZE = (300, 512, 512)
MIRROR_BYTES = 400 * 2**20
POLL_S = 0.02
TICKS = os.sysconf("SC_CLK_TCK")


def scan(folder: Path) -> Path:
    """Write a whole CT with its mask, once."""
    if not (folder / "ct").exists():
        small, nodule = chest(0)
        factors = np.divide(SIZE, SHAPE)
        hu = ndimage.zoom(small.voxels, factors, order=1)
        labels = ndimage.zoom(nodule.labels, factors, order=0)
        z, y, x = (s / f for s, f in zip(SPACING_MM, factors, strict=True))
        grid = VolumeGeometry(SIZE, (z, y, x), ORIGIN_MM)
        noise = np.random.default_rng(0).normal(0, 20, SIZE)
        volume = CTVolume((hu + noise).astype(np.int16), grid, synthetic=True)
        write_ct_series(volume, folder / "ct", patient_id="P1", seed="x")
        write_volume(volume, folder / "ct.nii")
        write_labels(LabelVolume(labels, grid), folder / "mask.nrrd")
    return folder


def convert(name: str) -> Callable[[Path, Path], list[str]]:
    return lambda folder, out: ["convert", str(scan(folder) / "ct.nii"), str(out / name)]


def convert_mask(folder: Path, out: Path) -> list[str]:
    said = ["--reference", str(scan(folder) / "ct")]
    return ["convert", str(folder / "mask.nrrd"), str(out / "m.dcm"), *said]


def segment(folder: Path, out: Path) -> list[str]:
    return ["segment", str(scan(folder) / "ct"), "--out", str(out / "found.nii.gz")]


def phantom(folder: Path, out: Path) -> list[str]:
    return ["phantom", "--patients", "1", "--out", str(out / "p")]


def build(folder: Path, out: Path) -> list[str]:
    if not (folder / "in").exists():
        write_collection(folder / "in", 8, faults=False)
    said = ["--ct", str(folder / "in" / "dicom")]
    said += ["--expression", str(folder / "in" / "expression.txt"), "--workers", "2"]
    return ["cohort", "build", *said, "--out", str(out / "c")]


def plant(folder: Path, out: Path) -> list[str]:
    if not (folder / "nodules").exists():
        write_nodules(folder / "nodules", 60)
    return ["cohort", "plant", "--nodules", str(folder / "nodules"), "--out", str(out / "c")]


def fetch(folder: Path, out: Path) -> list[str]:
    mirror = folder / "mirror"
    if not mirror.exists():
        mirror.mkdir()
        data = bytes(MIRROR_BYTES)
        (mirror / "a.dcm").write_bytes(data)
        row = f"a.dcm,{len(data)},{hashlib.sha256(data).hexdigest()}"
        (mirror / "manifest.csv").write_text(f"file,size,sha256\n{row}\n")
    said = ["--mirror", str(mirror), "--out", str(out / "f")]
    return ["cohort", "fetch", "nsclc-radiogenomics", *said]


JOBS: dict[str, Callable[[Path, Path], list[str]]] = {
    "nii.gz": convert("s.nii.gz"),
    "nrrd": convert("s.nrrd"),
    "mha": convert("s.mha"),
    "series": convert("series"),
    "seg": convert_mask,
    "segment": segment,
    "phantom": phantom,
    "build": build,
    "plant": plant,
    "fetch": fetch,
}


def children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def work_s(group: int) -> float:
    """Return the processor time so far of the processes of a group."""
    ticks = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            # Its own, and that of children which have ended.
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def start(words: list[str]) -> subprocess.Popen[bytes]:
    """Start a command in a group of its own, as a terminal does."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-c", COMMAND, *words], process_group=0, **quiet)


def interrupt(words: list[str], after_s: float) -> tuple[float, float, int] | None:
    """Return seconds by the clock and of work after Ctrl-C, and the exit code.

    None when it had ended before.
    """
    before = children_s()
    process = start(words)
    while process.poll() is None and work_s(process.pid) < after_s:
        time.sleep(POLL_S)
    if process.returncode is not None:
        return None
    worked, asked = work_s(process.pid), time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    process.wait()
    return time.monotonic() - asked, children_s() - before - worked, process.returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", action="append", choices=sorted(JOBS))
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    # A shell that starts this in the background has it ignore Ctrl-C, and the jobs with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(f"{'job':<10}{'whole':>9}{'clock':>9}{'work':>9}   left behind (longest of each)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for job in asked.only or JOBS:
            out = folder / "out"
            out.mkdir()
            words = JOBS[job](folder, out)
            before = children_s()
            if start(words).wait():
                print(f"{job}: it fails by itself")
                return 1
            whole, ends, left = children_s() - before, [], set()
            for _ in range(asked.times):
                shutil.rmtree(out)
                out.mkdir()
                ended = interrupt(words, rng.uniform(0.2, 1.0) * whole)
                if ended is None:
                    continue
                ends.append(ended)
                # The last moment is too late: the file is there, whole.
                if ended[2]:
                    left |= {p.name for p in out.iterdir()}
            shutil.rmtree(out)
            clock, work = (max((e[i] for e in ends), default=0.0) for i in (0, 1))
            late = sum(e[2] == 0 for e in ends)
            said = f"{job:<10}{whole:>8.1f}s{clock:>8.1f}s{work:>8.1f}s   {sorted(left)}"
            print(said, f"of {len(ends)} stops, {late} too late", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
