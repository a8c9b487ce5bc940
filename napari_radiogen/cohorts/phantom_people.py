"""The patients of a phantom cohort before they are scanned: biology, genes, clinical labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.phantom.biology import (
    EFFECTS,
    FIRST_NULL_LATENT,
    LATENT_NAMES,
    draw_clinical,
    draw_latents,
    latent_covariance,
)
from napari_radiogen.phantom.transcriptome import Transcriptome, TranscriptomePlan, simulate


@dataclass(frozen=True, eq=False)
class People:
    """Phantom patients.

    Parameters
    ----------
    ids
        (N,) ``PHANTOM-0001`` and on.
    seeds
        (N,) of their scenes.
    latents
        (N, 10).
    transcriptome
        Expression, genes with missing values included.
    clinical
        (N,) labels under the names of the real collection's table.
    """

    ids: tuple[str, ...]
    seeds: tuple[int, ...]
    latents: npt.NDArray[np.float64]
    transcriptome: Transcriptome
    clinical: list[dict[str, str]]


def draw_people(patients: int, seed: int, genes: int) -> People:
    """Draw patients; the same numbers give the same people.

    Parameters
    ----------
    patients, seed
        How many, and what makes them.
    genes
        Genes without missing values; about three times as many have some.
    """
    rng = np.random.default_rng([seed, 10])
    ids = tuple(f"PHANTOM-{i + 1:04d}" for i in range(patients))
    latents = draw_latents(rng, patients)
    plan = TranscriptomePlan(genes=genes, sparse_genes=_sparse_count(genes))
    transcriptome = simulate(rng, latents, ids, plan)
    clinical = [draw_clinical(rng, b) for b in latents]
    seeds = tuple(_patient_seed(seed, i) for i in range(patients))
    return People(ids, seeds, latents, transcriptome, clinical)


def known_truth(seed: int, transcriptome: Transcriptome) -> dict[str, Any]:
    """Return what ``truth.json`` says of all patients of a phantom cohort."""
    return {
        "kind": "phantom",
        "seed": seed,
        "effects": EFFECTS,
        "null_latents": list(LATENT_NAMES[FIRST_NULL_LATENT:]),
        "latent_covariance": latent_covariance().tolist(),
        "expression": transcriptome.truth,
    }


def _sparse_count(genes: int) -> int:
    """Keep the proportion of the real table: 22,127 genes, 5,172 complete."""
    return round(genes * TranscriptomePlan.sparse_genes / TranscriptomePlan.genes)


def _patient_seed(seed: int, index: int) -> int:
    return int(np.random.SeedSequence([seed, 11, index]).generate_state(1)[0])
