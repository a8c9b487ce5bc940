"""Each system that can be trained: its config, and how it is built for a cohort.

What drives any system by name (benchmarks, tests over all configs) asks here;
a new system adds a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from napari_radiogen.errors import InputError
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.trainers.autoencoder import AutoencoderTraining
from napari_radiogen.trainers.cgan import CGANTraining
from napari_radiogen.trainers.config import TrainingConfig, read_config
from napari_radiogen.trainers.gene_gan import MCGANBaselineTraining, MCGANPaperTraining
from napari_radiogen.trainers.inpainting import InpaintingTraining
from napari_radiogen.trainers.mcgan import MCGANSystem
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_package import fit_cohort_metagenes
from napari_radiogen.trainers.published import (
    build_autoencoder,
    build_cgan,
    build_gene_gan,
    build_inpainting,
)
from napari_radiogen.trainers.system import System
from napari_radiogen.trainers.unet import UNetConfig, UNetSystem
from napari_radiogen.trainers.unet_data import slices_of

if TYPE_CHECKING:
    from lightning.fabric import Fabric


@dataclass(frozen=True)
class Entry:
    """A system's config class, and its untrained self for a cohort."""

    config: type[TrainingConfig]
    build: Callable[[CohortStore, Any, Fabric], System]


def _unet(store: CohortStore, config: UNetConfig, fabric: Fabric) -> System:
    train, validation = (slices_of(store, s, config.planes) for s in ("train", "validation"))
    return UNetSystem(config, train, validation, fabric)


def _mcgan(store: CohortStore, config: MCGANTraining, fabric: Fabric) -> System:
    metagenes = fit_cohort_metagenes(store, config.network.metagenes)
    scores = metagenes.transform(store.expression.values)
    return MCGANSystem(store, scores, config, fabric, fitted=False)


CATALOGUE = {
    "unet": Entry(UNetConfig, _unet),
    "mcgan": Entry(MCGANTraining, _mcgan),
    "autoencoder": Entry(AutoencoderTraining, lambda *given: build_autoencoder(*given)[0]),
    "cgan": Entry(CGANTraining, lambda *given: build_cgan(*given)[0]),
    "mcgan-paper": Entry(MCGANPaperTraining, lambda *given: build_gene_gan(*given)[0]),
    "mcgan-baseline": Entry(MCGANBaselineTraining, lambda *given: build_gene_gan(*given)[0]),
    "inpainting": Entry(InpaintingTraining, build_inpainting),
}


def read_any_config(path: Path) -> tuple[str, TrainingConfig]:
    """Read a config of whatever system it names.

    Returns
    -------
    tuple
        The system's name and the config.

    Raises
    ------
    InputError
        When the file names no known system or does not fit it.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(str(error), subject=path) from error
    system = values.get("system") if isinstance(values, dict) else None
    if system not in CATALOGUE:
        raise InputError(f"names no known system ({', '.join(CATALOGUE)})", subject=path)
    return system, read_config(CATALOGUE[system].config, path, {})
