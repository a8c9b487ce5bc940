"""What each metagene does to a nodule: the order of the sliders and the words beside them."""

from __future__ import annotations

import numpy as np

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.session.ports import FloatArray, Generator

#: What an attribute is called beside a slider.
SHORT_NAMES = {"diameter": "size", "mean_hu": "density", "spiculation": "margin"}
#: Effects below this are not worth a word, SD per unit.
LEAST_EFFECT = 0.05


def strength_of_effects(generator: Generator) -> FloatArray:
    """Return (K,) how much each metagene changes a nodule, for the order of the sliders.

    The largest of its measured effects; of the code where none was measured.
    """
    if generator.effects.any():
        return np.asarray(np.abs(generator.effects).max(axis=1), dtype=np.float32)
    return code_effects(generator)


def main_effect(effects: FloatArray) -> str:
    """Say in a word what a metagene (A,) does most, with the direction; or nothing."""
    most = int(np.argmax(np.abs(effects)))
    if abs(float(effects[most])) < LEAST_EFFECT:
        return ""
    return f"{SHORT_NAMES[ATTRIBUTES[most]]} {'▲' if effects[most] > 0 else '▼'}"


def all_effects(effects: FloatArray) -> str:
    """List what a unit of a metagene (A,) does to each attribute."""
    words = (
        f"{name.replace('_hu', ' HU')} {value:+.2f}"
        for name, value in zip(ATTRIBUTES, effects, strict=True)
    )
    return f"per unit, in SD of real nodules: {', '.join(words)}"


def code_effects(generator: Generator) -> FloatArray:
    """Return (K,) distances that the code moves when one metagene goes from -1 to +1.

    The others stay at the training mean (0).
    """
    step = np.eye(len(generator.metagenes.names), dtype=np.float32)
    up, down = generator.encode(step), generator.encode(-step)
    return np.asarray(np.linalg.norm(up - down, axis=1), dtype=np.float32)
