"""Writing a sweep: a strip (PNG, SVG, PDF) or a film (GIF, MP4)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_radiogen.constants import RESEARCH_USE, SYNTHETIC
from napari_radiogen.errors import Cancelled, RadiogenError
from napari_radiogen.io.save import atomic_write
from napari_radiogen.session.exports import FIGURE_SUFFIXES, check_suffix
from napari_radiogen.session.sheets import Sweep

FILM_SUFFIXES = (".gif", ".mp4")
SWEEP_SUFFIXES = (*FIGURE_SUFFIXES, *FILM_SUFFIXES)
FRAMES_PER_SECOND = 4


def write_sweep(
    sweep: Sweep,
    model: str,
    cohort: str,
    path: Path,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write a sweep by the suffix of its file.

    Parameters
    ----------
    model, cohort
        Name of the generator, and kind and name of its cohort, for the caption.

    Raises
    ------
    RadiogenError
        When the file cannot be written, or MP4 lacks its encoder.
    Cancelled
        When it was stopped; nothing is left then.
    """
    from napari_radiogen.session.figure import save_figure
    from napari_radiogen.session.sweep_figure import compose_strip, frames

    suffix = check_suffix(path, SWEEP_SUFFIXES)
    if suffix in FIGURE_SUFFIXES:
        save_figure(compose_strip(sweep, model, cohort), path)
        return
    count = max(1, 2 * len(sweep.steps) - 2)
    drawn = []
    for number, frame in enumerate(frames(sweep, model, cohort)):
        if cancelled is not None and cancelled():
            raise Cancelled
        if progress is not None:
            progress(number / count, f"frame {number + 1} of {count}")
        drawn.append(frame)
    write = _write_gif if suffix == ".gif" else _write_mp4
    atomic_write(path, lambda temporary: write(np.stack(drawn), temporary))


def _write_gif(film: np.ndarray, path: Path) -> None:
    import imageio.v3 as iio

    iio.imwrite(
        path, film, extension=".gif", plugin="pillow", duration=1000 / FRAMES_PER_SECOND, loop=0,
        comment=f"{SYNTHETIC} nodules - {RESEARCH_USE}".encode(),
    )  # fmt: skip


def _write_mp4(film: np.ndarray, path: Path) -> None:
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise RadiogenError(
            "MP4 needs an encoder: pip install imageio-ffmpeg, or write a .gif", path
        ) from error
    height, width = film.shape[1:3]
    writer = imageio_ffmpeg.write_frames(
        str(path), (width, height), fps=FRAMES_PER_SECOND, macro_block_size=2, quality=8,
        output_params=["-f", "mp4", "-metadata", f"title={SYNTHETIC} nodules - {RESEARCH_USE}"],
    )  # fmt: skip
    writer.send(None)
    try:
        for frame in film:
            writer.send(np.ascontiguousarray(frame))
    finally:
        writer.close()
