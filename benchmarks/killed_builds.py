"""Kill a cohort build at random moments, continue it, and compare with an unbroken one.

Prints how often it was killed, where it stood, and whether the content is equal.
``--phantoms`` builds from rendered phantom patients instead of plain bodies.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_radiogen.cohorts.phantom import EXPRESSION_FILE, write_phantom_cohort
from napari_radiogen.io.cohort_work import work_folder
from tests.whole_scans import write_collection

COMMAND = "import sys; from napari_radiogen.cli import main; sys.exit(main(sys.argv[1:]))"
#: A kill falls this long after the start at most, as a share of an unbroken build.
LATEST = 1.1


def command(folder: Path, expression: Path, out: Path) -> list[str]:
    said = ["cohort", "build", "--ct", str(folder / "dicom"), "--expression", str(expression)]
    said += ["--clinical", str(folder / "clinical.csv"), "--workers", "1", "--out", str(out)]
    return [sys.executable, "-c", COMMAND, *said]


def content(out: Path) -> dict[str, bytes]:
    """Return every file of a cohort by its name; the name of the folder is not content."""
    files = {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    about = json.loads(files["cohort.json"])
    files["cohort.json"] = json.dumps({**about, "name": ""}).encode()
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--patients", type=int, default=12)
    parser.add_argument("--phantoms", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        if asked.phantoms:
            write_phantom_cohort(
                folder, asked.patients, asked.seed, genes=200, spacing_mm=(3.0, 1.8, 1.8)
            )
            expression = folder / EXPRESSION_FILE
        else:
            write_collection(folder, asked.patients, faults=False)
            expression = folder / "expression.txt"
        whole = Path(name) / "whole"
        start = time.monotonic()
        subprocess.run(command(folder, expression, whole), check=True)
        took = time.monotonic() - start
        kills, rounds, equal = 0, 0, 0
        while kills < asked.kills:
            out = Path(name) / f"killed-{rounds}"
            rounds += 1
            finished = False
            while not finished:
                build = subprocess.Popen(
                    command(folder, expression, out), stdout=subprocess.DEVNULL
                )
                wait = rng.uniform(0, LATEST * took) if kills < asked.kills else None
                try:
                    build.wait(timeout=wait)
                except subprocess.TimeoutExpired:
                    build.kill()
                    build.wait()
                    kills += 1
                    half = out.exists() and not (out / "cohort.json").is_file()
                    kept = len(list(work_folder(out).glob("*.npz")))
                    print(f"kill {kills}: {kept} patients kept, half-written cohort: {half}")
                    if half:
                        return 1
                finished = (out / "cohort.json").is_file()
                if build.returncode > 0 and not finished:
                    return 1
            equal += content(out) == content(whole)
            print(f"build {rounds} finished, equal: {equal} of {rounds}")
    print(f"{kills} kills, {equal} of {rounds} continued builds equal in content")
    return 0 if equal == rounds else 1


if __name__ == "__main__":
    sys.exit(main())
