"""Kill a cohort build at random moments, continue it, and compare with an unbroken one.

    python benchmarks/killed_builds.py [--kills 50] [--patients 12] [--phantoms]
    python benchmarks/killed_builds.py --surrogate DATA [--patients 30] [--nodules 120]

Prints how often it was killed, where it stood, and whether every file of the
cohort is the same. ``--phantoms`` builds from rendered phantom patients instead
of plain bodies; ``--surrogate`` pairs the public tables and nodules of a folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_radiogen import cli
from napari_radiogen.cohorts.phantom import EXPRESSION_FILE, write_phantom_cohort
from napari_radiogen.io.cohort_work import work_folder
from tests.whole_scans import write_collection

#: A kill falls this long after the start at most, as a share of an unbroken build.
LATEST = 1.1
#: Imported once, in the process that all others are forked from.
PRELOADED = ["napari_radiogen.cohorts.build", "napari_radiogen.cohorts.surrogate"]
CONTEXT = multiprocessing.get_context("forkserver")
#: Tables of the public data.
GENES = "nsclc_radiogenomics/rnaseq_zlog10_130pts_x_1000genes.csv"
WORDS = "nsclc_radiogenomics/aim_semantics_190pts.csv"
SIZES = "nsclc_radiogenomics/pyradiomics_features_60pts.csv"


def build_words(folder: Path, asked: argparse.Namespace) -> list[str]:
    """Make a collection and return the command that builds a cohort from it."""
    if asked.phantoms:
        write_phantom_cohort(
            folder, asked.patients or 12, asked.seed, genes=200, spacing_mm=(3.0, 1.8, 1.8)
        )
    else:
        write_collection(folder, asked.patients or 12, faults=False)
    expression = folder / (EXPRESSION_FILE if asked.phantoms else "expression.txt")
    said = ["cohort", "build", "--ct", str(folder / "dicom"), "--expression", str(expression)]
    return [*said, "--clinical", str(folder / "clinical.csv"), "--workers", "1"]


def surrogate_words(folder: Path, asked: argparse.Namespace) -> list[str]:
    """Return the command that pairs the first patients with the first nodules."""
    data = asked.surrogate.resolve()
    (folder / "nodules").mkdir(parents=True)
    (folder / "nodules" / "patches").symlink_to(data / "nodules" / "patches")
    copy_rows(data / "nodules" / "index.csv", folder / "nodules" / "index.csv", asked.nodules)
    copy_rows(data / GENES, folder / "genes.csv", asked.patients)
    said = ["cohort", "surrogate", "--nodules", str(folder / "nodules"), "--seed", "0"]
    said += ["--genes", str(folder / "genes.csv"), "--semantics", str(data / WORDS)]
    return [*said, "--sizes", str(data / SIZES)]


def copy_rows(table: Path, copy: Path, count: int | None) -> None:
    """Copy a table with its first rows."""
    with table.open(newline="") as stream:
        rows = list(csv.reader(stream))
    with copy.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows[: None if count is None else count + 1])


def content(out: Path) -> dict[str, bytes]:
    """Return every file of a cohort by its name; the name of the folder is not content."""
    files = {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    about = json.loads(files["cohort.json"])
    files["cohort.json"] = json.dumps({**about, "name": ""}).encode()
    return files


def start_server() -> None:
    """Start the process that all others are forked from, and wait for its imports."""
    CONTEXT.set_forkserver_preload(PRELOADED)
    first = CONTEXT.Process(target=time.time)
    first.start()
    first.join()


def run(words: list[str], out: Path, kill_after: float | None = None) -> int | None:
    """Run a command and return its exit code; None when it was killed."""
    process = CONTEXT.Process(target=_command, args=([*words, "--out", str(out)],))
    process.start()
    process.join(kill_after)
    if not process.is_alive():
        return process.exitcode
    process.kill()
    process.join()
    return None


def _command(words: list[str]) -> None:
    sys.exit(cli.main(words))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--patients", type=int, help="12, or all of --surrogate")
    parser.add_argument("--phantoms", action="store_true")
    parser.add_argument("--surrogate", type=Path, help="folder of public data")
    parser.add_argument("--nodules", type=int, help="of --surrogate, which has 377")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        words = (surrogate_words if asked.surrogate else build_words)(root / "in", asked)
        start_server()
        start = time.monotonic()
        if run(words, root / "whole"):
            return 1
        took = time.monotonic() - start
        print(f"unbroken: {took:.1f} s", flush=True)
        whole = content(root / "whole")
        kills = rounds = equal = 0
        while kills < asked.kills:
            out = root / f"killed-{rounds}"
            rounds += 1
            while not (out / "cohort.json").is_file():
                wait = rng.uniform(0, LATEST * took) if kills < asked.kills else None
                code = run(words, out, wait)
                if code:
                    return 1
                if code is None:
                    kills += 1
                    half = out.exists() and not (out / "cohort.json").is_file()
                    kept = len(list(work_folder(out).glob("*.npz")))
                    print(f"kill {kills}: {kept} kept, half-written cohort: {half}", flush=True)
                    if half:
                        return 1
            equal += content(out) == whole
            left = sorted(p.name for p in root.glob(".*"))
            print(f"build {rounds} finished, equal: {equal} of {rounds}; left: {left}", flush=True)
    print(f"{kills} kills, {equal} of {rounds} continued builds equal in content")
    return 0 if equal == rounds else 1


if __name__ == "__main__":
    sys.exit(main())
