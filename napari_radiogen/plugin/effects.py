"""How much each metagene moves the learned code: the order of the sliders."""

from __future__ import annotations

import numpy as np

from napari_radiogen.session.ports import FloatArray, Generator


def code_effects(generator: Generator) -> FloatArray:
    """Return (K,) distances that the code moves when one metagene goes from -1 to +1.

    The others stay at the training mean (0).
    """
    step = np.eye(len(generator.metagenes.names), dtype=np.float32)
    up, down = generator.encode(step), generator.encode(-step)
    return np.asarray(np.linalg.norm(up - down, axis=1), dtype=np.float32)


def search(generator: Generator, text: str) -> tuple[int, ...]:
    """Return the metagenes (indices) whose name, or one of whose genes, holds a text."""
    wanted = text.strip().lower()
    names = generator.metagenes.names
    if not wanted:
        return tuple(range(len(names)))
    by_name = [i for i, name in enumerate(names) if wanted in name.lower()]
    if by_name:
        return tuple(by_name)
    genes = [i for i, g in enumerate(generator.metagenes.gene_symbols) if wanted in g.lower()]
    hit = (generator.metagenes.weights[genes] != 0).any(axis=0)
    return tuple(int(i) for i in np.flatnonzero(hit))
