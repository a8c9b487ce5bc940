"""Kill a writer at a random moment and look at what it left."""

from __future__ import annotations

import multiprocessing as mp
import os
import random
import resource
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from tests.io.writers import Writer, is_whole_cohort, write_new_cohort

#: Longest time that a writer is left alone before it is killed, s.
LONGEST_S = 0.08


def _context() -> mp.context.ForkServerContext:
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["tests.io.writers"])
    return context


def _write_for_ever(name: str, path: str, ready: str) -> None:
    from tests.io.writers import WRITERS

    writer = next(w for w in WRITERS if w.name == name)
    target = Path(path)
    writer.write(target, 1)
    os.close(os.open(ready, os.O_CREAT))
    version = 0
    while True:
        writer.write(target, version)
        version = 1 - version


def kill_while_replacing(writer: Writer, folder: Path, kills: int, rng: random.Random) -> list[int]:
    """Return the versions that were found after each kill.

    Raises
    ------
    Exception
        The reader's, when what was left is neither the old nor the new version.
    """
    writer.prepare(folder)
    target = folder / writer.name
    found = []
    for number in range(kills):
        ready = folder / f"ready-{number}"
        process = _context().Process(
            target=_write_for_ever, args=(writer.name, str(target), str(ready)), daemon=True
        )
        _kill(process, ready.exists, rng)
        found.append(writer.version(target))
    return found


def _write_cohort(path: str, ready: str) -> None:
    os.close(os.open(ready, os.O_CREAT))
    write_new_cohort(Path(path))


def kill_while_making_a_cohort(folder: Path, kills: int, rng: random.Random) -> list[bool]:
    """Return after each kill whether a whole cohort was there.

    Raises
    ------
    CohortError
        When a half-written one looks whole.
    """
    found = []
    for number in range(kills):
        target, ready = folder / f"cohort-{number}", folder / f"ready-cohort-{number}"
        process = _context().Process(
            target=_write_cohort, args=(str(target), str(ready)), daemon=True
        )
        _kill(process, ready.exists, rng, longest_s=0.15)
        found.append(is_whole_cohort(target))
    return found


def write_where_files_cannot_grow(name: str, target: Path, longest: int) -> str | None:
    """Write version 1, or a new cohort, with files limited to some bytes.

    Returns
    -------
    str or None
        The line of the refusal; None when the writer did not notice.

    Raises
    ------
    RuntimeError
        When the writer ended in another way.
    """
    receive, send = _context().Pipe(duplex=False)
    process = _context().Process(target=_write_limited, args=(name, str(target), longest, send))
    process.start()
    send.close()
    try:
        answer = receive.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"the writer ended with exit code {process.exitcode}") from None
    process.join()
    return answer


def _write_limited(name: str, path: str, longest: int, send: Connection) -> None:
    from napari_radiogen.errors import RadiogenError
    from tests.io.writers import WRITERS

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writer = next((w for w in WRITERS if w.name == name), None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest, longest))
    try:
        write_new_cohort(Path(path)) if writer is None else writer.write(Path(path), 1)
    except RadiogenError as error:
        send.send(str(error))
    else:
        send.send(None)


def _kill(
    process: mp.context.ForkServerProcess,
    started: Callable[[], bool],
    rng: random.Random,
    longest_s: float = LONGEST_S,
) -> None:
    process.start()
    deadline = time.monotonic() + 120
    while not started() and time.monotonic() < deadline and process.is_alive():
        time.sleep(0.002)
    time.sleep(rng.uniform(0, longest_s))
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
