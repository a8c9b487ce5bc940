"""A U-Net run of seconds, here or in a process of its own.

python -m tests.trainers.tiny FOLDER [resume] [PAUSE_S]
"""

import sys
import time
from pathlib import Path

import numpy as np

from napari_radiogen.trainers.run import RunFolder, RunOptions
from napari_radiogen.trainers.unet import TrainedUNet, UNetConfig, train_unet
from napari_radiogen.trainers.unet_data import LabelledSlices

STEPS = 30
#: Most of the fields are small so that a step takes a hundredth of a second.
CONFIG = {
    "name": "tiny",
    "base": 2,
    "batch_size": 6,
    "steps": STEPS,
    "max_minutes": None,
    "validate_every": 4,
    "checkpoint_every": 3,
    "log_every": 1,
    "sheet_every": 0,
    "accelerator": "cpu",
}
#: Dropout is drawn by each process for itself; without it curves are comparable.
EVEN = {"dropout": 0.0, "base": 4, "learning_rate": 1e-2, "steps": 12}


def disc_slices(n: int = 12, size: int = 32, seed: int = 0) -> LabelledSlices:
    """Bright discs on dark ground; every third slice is empty."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    mask = np.zeros((n, size, size), np.uint8)
    for i in range(n):
        if i % 3:
            cy, cx = rng.uniform(10, 22, 2)
            mask[i] = np.hypot(y - cy, x - cx) < 6
    image = (mask * 900.0 - 850 + rng.normal(0, 20, mask.shape)).astype(np.int16)
    cases = np.array([f"case-{i // 3}" for i in range(n)])
    return LabelledSlices(image, mask, cases, cases)


def run_tiny(
    folder: Path, *, resume: bool = False, pause_s: float = 0.0, **changes: object
) -> TrainedUNet:
    """Train on discs, one thread; ``pause_s`` after each step gives time to kill it."""
    return train_unet(
        UNetConfig.model_validate({**CONFIG, **changes}),
        disc_slices(),
        disc_slices(seed=1),
        run=RunFolder(folder, resume),
        options=RunOptions(resume=resume, threads=1),
        progress=lambda done, note: time.sleep(pause_s),
    )


if __name__ == "__main__":
    words = sys.argv[1:]
    pause = float(words[-1]) if words[-1][0].isdigit() else 0.0
    changes = EVEN if "even" in words else {}
    run_tiny(Path(words[0]), resume="resume" in words, pause_s=pause, **changes)
