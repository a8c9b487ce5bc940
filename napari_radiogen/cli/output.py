"""What commands print, and what they may write: JSON, progress, targets."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from napari_radiogen.errors import InputError

Progress = Callable[[float, str], None]


def print_json(obj: object) -> None:
    """Print an object as JSON; infinity and NaN become null."""
    typer.echo(json.dumps(plain(obj), indent=2, ensure_ascii=False, allow_nan=False))


def plain(obj: object) -> Any:
    """Turn dataclasses, arrays, paths and tuples into what JSON knows.

    Raises
    ------
    TypeError
        When an object has no plain form.
    """
    if obj is None or isinstance(obj, str | bool | int):
        return obj
    if isinstance(obj, float):
        return obj if math.isfinite(obj) else None
    if isinstance(obj, Path):
        return str(obj)
    if isinstance(obj, Mapping):
        return {str(key): plain(value) for key, value in obj.items()}
    if isinstance(obj, list | tuple | set | frozenset):
        return [plain(value) for value in obj]
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type):
        return {f.name: plain(getattr(obj, f.name)) for f in dataclasses.fields(obj)}
    if hasattr(obj, "tolist"):
        return plain(obj.tolist())
    raise TypeError(f"{type(obj).__name__} has no plain form for JSON")


def check_targets(targets: Mapping[Path, tuple[str, ...]], sources: Iterable[Path]) -> None:
    """Check what a command would write, before it does any work.

    Parameters
    ----------
    targets
        Each file to write and the suffixes that it may have.
    sources
        Files and folders that the command reads.

    Raises
    ------
    InputError
        When a suffix is unknown, a folder does not exist, or a target is read.
    """
    from napari_radiogen.session.exports import check_suffix

    # Unlike Path.resolve, realpath says nothing of links that lead to themselves: the reader does.
    taken = {os.path.realpath(source) for source in sources}
    for target, suffixes in targets.items():
        check_suffix(target, suffixes)
        if os.path.realpath(target) in taken:
            raise InputError("is read by this command; choose another name to write", target)


@contextmanager
def progress(description: str, *, lines_every_s: float | None = None) -> Iterator[Progress]:
    """Show a bar on standard error while a job runs, if that is a terminal.

    Parameters
    ----------
    description
        What the job is.
    lines_every_s
        Elsewhere (a log, a batch queue) print a line this often; None is quiet.

    Yields
    ------
    Callable
        ``report(fraction, message)`` with the fraction from 0 to 1.
    """
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[message]}", markup=False),
    )
    bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
    with bar:
        task = bar.add_task(description, total=1.0, message="")

        due = time.monotonic()

        def report(fraction: float, message: str = "") -> None:
            nonlocal due
            done = min(max(fraction, 0.0), 1.0)
            bar.update(task, completed=done, message=message)
            if lines_every_s is not None and bar.disable and time.monotonic() >= due:
                print(f"{description} {done:4.0%}  {message}", file=sys.stderr, flush=True)
                due = time.monotonic() + lines_every_s

        yield report
