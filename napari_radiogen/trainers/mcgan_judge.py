"""Which checkpoint, gain and noise: judged on validation patients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from torch import Tensor

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.windows import unit_to_hu
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.mcgan import Generator, Noise, draw_noise, scaled_noise
from napari_radiogen.trainers.board import tile
from napari_radiogen.trainers.slices import SliceSet

#: Noise draws per validation subject when a checkpoint is judged.
VALIDATION_DRAWS = 8
#: Validation subjects on an image sheet.
SHEET_TILES = 12
#: Scales of noise that are tried after training.
NOISE_SCALES = (1.0, 0.5)
#: Each metagene is turned by this much to either side, on this many backgrounds.
EFFECT_Z, EFFECT_BACKGROUNDS = 1.5, 4
#: Scores closer than this are alike: the standard error of a mean of three
#: Fisher z of some 40 subjects is about 0.1.
SCORES_ALIKE = 0.02


@dataclass(frozen=True, eq=False)
class TrainedGenerator:
    """The generator of the best validation score, and how it got there.

    ``noise_scale`` and ``closing_radii`` are how it is to be used: see
    :func:`choose_use` and :func:`mcgan_depth.closing_radii`. ``effects``
    (K, A) says what each metagene does: see :meth:`Judge.effects`.
    ``first_process`` is the one that writes.
    """

    generator: Generator
    step: int
    validation: dict[str, float]
    minutes: float
    noise_scale: float = 1.0
    closing_radii: float | None = None
    effects: npt.NDArray[np.float32] | None = None
    first_process: bool = True


def choose_use(trained: TrainedGenerator, judge: Judge) -> TrainedGenerator:
    """Choose the noise scale on validation patients.

    Of scales that score alike the quietest is taken, which leaves most of the
    image to the genes. As for checkpoints, only the generator's own masks
    judge.
    """
    tried = [
        replace(trained, validation=judge.scores(trained.generator, scale), noise_scale=scale)
        for scale in NOISE_SCALES
    ]
    highest = max(t.validation["score"] for t in tried)
    alike = [t for t in tried if t.validation["score"] >= highest - SCORES_ALIKE]
    return min(alike, key=lambda t: (t.noise_scale, -t.validation["score"]))


class Judge:
    """Chooses checkpoints: do validation genes show in the generator's own masks?

    It uses no measuring network; that one is kept for evaluation.
    """

    def __init__(self, data: SliceSet, store: CohortStore) -> None:
        self.data, self.store = data, store
        by_id = {s.subject_id: s for s in store.subjects}
        central = (store.slices["central"] == 1) & (store.slices["split"] == "train")
        # Smaller than any nodule it learned from is no nodule but a loss.
        self.least_area_px = int(store.mask[central].sum(axis=(1, 2)).min())
        learned = [s.attributes for s in store.subjects if s.split == "train"]
        self.spread = {a: float(np.std([row[a] for row in learned])) for a in ATTRIBUTES}
        self.truth = {
            a: np.array([by_id[i].attributes[a] for i in data.subject_ids]) for a in ATTRIBUTES
        }

    @torch.no_grad()
    def scores(self, generator: Generator, noise_scale: float = 1.0) -> dict[str, float]:
        """Return each attribute's rank correlation, averaged over draws, and their mean z."""
        device = next(generator.parameters()).device
        count = len(self.data.subject_ids)
        code = generator.encode(self.data.metagenes.to(device))
        measured = []
        for draw in range(VALIDATION_DRAWS):
            rng = torch.Generator().manual_seed(draw)
            free = torch.randint(len(self.data.backgrounds), (count,), generator=rng)
            background = self.data.backgrounds[free].to(device)
            noise = scaled_noise(draw_noise(generator.config, [rng] * count, device), noise_scale)
            out = generator(background, code, torch.zeros(count, device=device), noise)
            measured.append(self._measure(out.image.cpu(), out.mask_logits.cpu()))
        return self._summary(measured)

    def _summary(self, measured: list[dict[str, npt.NDArray[Any]]]) -> dict[str, float]:
        result = {
            name: float(np.mean([_correlation(m[name], truth) for m in measured]))
            for name, truth in self.truth.items()
        }
        # Fisher's z has the same noise at any height, so no attribute drowns another.
        result["score"] = float(np.mean(np.arctanh(np.clip(list(result.values()), -0.999, 0.999))))
        return result

    @torch.no_grad()
    def sheet(self, generator: Generator) -> npt.NDArray[np.uint8]:
        """Lay out real validation slices, backgrounds, and nodules painted from their genes."""
        device = next(generator.parameters()).device
        count = min(SHEET_TILES, len(self.data.subject_ids), len(self.data.backgrounds))
        largest = [int(_largest(self.data, subject)) for subject in range(count)]
        rng = torch.Generator().manual_seed(0)
        noise = draw_noise(generator.config, [rng] * count, device)
        background = self.data.backgrounds[:count]
        code = generator.encode(self.data.metagenes[:count].to(device))
        out = generator(background.to(device), code, torch.zeros(count, device=device), noise)
        real = self.data.image[largest]
        return tile([real, background, out.image, torch.tanh(out.mask_logits)])

    @torch.no_grad()
    def effects(self, trained: TrainedGenerator) -> npt.NDArray[np.float32]:
        """Return what one unit of each metagene does to each attribute, (K, A).

        In standard deviations of the training nodules, the other metagenes at
        the mean, from the generator's own masks on validation backgrounds.
        """
        generator = trained.generator
        device = next(generator.parameters()).device
        count = self.data.metagenes.shape[1]
        turned = torch.cat((torch.eye(count), -torch.eye(count))) * EFFECT_Z
        code = generator.encode(turned.to(device))
        dz = torch.zeros(len(turned), device=device)
        total: dict[str, list[npt.NDArray[Any]]] = {a: [] for a in ATTRIBUTES}
        for draw in range(EFFECT_BACKGROUNDS):
            rng = torch.Generator().manual_seed(draw)
            free = int(torch.randint(len(self.data.backgrounds), (1,), generator=rng))
            background = self.data.backgrounds[free : free + 1].to(device)
            one = scaled_noise(draw_noise(generator.config, [rng], device), trained.noise_scale)
            noise = Noise(
                one.z.expand(len(turned), -1),
                tuple(m.expand(len(turned), *m.shape[1:]) for m in one.maps),
            )
            out = generator(background.expand(len(turned), -1, -1, -1), code, dz, noise)
            for name, values in self._measure(out.image.cpu(), out.mask_logits.cpu()).items():
                total[name].append((values[:count] - values[count:]) / (2 * EFFECT_Z))
        slopes = [_mean_known(np.stack(total[a])) / self.spread[a] for a in ATTRIBUTES]
        return np.stack(slopes, axis=1).astype(np.float32)

    def _measure(self, image: Tensor, logits: Tensor) -> dict[str, npt.NDArray[Any]]:
        hu = unit_to_hu(image[:, 0].numpy(), self.store.hu_range)
        masks = (logits[:, 0] > 0).numpy()
        masks[masks.sum(axis=(1, 2)) < self.least_area_px] = False
        rows = [slice_attributes(i, m, self.store.pixel_mm) for i, m in zip(hu, masks, strict=True)]
        return {a: np.array([r[a] for r in rows]) for a in ATTRIBUTES}


def _largest(data: SliceSet, subject: int) -> Tensor:
    """Return the row of a subject's largest slice."""
    area = data.mask.flatten(1).sum(dim=1)
    return torch.where(data.subject == subject, area, -1.0).argmax()


def _mean_known(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Average (D, K) over draws, lost nodules left out; 0 where all are lost."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=0)
    return np.asarray(total / np.maximum(known.sum(axis=0), 1))


def _correlation(values: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    known = np.isfinite(values)
    if known.sum() < 3 or np.ptp(values[known]) == 0:
        return 0.0
    lost = float((~known).mean())
    return float(spearmanr(values[known], truth[known]).statistic) * max(0.0, 1 - 4 * lost)
