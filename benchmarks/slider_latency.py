"""Slider moves at 60 a second for 10 seconds on the real window, with the real model.

A thread posts mouse moves to a metagene's slider on a fixed schedule, whether
the window keeps up or not. Every other drag ends with the button still down, so
that a value on which a hand merely rests is measured, too. Before and after each
drag: a whole nodule painted without a window around it (one inference), and a
redraw of the axial canvas. What must hold:

- the last value's whole nodule is on the canvas within two inferences and one
  redraw after its move, in every drag,
- no nodule on the canvas is older than the one before it,
- memory is flat once the caches are full, after two drags; what the allocator of
  the C library keeps free is handed back before it is read.

Prints what was measured and exits with 1 where one of them fails. Without a
display the script starts itself again under xvfb-run.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

from scipy.stats import theilslopes

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_radiogen.constants import RESEARCH_USE, RESULT_CACHE_SIZE
from tests.plugin.replay import MOVES_PER_SECOND, Record, Replay, after, wait_for

SECONDS, DRAGS = 10.0, 8
#: Drags after which caches are full and memory counts.
WARM_UP = 2
INFERENCES, REDRAWS = 3, 9
SIZE = (1280, 800)
#: What allocators keep or give back from drag to drag, MiB.
ALLOCATORS_MIB = 8.0


def judge(
    records: Sequence[Record], limits_s: Sequence[float], held_mib: Sequence[float]
) -> list[str]:
    """Return what does not hold, one line each; limit and memory of each drag."""
    problems = [line for record in records for line in record.stale()]
    for number, (record, limit) in enumerate(zip(records, limits_s, strict=True), start=1):
        if not record.late <= limit:
            problems.append(
                f"the last nodule of drag {number} came after {1000 * record.late:.0f} ms; "
                f"two inferences and a redraw take {1000 * limit:.0f} ms"
            )
    growth = growth_mib(held_mib)
    if growth > ALLOCATORS_MIB:
        problems.append(f"memory grew by {growth:.1f} MiB over {len(held_mib) - WARM_UP} drags")
    return problems


def growth_mib(held_mib: Sequence[float]) -> float:
    """Return by how much memory grew from the end of the warm-up to the last drag, MiB.

    By the median slope of all pairs of drags (Theil and Sen): a reading goes up and
    down by what a garbage collector has not come to.
    """
    steady = held_mib[WARM_UP - 1 :]
    return float(theilslopes(steady).slope) * (len(steady) - 1)


def median_s(action: Callable[[], object], repeats: int) -> float:
    """Return the median time of an action, s, after one that does not count."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def resident_mib() -> float:
    """Return the memory that the process holds, MiB, without what its allocator keeps free."""
    gc.collect()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _redraw(scene: Any) -> Callable[[], object]:
    """Return an action that draws the canvas anew, from the wish to the finished picture."""
    from qtpy.QtWidgets import QApplication

    drawn = [0]
    scene.events.draw.connect(lambda event: drawn.__setitem__(0, drawn[0] + 1), position="last")

    def redraw() -> None:
        before = drawn[0]
        scene.update()
        while drawn[0] == before:
            QApplication.processEvents()

    return redraw


def _open() -> tuple[Any, Any, Any]:
    """Open the window on the phantom patient with a nodule in its left lung."""
    from napari_radiogen.cohorts.phantom import demo_folder
    from napari_radiogen.io.read import read_ct
    from napari_radiogen.plugin.docks import open_window
    from napari_radiogen.plugin.site import left_lung_site
    from napari_radiogen.plugin.widgets.gene_panel import GenePanelWidget
    from napari_radiogen.plugin.window import main_window

    scan = read_ct(Path(demo_folder(None)))
    viewer, bench = open_window(SIZE)
    session = bench.session
    wait_for(lambda: session.generator is not None and not session.is_busy("models"))
    session.open_scan(scan)
    wait_for(lambda: session.lung is not None)
    session.choose_subject(session.generator.subjects[0].subject_id)
    point = left_lung_site(session.lung)
    session.place(point)
    bench.presenter.go_to(point)
    wait_for(lambda: bool(session.result and session.result.complete))
    # Finished nodules are remembered: memory counts once there are as many as ever.
    for seed in range(RESULT_CACHE_SIZE):
        session.set_seed(seed)
        wait_for(lambda: session.result.complete and not session.is_busy("synthesis"))
    wait_for(lambda: not session.is_busy("measure"))
    wait_for(after(1.0))
    return viewer, bench, main_window(viewer).findChild(GenePanelWidget).sliders


def measure(seconds: float, drags: int) -> list[str]:
    """Open, drag, print; return what does not hold."""
    viewer, bench, sliders = _open()
    session, scene = bench.session, viewer.window._qt_viewer.canvas._scene_canvas
    scan, lung, request = session.scan, session.lung, session.result.request
    painter, redraw = session.models.synthesiser, _redraw(scene)
    # One thread that stays, as the session's own for its nodules.
    thread = ThreadPoolExecutor(1)

    def paint() -> object:
        return thread.submit(painter.synthesise, scan, request, lung=lung).result()

    replay = Replay(
        bench, sliders, lambda hear: scene.events.draw.connect(lambda e: hear(), position="last")
    )
    records: list[Record] = []
    # Beside each drag, before and after: other programs on the machine slow both.
    paints, redraws, held = [], [], []
    print(f"{session.generator.name}, {drags} drags of {seconds:g} s at "
          f"{MOVES_PER_SECOND} moves a second; {resident_mib():.0f} MiB at the start")  # fmt: skip
    print(
        "inference   redraw    limit   last on screen   ended by   queue   values  shown      MiB"
    )
    for k in range(drags + 1):
        paints.append(median_s(paint, INFERENCES))
        redraws.append(median_s(redraw, REDRAWS))
        if k < drags:
            records.append(replay.run(seconds, release=k % 2 == 0))
            held.append(resident_mib())
    inferences, drawings = _around(paints), _around(redraws)
    limits = [2 * i + d for i, d in zip(inferences, drawings, strict=True)]
    for k, r in enumerate(records):
        looks = sum(not s.complete for s in r.shown)
        ended = "release" if k % 2 == 0 else "rest"
        ms = [1000 * t for t in (inferences[k], drawings[k], limits[k], r.late, r.queued)]
        print(f"{ms[0]:6.0f} ms {ms[1]:5.0f} ms {ms[2]:5.0f} ms {ms[3]:13.0f} ms   {ended:8s} "
              f"{ms[4]:5.0f} ms {len(r.sent) - 1:6d}  "
              f"{looks:2d} + {len(r.shown) - looks:2d} {held[k]:8.0f}")  # fmt: skip
    late = [r.late for r in records]
    print(f"last value on screen: median {1000 * statistics.median(late):.0f} ms, "
          f"longest {1000 * max(late):.0f} ms")  # fmt: skip
    print(f"shown out of turn: {sum(len(r.stale()) for r in records)}")
    print(f"memory after the drags {WARM_UP + 1} to {drags}: {growth_mib(held):+.1f} MiB")
    thread.shutdown()
    bench.close()
    viewer.close()
    return judge(records, limits, held)


def _around(values: Sequence[float]) -> list[float]:
    """Return the mean of what was measured before and after each drag."""
    return [(a + b) / 2 for a, b in pairwise(values)]


def main() -> int:
    """Measure, print and judge."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("--seconds", type=float, default=SECONDS)
    words.add_argument("--drags", type=int, default=DRAGS, help=f"more than {WARM_UP}")
    given = words.parse_args()
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return _start_again()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder  # no recent session of whoever runs this
        problems = measure(given.seconds, given.drags)
    print("\n".join(problems) if problems else "all hold")
    print(RESEARCH_USE)
    return 1 if problems else 0


def _start_again() -> int:
    found = shutil.which("xvfb-run")
    if found is None:
        print("slider_latency: no display and no xvfb-run", file=sys.stderr)
        return 1
    command = [found, "--auto-servernum", "--server-args=-screen 0 1600x1000x24", sys.executable]
    environment = {"QT_QPA_PLATFORM": "xcb", **os.environ}
    return subprocess.run([*command, *sys.argv], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
