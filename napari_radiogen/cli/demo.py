"""``radiogen demo`` and ``radiogen open``: the window, on a phantom or on one's own data."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from napari_radiogen.errors import InputError, RadiogenError

DEFAULT_PICTURE = Path("radiogen-demo.png")
NO_VIEWER = "the viewer needs {}; install it with: pip install 'napari-radiogen[gui]'"
VIRTUAL_SCREEN = "-screen 0 1920x1200x24"
#: Smaller windows clip the docks, larger ones no virtual screen holds.
SMALLEST, LARGEST = (1024, 700), (1920, 1200)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)
    app.command("open")(open_path)


def demo(
    screenshot: Annotated[
        Path | None, typer.Option(help="Save a picture of the window here, then exit.")
    ] = None,
    size: Annotated[str, typer.Option(help="Window size in pixels.")] = "1280x800",
    scan: Annotated[
        Path | None, typer.Option(help="A CT of your own instead of the phantom patient.")
    ] = None,
) -> None:
    """Open the viewer with a demo patient and a synthetic nodule."""
    wanted = parse_size(size)
    if scan is not None and not scan.exists():
        raise InputError("no such file or folder", scan)
    if not _has_display():
        extra = [] if scan is None else ["--scan", str(scan)]
        _restart_on_virtual_screen("demo", screenshot or DEFAULT_PICTURE, size, extra)
    try:
        from napari_radiogen.plugin.demo import run
    except ImportError as missing:
        raise RadiogenError(NO_VIEWER.format(missing.name)) from missing
    _report(run(wanted, scan, screenshot), screenshot)


def open_path(
    path: Annotated[
        Path, typer.Argument(help="A session, a CT, an expression table or a cohort folder.")
    ],
    screenshot: Annotated[
        Path | None, typer.Option(help="Save a picture of the window here, then exit.")
    ] = None,
    size: Annotated[str, typer.Option(help="Window size in pixels.")] = "1280x800",
) -> None:
    """Open the viewer on a session or a scan of your own."""
    wanted = parse_size(size)
    if not path.exists():
        raise InputError("no such file or folder", path)
    if not _has_display():
        if screenshot is None:
            raise RadiogenError("no display; --screenshot draws the window on a virtual one")
        _restart_on_virtual_screen("open", screenshot, size, [str(path)])
    try:
        from napari_radiogen.plugin.opening import run
    except ImportError as missing:
        raise RadiogenError(NO_VIEWER.format(missing.name)) from missing
    _report(run(wanted, path, screenshot), screenshot)


def _report(problems: list[str], screenshot: Path | None) -> None:
    for line in problems:
        typer.echo(line, err=True)
    if screenshot is not None:
        typer.echo(str(screenshot.resolve()))
        if problems:
            raise typer.Exit(1)


def parse_size(text: str) -> tuple[int, int]:
    """Turn ``1280x800`` into two numbers.

    Raises
    ------
    InputError
        When the text has another form or the window would be too small or large.
    """
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise InputError("expected a size such as 1280x800", text)
    size = int(width), int(height)
    if any(not low <= n <= high for low, n, high in zip(SMALLEST, size, LARGEST, strict=True)):
        raise InputError("expected a size from 1024x700 to 1920x1200", text)
    return size


def _has_display() -> bool:
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _restart_on_virtual_screen(command: str, screenshot: Path, size: str, extra: list[str]) -> None:
    """Replace this process by itself on a virtual screen.

    Raises
    ------
    RadiogenError
        When there is none.
    """
    launcher = shutil.which("xvfb-run")
    if launcher is None:
        raise RadiogenError("no display; install one that is virtual with: apt install xvfb xauth")
    start = "import sys; from napari_radiogen.cli import main; sys.exit(main())"
    words = [launcher, "-a", "-s", VIRTUAL_SCREEN, sys.executable, "-c", start, command]
    words += ["--screenshot", str(screenshot), "--size", size]
    words += extra
    os.environ["QT_QPA_PLATFORM"] = "xcb"
    os.execv(launcher, words)
