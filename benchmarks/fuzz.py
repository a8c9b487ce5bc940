"""Damaged files for every reader: no error but ours, no hang, no memory beyond a cap.

python benchmarks/fuzz.py [--seconds 120] [--only READER] [--seed 0] [--keep FOLDER]

Each reader gets mutations of valid files in a process of its own. An error of
another kind, a reading longer than the limit, or the end of the process is a
finding: its input is kept and its place printed. What the program itself reads
in a process of its own (h5ad-parser) may end it: that counts as refused.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_radiogen.errors import RadiogenError
from tests.battery import fuzz_targets
from tests.battery.fuzz_mutations import mutate

LIMIT_S = 20
#: Address space beyond what the libraries already hold when the process starts.
MEMORY_CAP = 6 << 30
#: The parent looks this often.
POLL_S = 1.0


class SlowError(Exception):
    """A reading took too long."""


def place_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "napari_radiogen" in f.filename] or frames
    return f"{type(error).__name__} in {Path(own[-1].filename).name}:{own[-1].lineno}"


def stop(_number: int, _frame: object) -> None:
    raise SlowError


def attack(name: str, folder: Path, seed: int, until: float) -> None:
    """Mutate and read until the time is up; leave findings as files."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY_CAP,) * 2)
    signal.signal(signal.SIGALRM, stop)
    warnings.simplefilter("ignore")
    shutil.rmtree(folder / "target", ignore_errors=True)
    target = fuzz_targets.TARGETS[name](folder / "target")
    target.read()
    seeds = {part: part.read_bytes() for part in target.parts}
    dice = random.Random(seed)
    count = refused = 0
    while time.time() < until:
        part = dice.choice(target.parts)
        damaged = mutate(seeds[part], dice)
        part.write_bytes(damaged)
        (folder / "current").write_bytes(damaged)
        signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
        try:
            target.read()
        except RadiogenError:
            refused += 1
        except BaseException as error:
            keep(folder, place_of(error), damaged)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            part.write_bytes(seeds[part])
        count += 1
        (folder / "count").write_text(f"{count} {refused}")


def keep(folder: Path, place: str, damaged: bytes) -> None:
    path = folder / "findings" / place.replace(" ", "_").replace(":", "_")
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(damaged)


def run(name: str, seconds: float, seed: int, folder: Path) -> tuple[int, int, list[str]]:
    """Return how many inputs were read, how many refused, and the findings."""
    folder.mkdir(parents=True, exist_ok=True)
    until = time.time() + seconds
    read = refused = 0
    context = multiprocessing.get_context("fork")
    while time.time() < until:
        process = context.Process(target=attack, args=(name, folder, seed + read, until))
        process.start()
        wait(process, folder)
        if not (folder / "current").exists():
            sys.exit(f"{name}: its valid file cannot be made or read")
        count = folder / "count"
        numbers = [int(n) for n in count.read_text().split()] if count.exists() else [0, 0]
        count.unlink(missing_ok=True)
        read, refused = read + numbers[0], refused + numbers[1]
        code = process.exitcode
        if code and name in fuzz_targets.CONTAINED and code < 0 and code != -signal.SIGKILL:
            read, refused = read + 1, refused + 1
        elif code:
            current = folder / "current"
            data = current.read_bytes() if current.exists() else b""
            keep(folder, f"process ended with {code}", data)
            read += 1
    found = folder / "findings"
    return read, refused, sorted(f.name for f in found.iterdir()) if found.exists() else []


def wait(process: multiprocessing.process.BaseProcess, folder: Path) -> None:
    """Wait for the end, and end what no signal reaches."""
    current = folder / "current"
    while process.is_alive():
        process.join(POLL_S)
        started = current.stat().st_mtime if current.exists() else time.time()
        if process.is_alive() and time.time() - started > 3 * LIMIT_S:
            process.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="for each reader")
    parser.add_argument("--only", action="append", choices=sorted(fuzz_targets.TARGETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the inputs found")
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="fuzz-"))
    total = 0
    for name in given.only or fuzz_targets.TARGETS:
        read, refused, findings = run(name, given.seconds, given.seed, root / name)
        print(
            f"{name:12}{read:>8} inputs{refused:>8} refused{len(findings):>4} findings", flush=True
        )
        for finding in findings:
            print(f"    {finding}", flush=True)
            if given.keep:
                given.keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / name / "findings" / finding, given.keep / f"{name}-{finding}")
        total += len(findings)
    shutil.rmtree(root, ignore_errors=True)
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
