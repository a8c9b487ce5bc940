"""Train the MC-GAN baseline (Park 2018) on a cohort folder.

python training/train_mcgan_baseline.py --cohort COHORT --out runs/mcgan-baseline
"""

from __future__ import annotations

import sys
from pathlib import Path

from napari_radiogen.cli.output import progress
from napari_radiogen.cli.train_flags import LINES_EVERY_S, NullFlags, run_script
from napari_radiogen.cli.training import summary
from napari_radiogen.trainers.gene_gan import MCGANBaselineTraining
from napari_radiogen.trainers.systems_run import run_published

CONFIG = Path(__file__).parent / "configs" / "mcgan-baseline-small.yaml"


def main(flags: NullFlags) -> None:
    """Read the config, train, and print the validation scores."""
    # Config
    config, options = flags.read(MCGANBaselineTraining, CONFIG), flags.options()

    # Run
    with progress(config.name, lines_every_s=LINES_EVERY_S) as tell:
        trained = run_published(flags.cohort, config, flags.folder, options=options, progress=tell)

    # Result
    print(summary(trained))


if __name__ == "__main__":
    sys.exit(run_script(NullFlags, main))
