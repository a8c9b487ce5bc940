"""Train a U-Net on a cohort folder.

python training/train_unet.py --cohort COHORT --config training/configs/unet-small.yaml --out RUN
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_radiogen.cli.output import progress
from napari_radiogen.errors import RadiogenError
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.trainers.run import use_threads
from napari_radiogen.trainers.unet import read_config
from napari_radiogen.trainers.unet_run import run_unet

CONFIGS = Path(__file__).parent / "configs"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="new run folder")
    parser.add_argument("--config", type=Path, default=CONFIGS / "unet-small.yaml")
    parser.add_argument("--max-minutes", type=float, help="stop after this long")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main() -> int:
    args = arguments()
    wishes = {"max_minutes": args.max_minutes, "steps": args.steps, "seed": args.seed}

    # Data
    cohort = open_cohort(args.cohort)

    # Model and trainer
    config = read_config(args.config, {k: v for k, v in wishes.items() if v is not None})

    # Run
    use_threads(args.threads)
    with progress(config.name, lines_every_s=15) as report:
        weights = run_unet(config, cohort, args.out, progress=report)
    print(weights)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RadiogenError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
