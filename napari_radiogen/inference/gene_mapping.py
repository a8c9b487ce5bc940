"""The autoencoder H in use: tumour regions to genes, genes to regions, pooled features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from torch import Tensor

from napari_radiogen.errors import ModelError
from napari_radiogen.genomics.gene_scale import GeneScale
from napari_radiogen.imaging.regions import tight_regions
from napari_radiogen.imaging.windows import hu_to_unit, unit_to_hu
from napari_radiogen.inference.descriptions import patch_facts, scale_of
from napari_radiogen.inference.library import LoadedModel, find_model, load_model
from napari_radiogen.inference.painting import PatchModel
from napari_radiogen.models.checkpoint import load_strictly
from napari_radiogen.models.gene_autoencoder import AutoencoderConfig, GeneAutoencoder

FloatArray = npt.NDArray[np.float32]
SYSTEM = "autoencoder"
#: Regions that are read at once.
BATCH = 64


@dataclass(frozen=True, eq=False, kw_only=True)
class GeneMapper(PatchModel):
    """H with its genes' scale, fitted on training patients.

    Parameters
    ----------
    scale
        Between expression and the network's [0, 1].
    feature_loss
        The network behind the feature loss: VGG16, or what took its place.
    """

    scale: GeneScale
    feature_loss: str
    network: GeneAutoencoder

    def to_genes(self, images_hu: npt.NDArray[Any], masks: npt.NDArray[Any]) -> FloatArray:
        """Predict genes in [0, 1] from tumour slices; ``scale.inverse`` turns them back.

        Parameters
        ----------
        images_hu, masks
            (B, H, W) centred on the tumour, HU and 0/1, at the model's pixel size.

        Returns
        -------
        ndarray
            (B, G).

        Raises
        ------
        ModelError
            When the size differs or a mask is empty.
        """
        return self._read(images_hu, masks, self.network.encode)

    def features(self, images_hu: npt.NDArray[Any], masks: npt.NDArray[Any]) -> FloatArray:
        """Return the pooled features of the first two blocks, (B, 192) at the usual widths.

        Parameters and errors are those of :meth:`to_genes`.
        """
        return self._read(images_hu, masks, self.network.features)

    def autoencode(self, images_hu: npt.NDArray[Any], masks: npt.NDArray[Any]) -> FloatArray:
        """Paint the regions again through their predicted genes, (B, H, W) in HU.

        Parameters and errors are those of :meth:`to_genes`.
        """
        return self.to_images(self.to_genes(images_hu, masks))

    def to_images(self, genes: npt.NDArray[Any]) -> FloatArray:
        """Paint regions (B, H, W) in HU from genes (B, G) in [0, 1] (``scale.transform``).

        Raises
        ------
        ModelError
            When the number of genes differs.
        """
        if genes.ndim != 2 or genes.shape[1] != len(self.scale.gene_symbols):
            raise ModelError(
                f"expected (B, {len(self.scale.gene_symbols)}) genes, got {genes.shape}", self.name
            )
        told = torch.from_numpy(np.ascontiguousarray(genes, dtype=np.float32))
        with torch.inference_mode():
            out = torch.cat([self.network.decode(part) for part in torch.split(told, BATCH)])
        return unit_to_hu(2 * out[:, 0].numpy() - 1, self.hu_range)

    def _read(self, images_hu: npt.NDArray[Any], masks: npt.NDArray[Any], what: Any) -> FloatArray:
        size = (self.size_px, self.size_px)
        if images_hu.shape[1:] != size or masks.shape != images_hu.shape:
            raise ModelError(
                f"expected slices and masks (B, {size[0]}, {size[1]}), got {images_hu.shape} "
                f"and {masks.shape}",
                subject=self.name,
            )
        if not masks.any(axis=(1, 2)).all():
            raise ModelError("a mask is empty: the tight region is the box around it", self.name)
        unit = (hu_to_unit(images_hu, self.hu_range) + 1) / 2
        tight = tight_regions(unit, masks, self.size_px // 2)
        loose_parts, tight_parts = (
            torch.split(torch.from_numpy(v)[:, None], BATCH) for v in (unit, tight)
        )
        out: list[Tensor] = []
        with torch.inference_mode():
            for loose, box in zip(loose_parts, tight_parts, strict=True):
                out.append(what(loose, box))
        return np.asarray(torch.cat(out).numpy())


def load_gene_mapper(name: str | None = None) -> GeneMapper:
    """Load an autoencoder by name, run folder or file.

    Raises
    ------
    ModelError
        When there is no such model, or it does not hold together.
    """
    model = load_model(find_model(name, system=SYSTEM))
    try:
        return _assemble(model)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise ModelError(f"its description does not hold together ({error})", model.name) from error


def _assemble(model: LoadedModel) -> GeneMapper:
    about, tensors = model.description, model.tensors
    network = GeneAutoencoder(AutoencoderConfig.model_validate(about["config"]["network"]))
    load_strictly(network, tensors)
    network.requires_grad_(False)
    symbols = tuple(about["genes"]["symbols"])
    low, span = (tensors[f"genes.{f}"].float().numpy() for f in ("low", "span"))
    if not len(symbols) == len(low) == len(span) == network.config.genes:
        raise ModelError("its genes and their scale do not fit", subject=model.name)
    return GeneMapper(
        **patch_facts(model),
        scale=GeneScale(symbols, low, span, scale_of(about["genes"], model.name)),
        feature_loss=str(about["feature_loss"]),
        network=network,
        learned_permuted_genes=about["config"]["permute"] is not None,
    )
