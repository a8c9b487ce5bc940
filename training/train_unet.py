"""Train a U-Net (Li 2018) on a cohort folder.

    python training/train_unet.py --cohort cohorts/planted --out runs/unet

A run that was stopped goes on exactly where its last checkpoint lies:

    python training/train_unet.py --cohort cohorts/planted --resume runs/unet
"""

from __future__ import annotations

import sys
from pathlib import Path

from napari_radiogen.cli.output import progress
from napari_radiogen.cli.train_flags import LINES_EVERY_S, RunFlags, run_script
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.trainers.unet import UNetConfig
from napari_radiogen.trainers.unet_run import run_unet

CONFIG = Path(__file__).parent / "configs" / "unet-small.yaml"


def main(flags: RunFlags) -> None:
    """Read the cohort and the config, train, and print where the weights are."""
    # Data
    cohort = open_cohort(flags.cohort)

    # Model and trainer
    config, options = flags.read(UNetConfig, CONFIG), flags.options()

    # Run
    with progress(config.name, lines_every_s=LINES_EVERY_S) as tell:
        weights = run_unet(config, cohort, flags.folder, options=options, progress=tell)

    # Result
    print(weights)


if __name__ == "__main__":
    sys.exit(run_script(RunFlags, main))
