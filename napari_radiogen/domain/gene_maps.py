"""What the gene map shows beside the learned codes: raw genes, and the code of a baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_radiogen.domain.gene_code import GeneCodeTable

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class BaselineEncoder:
    """The gene code of an MC-GAN (Park 2018): the mean of its conditioning, a gated layer.

    Parameters
    ----------
    name, digest
        Of the baseline model.
    weight, bias
        (2 D, G) and (2 D,): values above, gates below, on z-scores of genes.
    """

    name: str
    digest: str
    weight: FloatArray
    bias: FloatArray

    def encode(self, genes: npt.NDArray[np.floating]) -> FloatArray:
        """Turn gene z-scores (N, G) into codes (N, D)."""
        value, gate = np.split(genes @ self.weight.T + self.bias, 2, axis=-1)
        return np.asarray(value / (1 + np.exp(-gate)), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class GeneMaps:
    """Genes of a model's subjects, and maps of them that come with the model.

    Parameters
    ----------
    model_digest
        sha256 of the weights of the generator that this belongs to.
    genes
        z-scores (N, G) in the order and on the scale of the model's
        metagenes, with their maps.
    encoder
        Of the baseline, where one was given.
    baseline
        Its codes of the same subjects, with their maps.
    """

    model_digest: str
    genes: GeneCodeTable
    encoder: BaselineEncoder | None = None
    baseline: GeneCodeTable | None = None
