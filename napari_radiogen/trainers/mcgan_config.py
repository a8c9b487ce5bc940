"""What decides a training run of the multi-conditional GAN."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from napari_radiogen.genomics.metagenes import Weighting
from napari_radiogen.models.mcgan import MCGANConfig
from napari_radiogen.trainers.config import TrainingConfig
from napari_radiogen.trainers.packed_patients import Patients


class MCGANTraining(TrainingConfig):
    """Plus mode of METHODS 1.4; every weight is of the term it names."""

    systems: ClassVar[tuple[str, ...]] = ("mcgan",)

    name: str = "mcgan-planted"
    network: MCGANConfig = MCGANConfig()
    weighting: Weighting = Field(default="sign", description="of the genes in their metagene")
    batch: int = Field(default=16, ge=4, multiple_of=2)
    warm_steps: int = Field(default=500, ge=0, description="reconstruction only")
    steps: int = Field(default=1800, ge=1, description="in all, warm steps included")
    generator_lr: float = Field(default=2e-4, gt=0)
    discriminator_lr: float = Field(default=1e-4, gt=0)
    last_rate: float = Field(
        default=0.05, gt=0, le=1, description="rates fall as a cosine to this share"
    )
    r1: float = Field(default=1.0, ge=0, description="gradient penalty on real tuples")
    r1_every: int = Field(default=8, ge=1)
    betas: tuple[float, float] = (0.5, 0.99)
    ema: float = Field(default=0.995, ge=0, lt=1)
    gene_jitter: float = Field(default=0.3, ge=0, description="s.d. added to metagene z-scores")
    agreement: bool = Field(
        default=False, description="move training genes to say what the slice beside them shows"
    )
    background: float = Field(default=10.0, ge=0)
    reconstruction: float = Field(default=1.0, ge=0)
    auxiliary: float = Field(default=4.0, ge=0)
    central: float = Field(
        default=0.0, ge=0, le=1, description="share of synthetic slices at the nodule's centre"
    )
    outline: float = Field(
        default=0.0, ge=0, description="own mask follows the outline that a frozen segmenter sees"
    )
    segmenter_steps: int = Field(
        default=600, ge=0, description="of that segmenter; none without an outline"
    )
    gene_sparsity: float = Field(default=0.02, ge=0, description="group lasso on metagenes read")
    variety: float = Field(default=1.0, ge=0, description="of masks over noise")
    regressor_steps: int = Field(default=600, ge=0)
    validate_every: int = Field(default=150, ge=1)
    patients: Patients = Field(default="cohort", description="whose genes the model file holds")
    half: bool = Field(default=False, description="store weights in half precision, as nulls are")
    permute: int | None = Field(default=None, description="seed that deals genes to other subjects")
