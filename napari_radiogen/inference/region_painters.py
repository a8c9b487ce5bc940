"""CGAN and in-painting in use: a sheet of nodules from genes, a filled middle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError

from napari_radiogen.domain import Metagenes
from napari_radiogen.errors import ModelError
from napari_radiogen.imaging.windows import hu_to_unit, unit_to_hu
from napari_radiogen.inference.descriptions import patch_facts, scale_of
from napari_radiogen.inference.library import LoadedModel, find_model, load_model
from napari_radiogen.inference.painting import PatchModel
from napari_radiogen.models.baselines import Inpainter, InpaintingConfig, central_hole
from napari_radiogen.models.cgan import CGANConfig, CGANGenerator
from napari_radiogen.models.checkpoint import load_strictly

FloatArray = npt.NDArray[np.float32]
#: Nodules that are painted for each gene vector (Li 2018), eight by eight.
SHEET = 64
_METAGENE_FIELDS = ("gene_mean", "gene_sd", "weights", "mean", "sd")


@dataclass(frozen=True, eq=False, kw_only=True)
class SheetPainter(PatchModel):
    """The CGAN's generator with its metagenes."""

    metagenes: Metagenes
    subject_metagenes: FloatArray
    network: CGANGenerator

    def sheet(self, metagenes: npt.NDArray[Any], seed: int, count: int = SHEET) -> FloatArray:
        """Paint nodules of one gene vector (K,) of z-scores.

        Returns
        -------
        ndarray
            (count, H, W) in HU; the same seed gives the same sheet.

        Raises
        ------
        ModelError
            When the number of metagenes differs.
        """
        if metagenes.shape != (len(self.metagenes.names),):
            raise ModelError(
                f"expected ({len(self.metagenes.names)},) metagenes, got {metagenes.shape}",
                subject=self.name,
            )
        rng = torch.Generator().manual_seed(seed)
        noise = torch.randn(count, self.network.config.noise_dim, generator=rng)
        told = torch.from_numpy(np.asarray(metagenes, dtype=np.float32)).expand(count, -1)
        with torch.inference_mode():
            out = self.network(noise, told)[:, 0].numpy()
        return unit_to_hu(out, self.hu_range)


class Filled(NamedTuple):
    """Slices (B, H, W) in HU: the raw output, and that with the rest untouched."""

    image_hu: FloatArray
    composed_hu: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class MiddleFiller(PatchModel):
    """The in-painting baseline: it erases the middle and fills it.

    Dropout, its noise in training, is off: the same slice gives the same pixels.
    """

    network: Inpainter

    @property
    def hole_mm(self) -> float:
        """Diameter of what is erased."""
        return self.network.config.erased_share * self.field_of_view_mm

    def fill(self, images_hu: npt.NDArray[Any]) -> Filled:
        """Erase and fill the middle of slices (B, H, W) in HU at the model's pixel size.

        Raises
        ------
        ModelError
            When the size differs.
        """
        if images_hu.shape[1:] != (self.size_px, self.size_px):
            raise ModelError(
                f"expected (B, {self.size_px}, {self.size_px}), got {images_hu.shape}", self.name
            )
        seen = torch.from_numpy(hu_to_unit(images_hu, self.hu_range))[:, None]
        hole = central_hole(self.network.config).expand_as(seen)
        with torch.inference_mode():
            out = self.network(torch.where(hole > 0, -1.0, seen), hole)[:, 0].numpy()
        raw = unit_to_hu(out, self.hu_range)
        inside = hole[:, 0].numpy() > 0
        return Filled(raw, np.where(inside, raw, images_hu).astype(np.float32))


def tiled(images: FloatArray) -> FloatArray:
    """Lay square-many images (N, H, W) out in a square, row by row.

    Raises
    ------
    ValueError
        When N is no square.
    """
    side = math.isqrt(len(images))
    if side**2 != len(images):
        raise ValueError(f"expected a square number of images, got {len(images)}")
    height, width = images.shape[1:]
    grid = images.reshape(side, side, height, width).swapaxes(1, 2)
    return grid.reshape(side * height, side * width)


def load_sheet_painter(name: str | None = None) -> SheetPainter:
    """Load a CGAN by name, run folder or file.

    Raises
    ------
    ModelError
        When there is no such model, or it does not hold together.
    """
    model = load_model(find_model(name, system="cgan"))
    try:
        return _sheet_painter(model)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise ModelError(f"its description does not hold together ({error})", model.name) from error


def load_middle_filler(name: str | None = None) -> MiddleFiller:
    """Load an in-painting model by name, run folder or file.

    Raises
    ------
    ModelError
        When there is no such model, or it does not hold together.
    """
    model = load_model(find_model(name, system="inpainting"))
    try:
        about = model.description
        network = Inpainter(InpaintingConfig.model_validate(about["config"]["network"]))
        load_strictly(network, model.tensors).requires_grad_(False)
        return MiddleFiller(**patch_facts(model), network=network)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise ModelError(f"its description does not hold together ({error})", model.name) from error


def _sheet_painter(model: LoadedModel) -> SheetPainter:
    about, tensors = model.description, model.tensors
    network = CGANGenerator(CGANConfig.model_validate(about["config"]["network"]))
    load_strictly(network, tensors).requires_grad_(False)
    table = {f: tensors[f"metagenes.{f}"].float().numpy() for f in _METAGENE_FIELDS}
    return SheetPainter(
        **patch_facts(model),
        metagenes=Metagenes(
            names=tuple(about["metagenes"]["names"]),
            gene_symbols=tuple(about["metagenes"]["gene_symbols"]),
            scale=scale_of(about["metagenes"], model.name),
            **table,
        ),
        subject_metagenes=tensors["subjects.metagenes"].float().numpy(),
        network=network,
        learned_permuted_genes=about["config"]["permute"] is not None,
    )
