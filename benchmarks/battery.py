"""Awkward, broken and hostile scans, masks and tables through radiogen convert and peers.

python benchmarks/battery.py [--only GROUP] [--every N] [--ours]
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import SimpleITK as sitk  # noqa: N813

from tests.battery import peers
from tests.battery.battery import all_cases
from tests.battery.case import Case
from tests.battery.run import captured, run_case, scratch

LIMIT_S = 40
#: Address space a reading may take beyond what the libraries hold, bytes.
MEMORY_CAP = 8 << 30
TOOLS = ("radiogen", "SimpleITK", "highdicom")
OUTCOMES = ("right", "refused", "wrong, with a warning", "SILENTLY WRONG", "CRASHED")
NAMES = {"wrong": "SILENTLY WRONG", "warned wrong": "wrong, with a warning", "crashed": "CRASHED"}


def ours(case: Case, folder: Path, number: int) -> tuple[str, list[str]]:
    judgement = run_case(case, folder, number)
    return judgement.came, [*judgement.faults, judgement.printed.strip()[-200:]]


def peer(read: Callable[..., peers.Reading | None]) -> Callable[..., tuple[str, list[str]]]:
    def outcome(case: Case, folder: Path, _number: int) -> tuple[str, list[str]]:
        (folder / "in").mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source, truth = case.build(folder / "in")
        with captured(folder / "printed") as printed:
            try:
                if case.group == "masks":
                    reading = peers.read_highdicom_seg(source, folder / "in" / "ct", case.options)
                else:
                    reading = read(source, case.series)
            except MemoryError:
                return "crashed", ["memory"]
            except Exception as error:
                return "refused", [type(error).__name__]
        came = peers.came(reading, truth)
        noisy = "warning" in printed.read_text(errors="replace").lower()
        return ("warned wrong" if came == "wrong" and noisy else came), []

    return outcome


READERS = {
    "radiogen": ours,
    "SimpleITK": peer(peers.read_simpleitk),
    "highdicom": peer(peers.read_highdicom),
}


def in_child(tool: str, case: Case, number: int) -> tuple[str, list[str]]:
    """Run one reading in a process of its own, with limits on time and memory."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    folder = scratch()

    def work(pipe: Connection) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_CAP, MEMORY_CAP))
        pipe.send(READERS[tool](case, folder, number))

    process = context.Process(target=work, args=(sending,))
    process.start()
    sending.close()
    try:
        if not receiving.poll(LIMIT_S):
            return "crashed", [f"still running after {LIMIT_S} s", ""]
        return receiving.recv()
    except EOFError:
        return "crashed", ["the process ended", ""]
    finally:
        process.kill()
        process.join()
        shutil.rmtree(folder, ignore_errors=True)


def table(results: dict[str, list[tuple[Case, str]]]) -> None:
    for wanted, title in (("right", "to be read"), ("refused", "to be refused")):
        print(f"\n{'cases ' + title:24}" + "".join(f"{o:>24}" for o in ("cases", *OUTCOMES)))
        for tool, outcomes in results.items():
            chosen = [
                o for case, o in outcomes if (case.expect == "refused") == (wanted == "refused")
            ]
            counts = Counter(NAMES.get(o, o) for o in chosen if o != "not its business")
            cells = [sum(counts.values()), *(counts[o] for o in OUTCOMES)]
            print(f"{tool:24}" + "".join(f"{cell:>24}" for cell in cells))


def by_class(
    results: dict[str, list[tuple[Case, str]]], passed: Counter[str], groups: Counter[str]
) -> None:
    """Print passes by class; for a peer what it read right or refused where that is wanted."""
    print("passed by class".ljust(24) + "".join(f"{tool:>16}" for tool in results))
    for group in [*groups, "all"]:
        cells = []
        for tool, outcomes in results.items():
            own = [
                (case.expect == "refused", came)
                for case, came in outcomes
                if group in (case.group, "all") and came != "not its business"
            ]
            good = sum(came == ("refused" if refuse else "right") for refuse, came in own)
            if tool == "radiogen":
                good = passed.total() if group == "all" else passed[group]
            cells.append(f"{good} of {len(own)}" if own else "-")
        print(f"  {group:22}" + "".join(f"{cell:>16}" for cell in cells))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="group or part of a case's name")
    parser.add_argument("--every", type=int, default=1, help="a sample: every so many cases")
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    given = parser.parse_args()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    tools = TOOLS[:1] if given.ours else TOOLS
    results: dict[str, list[tuple[Case, str]]] = {tool: [] for tool in tools}
    passed: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    # Once here, so that no child has to import what the commands need.
    run_case(all_cases()[0], scratch())
    start = time.monotonic()
    chosen = [case for case in all_cases() if given.only in str(case)]
    for number, case in enumerate(chosen[:: given.every]):
        groups[case.group] += 1
        for tool in tools:
            if tool != "radiogen" and tool not in case.peers:
                results[tool].append((case, "not its business"))
                continue
            came, faults = in_child(tool, case, number)
            results[tool].append((case, came))
            if tool == "radiogen":
                passed[case.group] += len(faults) == 1
                if len(faults) != 1:
                    print(f"FAILED {case}: {'; '.join(faults)}", flush=True)
            elif came in ("wrong", "crashed"):
                print(f"  {tool}: {NAMES[came]}: {case}", flush=True)
    print(f"\n{time.monotonic() - start:.0f} s for all")
    by_class(results, passed, groups)
    table(results)
    return 0 if passed == groups else 1


if __name__ == "__main__":
    sys.exit(main())
