"""The fixed numbers of the control protocol."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ControlSettings:
    """How much is drawn, and from which seed.

    Parameters
    ----------
    draws
        Pairs of noise and background for each subject.
    seed
        Decides noise, backgrounds, gene swaps and resampling.
    resamples
        Of patients, for each interval.
    leakage_draws
        Draws whose genes are swapped with another subject's.
    diversity_draws
        Noise draws on one background of each subject.
    sweep_draws
        Pairs of noise and background on which each metagene is turned.
    batch
        Slices that are painted at once.
    dilation_px
        Margin around masks that does not count as background.
    minimum_subjects, minimum_patients, minimum_draws, minimum_permuted
        Below these a report says that it is not to protocol.
    """

    draws: int = 16
    seed: int = 0
    resamples: int = 2000
    leakage_draws: int = 4
    diversity_draws: int = 8
    sweep_draws: int = 2
    batch: int = 64
    dilation_px: int = 5
    minimum_draws: int = 16
    minimum_subjects: int = 60
    minimum_patients: int = 40
    minimum_permuted: int = 2
