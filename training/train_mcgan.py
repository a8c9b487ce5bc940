"""Train the multi-conditional GAN (Xu 2019, plus mode) on a cohort folder.

    python training/train_mcgan.py --cohort cohorts/planted --out runs/mcgan

A null model for the permuted-gene control is the same run with ``--permute``:

    python training/train_mcgan.py --cohort cohorts/planted --out runs/null-1 \
        --name mcgan-planted-permuted-1 --permute 1 --seed 1
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_radiogen.cli.output import progress
from napari_radiogen.errors import RadiogenError
from napari_radiogen.trainers.mcgan_config import read_config
from napari_radiogen.trainers.mcgan_run import run_mcgan
from napari_radiogen.trainers.run import use_threads

CONFIG = Path(__file__).parent / "configs" / "mcgan-small.yaml"


def main() -> None:
    """Read the arguments and run."""
    # Arguments.
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--name")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--permute", type=int, help="seed of the permuted-gene control")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--threads", type=int, default=2)
    given = vars(parser.parse_args())

    # Config.
    changes = {k: given[k] for k in ("name", "seed", "permute", "steps") if given[k] is not None}
    config = read_config(given["config"], changes)
    use_threads(given["threads"])

    # Run.
    with progress(config.name, lines_every_s=15) as tell:
        trained = run_mcgan(
            given["cohort"], config, given["out"], max_minutes=given["max_minutes"], progress=tell
        )

    # Result.
    scores = ", ".join(f"{k} {v:.3f}" for k, v in trained.validation.items())
    print(f"step {trained.step} of {config.steps} after {trained.minutes:.1f} min: {scores}")


if __name__ == "__main__":
    try:
        main()
    except RadiogenError as error:
        sys.exit(str(error))
