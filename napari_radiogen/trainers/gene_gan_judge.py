"""Which checkpoint of a GAN from genes: judged on validation patients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from napari_radiogen.models.baselines import BaselineGenerator
from napari_radiogen.models.mcgan_paper import Painting, PaperGenerator
from napari_radiogen.trainers.board import tile
from napari_radiogen.trainers.mcgan_judge import VALIDATION_DRAWS, Judge

AnyGenerator = PaperGenerator | BaselineGenerator
#: Validation subjects on an image sheet.
SHEET_TILES = 12


class GeneJudge(Judge):
    """The judge of plus mode, for generators that read genes.

    As there, the generator's own masks are measured, never those of the
    network that is kept for evaluation.
    """

    @torch.no_grad()
    def scores(  # type: ignore[override]
        self, generator: AnyGenerator, noise_scale: float = 1.0
    ) -> dict[str, float]:
        """Return each attribute's rank correlation, averaged over draws, and their mean z."""
        count = len(self.data.subject_ids)
        measured: list[dict[str, npt.NDArray[Any]]] = []
        for draw in range(VALIDATION_DRAWS):
            rng = torch.Generator().manual_seed(draw)
            rows = torch.randint(len(self.data.backgrounds), (count,), generator=rng)
            out = self._paint(generator, rows, rng, noise_scale)
            measured.append(self._measure(out.image.cpu(), out.mask_logits.cpu()))
        return self._summary(measured)

    @torch.no_grad()
    def sheet(self, generator: AnyGenerator) -> npt.NDArray[np.uint8]:  # type: ignore[override]
        """Lay out backgrounds, nodules painted from validation genes, and their masks."""
        count = min(SHEET_TILES, len(self.data.subject_ids), len(self.data.backgrounds))
        rng = torch.Generator().manual_seed(0)
        out = self._paint(generator, torch.arange(count), rng)
        return tile([self.data.backgrounds[:count], out.image, torch.tanh(out.mask_logits)])

    def _paint(
        self,
        generator: AnyGenerator,
        rows: torch.Tensor,
        rng: torch.Generator,
        noise_scale: float = 1.0,
    ) -> Painting:
        device = next(generator.parameters()).device
        noise = torch.randn(len(rows), generator.config.noise_size, generator=rng)
        genes = self.data.metagenes[: len(rows)]
        background = self.data.backgrounds[rows].to(device)
        return generator(  # type: ignore[no-any-return]
            background, genes.to(device), noise_scale * noise.to(device)
        )
