"""How long a slider move takes, beside what redrawing one plane costs.

Prints medians over repeats for the default model on one thread: the gene code,
one slice (what is on screen first) and a whole nodule (the stack behind it).
The yardstick, measured in the same run, is a stand-in for a canvas redraw: a
512x512 slice windowed, coloured and blended with an overlay by NumPy.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from napari_radiogen.constants import RESEARCH_USE, WINDOWS_HU
from napari_radiogen.errors import RadiogenError
from napari_radiogen.inference.generator import load_generator
from napari_radiogen.inference.library import list_models

WARM_UP = 3
REPEATS = 30
#: Slices of a nodule of 24 mm at 1 mm.
NODULE_SLICES = 24
CANVAS_PX = 512


def median_ms(action: Callable[[int], object]) -> float:
    """Run an action with the numbers 0, 1, ... and return the median time in ms."""
    times = []
    for i in range(WARM_UP + REPEATS):
        start = time.perf_counter()
        action(i)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[WARM_UP:])


def redraw_stand_in() -> Callable[[int], object]:
    """Return an action that makes the RGBA picture of one plane with an overlay."""
    rng = np.random.default_rng(0)
    ct = rng.integers(-1000, 400, size=(CANVAS_PX, CANVAS_PX)).astype(np.int16)
    overlay = (rng.random((CANVAS_PX, CANVAS_PX)) > 0.95)[..., None]
    colour = np.array([255, 160, 0], dtype=np.float32)
    level, width = WINDOWS_HU["Lung"]

    def redraw(_: int) -> object:
        grey = np.clip((ct - (level - width / 2)) / width, 0, 1).astype(np.float32) * 255
        rgb = np.repeat(grey[..., None], 3, axis=-1)
        blended = np.where(overlay, 0.6 * rgb + 0.4 * colour, rgb)
        opaque = np.full((*ct.shape, 1), 255, dtype=np.float32)
        return np.concatenate([blended, opaque], axis=-1).astype(np.uint8)

    return redraw


def main() -> int:
    """Measure and print; 1 when there is no model to measure."""
    torch.set_num_threads(1)
    try:
        entry = next(e for e in list_models() if e.system == "mcgan")
        generator = load_generator(entry.name)
    except (StopIteration, RadiogenError) as error:
        print(f"slider_latency: no generator to measure ({error})", file=sys.stderr)
        return 1
    size, genes = generator.size_px, len(generator.metagenes.names)
    rng = np.random.default_rng(0)
    moves = rng.normal(size=(WARM_UP + REPEATS, 1, genes)).astype(np.float32)
    background = rng.normal(-850, 30, size=(NODULE_SLICES, size, size)).astype(np.float32)
    offsets = np.linspace(-12, 12, NODULE_SLICES, dtype=np.float32)

    def paint(i: int, count: int) -> object:
        vectors = np.repeat(moves[i], count, axis=0)
        return generator.generate(background[:count], vectors, offsets[:count], [7] * count)

    rows = {
        "gene code": median_ms(lambda i: generator.encode(moves[i])),
        "one slice": median_ms(lambda i: paint(i, 1)),
        f"whole nodule, {NODULE_SLICES} slices": median_ms(lambda i: paint(i, NODULE_SLICES)),
    }
    redraw = median_ms(redraw_stand_in())
    print(f"{generator.name}, {generator.parameters:,} parameters, {size} px, one thread")
    print(f"{'redraw stand-in, 512 px':28s} {redraw:8.1f} ms")
    for name, duration in rows.items():
        print(f"{name:28s} {duration:8.1f} ms   {duration / redraw:5.2f} x redraw")
    print(RESEARCH_USE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
