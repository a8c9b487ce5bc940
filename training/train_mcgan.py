"""Train the multi-conditional GAN (Xu 2019, plus mode) on a cohort folder.

    python training/train_mcgan.py --cohort cohorts/planted --out runs/mcgan

A null model for the permuted-gene control is the same run with ``--permute``:

    python training/train_mcgan.py --cohort cohorts/planted --out runs/null-1 \
        --name mcgan-planted-permuted-1 --permute 1 --seed 1
"""

from __future__ import annotations

import sys
from pathlib import Path

from napari_radiogen.cli.output import progress
from napari_radiogen.cli.train_flags import LINES_EVERY_S, NullFlags, run_script
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_run import run_mcgan

CONFIG = Path(__file__).parent / "configs" / "mcgan-small.yaml"


def main(flags: NullFlags) -> None:
    """Read the config, train, and print the validation scores."""
    # Config
    config, options = flags.read(MCGANTraining, CONFIG), flags.options()

    # Run
    with progress(config.name, lines_every_s=LINES_EVERY_S) as tell:
        trained = run_mcgan(flags.cohort, config, flags.folder, options=options, progress=tell)

    # Result
    scores = ", ".join(f"{k} {v:.3f}" for k, v in trained.validation.items())
    print(f"step {trained.step} of {config.steps} after {trained.minutes:.1f} min: {scores}")


if __name__ == "__main__":
    sys.exit(run_script(NullFlags, main))
