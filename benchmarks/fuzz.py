"""Damaged files for every reader: no error but ours, no hang, no memory beyond a cap.

python benchmarks/fuzz.py [--seconds 120] [--only READER] [--seed 1] [--keep FOLDER]

Needs Atheris: pip install "napari-radiogen[fuzz]" (Linux). Each reader gets
mutations of valid files in a process of its own; what reaches new code is kept
and mutated on. An error of another kind, a reading longer than the limit, or the
end of the process is a finding: its input is kept and its place printed. What the
program itself reads in a process of its own (h5ad-parser) may crash it: that
counts as refused.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.battery.fuzz_mutations import mutate

LIMIT_S = 20
#: Address space beyond what the libraries already hold when the process starts.
MEMORY_CAP = 6 << 30
#: Damage makes files longer, up to this.
GROWTH_BYTES = 4096
#: The process ends so when the library below Python crashed.
CRASHED = 77


def place_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "napari_radiogen" in f.filename] or frames
    return f"{type(error).__name__} in {Path(own[-1].filename).name}:{own[-1].lineno}"


def attack(name: str, folder: Path, seed: int, seconds: int) -> None:
    """Mutate and read until the time is up; leave findings as files."""
    for stream in (1, 2):
        os.dup2(os.open(folder / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND), stream)
    import atheris

    with atheris.instrument_imports(include=["napari_radiogen"]):
        from tests.battery import fuzz_targets

        shutil.rmtree(folder / "target", ignore_errors=True)
        target = fuzz_targets.TARGETS[name](folder / "target")
        target.read()
    from napari_radiogen.errors import RadiogenError

    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY_CAP,) * 2)
    warnings.simplefilter("ignore")
    valid = [part.read_bytes() for part in target.parts]
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    # The first byte says which file of several is damaged.
    for number, data in enumerate(valid):
        (corpus / f"valid-{number}").write_bytes(bytes([number % 256]) + data)
    counts = [0, 0]

    def read(data: bytes) -> None:
        number = data[0] % len(valid) if data else 0
        part, damaged = target.parts[number], data[1:]
        part.write_bytes(damaged)
        (folder / "current").write_bytes(damaged)
        counts[0] += 1
        try:
            target.read()
        except RadiogenError:
            counts[1] += 1
        except BaseException as error:
            keep(folder, place_of(error), damaged)
        finally:
            part.write_bytes(valid[number])
            (folder / "count").write_text(f"{counts[0]} {counts[1]}")

    def damage(data: bytes, longest: int, seed: int) -> bytes:
        dice = random.Random(seed)
        # Of what is damaged already most is refused at the first check.
        if not data or dice.random() < 0.5:
            number = dice.randrange(len(valid))
            data = bytes([number % 256]) + valid[number]
        return (data[:1] + mutate(data[1:], dice))[:longest]

    longest = 1 + max(map(len, valid)) + GROWTH_BYTES
    said = [f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={longest}"]
    said += [f"-timeout={LIMIT_S}", "-rss_limit_mb=0", f"-artifact_prefix={folder}/", str(corpus)]
    atheris.Setup([name, *said], read, custom_mutator=damage)
    atheris.Fuzz()


def keep(folder: Path, place: str, damaged: bytes) -> None:
    path = folder / "findings" / place.replace(" ", "_").replace(":", "_")
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(damaged)


def run(name: str, seconds: float, seed: int, folder: Path) -> tuple[int, int, list[str]]:
    """Return how many inputs were read, how many refused, and the findings."""
    from tests.battery.fuzz_targets import CONTAINED

    folder.mkdir(parents=True, exist_ok=True)
    until = time.time() + seconds
    read = refused = 0
    context = multiprocessing.get_context("spawn")
    while (left := int(until - time.time())) > 0:
        process = context.Process(target=attack, args=(name, folder, seed + read, left))
        process.start()
        process.join()
        if not (folder / "current").exists():
            sys.exit(f"{name}: its valid file cannot be read: {(folder / 'log').read_text()}")
        count = folder / "count"
        numbers = [int(n) for n in count.read_text().split()] if count.exists() else [0, 0]
        count.unlink(missing_ok=True)
        crashed = process.exitcode == CRASHED or (process.exitcode or 0) < 0
        read, refused = read + numbers[0], refused + numbers[1]
        if name in CONTAINED and crashed:
            refused += 1
        elif process.exitcode:
            data = (folder / "current").read_bytes()
            keep(folder, f"process ended with {process.exitcode}", data)
    found = folder / "findings"
    return read, refused, sorted(f.name for f in found.iterdir()) if found.exists() else []


def main() -> int:
    from tests.battery.fuzz_targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="for each reader")
    parser.add_argument("--only", action="append", choices=sorted(TARGETS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the inputs found")
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="fuzz-"))
    total = 0
    for name in given.only or TARGETS:
        read, refused, findings = run(name, given.seconds, given.seed, root / name)
        reached = len(list((root / name / "corpus").glob("*")))
        print(
            f"{name:12}{read:>8} inputs{refused:>8} refused{reached:>6} ways"
            f"{len(findings):>4} findings",
            flush=True,
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
