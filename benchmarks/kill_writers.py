"""Kill every writer at random moments and count what it left.

    python benchmarks/kill_writers.py --kills 200

For each writer: how often the old version was found after SIGKILL, how often
the new one, and how often anything else (the figure to reach: none).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.io.killing import kill_while_making_a_cohort, kill_while_replacing
from tests.io.writers import WRITERS


def main() -> int:
    """Print one line for each writer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=[w.name for w in WRITERS], help="one writer")
    given = parser.parse_args()
    rng, broken = random.Random(given.seed), 0
    print(f"{'writer':<14}{'old':>6}{'new':>6}{'else':>6}   of {given.kills} kills each")
    chosen = [w for w in WRITERS if given.only in (None, w.name)]
    for writer in chosen:
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = kill_while_replacing(writer, Path(folder), given.kills, rng)
                wrong = 0
            except Exception as error:  # whatever a reader says of a broken file
                print(error)
                found, wrong = [], 1
        broken += wrong
        print(f"{writer.name:<14}{found.count(0):>6}{found.count(1):>6}{wrong:>6}", flush=True)
    if given.only:
        return 1 if broken else 0
    with tempfile.TemporaryDirectory() as folder:
        whole = kill_while_making_a_cohort(Path(folder), given.kills, rng)
    print(f"{'cohort':<14}{whole.count(False):>6}{whole.count(True):>6}{0:>6}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
