"""Training of the multi-conditional GAN in plus mode (METHODS 1.4)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from lightning.fabric import Fabric
from scipy.stats import spearmanr
from torch import Tensor, nn

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.imaging.attributes import slice_attributes
from napari_radiogen.imaging.windows import unit_to_hu
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.losses import (
    background_l1,
    discriminator_loss,
    gene_sparsity,
    generator_loss,
    reconstruction,
    shape_variety,
)
from napari_radiogen.models.mcgan import Discriminator, Generator, Noise, draw_noise, scaled_noise
from napari_radiogen.trainers.gene_regressor import AuxiliaryTarget, train_regressor
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.run import Clock, Progress, RunFolder
from napari_radiogen.trainers.slices import Batch, SliceSet, draw_batch, slice_set, symmetry

#: Noise draws per validation subject when a checkpoint is judged.
VALIDATION_DRAWS = 8
#: Gains on metagene z-scores and scales of noise that are tried after training.
GENE_GAINS = (1.0, 1.15, 1.3, 1.45, 1.6)
NOISE_SCALES = (1.0, 0.5)
#: Scores closer than this are alike: the standard error of a mean of three
#: Fisher z of some 40 subjects is about 0.1.
SCORES_ALIKE = 0.02
#: Largest shift of images that the discriminator sees, pixels.
SHIFT_PX = 4


@dataclass(frozen=True, eq=False)
class TrainedGenerator:
    """The generator of the best validation score, and how it got there.

    ``gene_gain`` and ``noise_scale`` are how it is to be used: see
    :func:`choose_use`.
    """

    generator: Generator
    step: int
    validation: dict[str, float]
    minutes: float
    gene_gain: float = 1.0
    noise_scale: float = 1.0


def train_mcgan(
    store: CohortStore,
    metagenes: npt.NDArray[np.float32],
    config: MCGANTraining,
    run: RunFolder,
    *,
    max_minutes: float | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TrainedGenerator:
    """Train and return the generator that follows validation genes best.

    Parameters
    ----------
    store
        The cohort; only its training and validation patients are read.
    metagenes
        (subjects, K) z-scores of a fit on training patients.
    config
        Everything that decides the run.
    run
        Where the log goes.
    max_minutes
        Stop early after this long.

    Raises
    ------
    Cancelled
        When the person asked to stop.
    """
    torch.manual_seed(config.seed)
    train = slice_set(store, "train", metagenes, config.permute)
    validation = slice_set(store, "validation", metagenes, config.permute)
    fabric = Fabric(accelerator="auto", devices=1)
    auxiliary = train_regressor(train, validation, config, progress).to(fabric.device)
    trainer = _Trainer(train, config, auxiliary, fabric)
    judge = Judge(validation, store)
    clock = Clock(config.steps, max_minutes, progress, cancelled)
    best: TrainedGenerator | None = None
    step = 0
    while True:
        losses = trainer.step(adversarial=step >= config.warm_steps)
        step += 1
        last = not clock.goes_on(
            step, f"G {losses['generator']:.2f} D {losses['discriminator']:.2f}"
        )
        if last or step % config.validate_every == 0:
            scores = judge.scores(trainer.average)
            run.log({"step": step, "minutes": clock.minutes, **losses, **scores})
            late = step > config.warm_steps or last
            if late and (best is None or scores["score"] >= best.validation["score"]):
                frozen = copy.deepcopy(trainer.average).cpu()
                best = TrainedGenerator(frozen, step, scores, clock.minutes)
        if last and best is not None:
            return choose_use(best, judge)


def choose_use(trained: TrainedGenerator, judge: Judge) -> TrainedGenerator:
    """Choose gene gain and noise scale on validation patients.

    A generator that minimises an error answers with less spread than the
    truth has; a gain on the metagenes gives the spread back. Of settings that
    score alike the one with the quietest noise is taken, which leaves most of
    the image to the genes. As for checkpoints, only the generator's own masks
    judge.
    """
    tried = [
        replace(
            trained,
            validation=judge.scores(trained.generator, gain, scale),
            gene_gain=gain,
            noise_scale=scale,
        )
        for gain in GENE_GAINS
        for scale in NOISE_SCALES
    ]
    highest = max(t.validation["score"] for t in tried)
    alike = [t for t in tried if t.validation["score"] >= highest - SCORES_ALIKE]
    return min(alike, key=lambda t: (t.noise_scale, -t.validation["score"]))


class _Trainer:
    """Networks, optimisers and one step of each."""

    def __init__(
        self, data: SliceSet, config: MCGANTraining, auxiliary: AuxiliaryTarget, fabric: Fabric
    ) -> None:
        self.data, self.config, self.auxiliary, self.fabric = data, config, auxiliary, fabric
        self.steps = 0
        self.rng = torch.Generator().manual_seed(config.seed + 1)
        generator, discriminator = Generator(config.network), Discriminator(config.network)
        self.average = copy.deepcopy(generator).eval().requires_grad_(False)
        fabric.to_device(self.average)
        betas = config.betas
        g = torch.optim.Adam(generator.parameters(), config.generator_lr, betas=betas)
        d = torch.optim.Adam(discriminator.parameters(), config.discriminator_lr, betas=betas)
        self.generator, self.g_optimiser = fabric.setup(generator, g)
        self.discriminator, self.d_optimiser = fabric.setup(discriminator, d)
        self.generator.mark_forward_method("encode")

    def step(self, *, adversarial: bool) -> dict[str, float]:
        """Take one step of D and G; the warm start reconstructs only."""
        batch = draw_batch(self.data, self.config.batch, self.config.gene_jitter, self.rng)
        batch = Batch(**{k: self.fabric.to_device(v) for k, v in vars(batch).items()})
        losses = {"discriminator": 0.0}
        terms = {"reconstruction": self.config.reconstruction * self._reconstruction(batch)}
        sparsity = gene_sparsity(self.generator.gene_encoder.layers[0].weight)
        terms["sparsity"] = self.config.gene_sparsity * sparsity
        if adversarial:
            terms |= self._adversarial(batch, losses)
        total = torch.stack(list(terms.values())).sum()
        self.g_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(total)
        self.fabric.clip_gradients(self.generator, self.g_optimiser, max_norm=5.0)
        self.g_optimiser.step()
        self._update_average()
        return losses | {"generator": total.item()} | {k: v.item() for k, v in terms.items()}

    def _reconstruction(self, batch: Batch) -> Tensor:
        code = self.generator.encode(batch.metagenes)
        out = self.generator(batch.paired, code, batch.dz_mm, self._noise(len(code)))
        return reconstruction(out.image, out.mask_logits, batch.image, batch.mask)

    def _adversarial(self, batch: Batch, losses: dict[str, float]) -> dict[str, Tensor]:
        half = self.config.batch // 2
        genes, dz, background = (
            torch.cat((t[:half], t[:half]))
            for t in (batch.metagenes, batch.dz_mm, batch.backgrounds)
        )
        noise = self._noise(2 * half)
        out = self.generator(background, self.generator.encode(genes), dz, noise)
        mask = torch.sigmoid(out.mask_logits)
        losses["discriminator"] = self._discriminate(batch, out.image, mask, genes, dz)
        seen_image, seen_mask = augment(out.image, mask, rng=self.rng)
        verdict = self.discriminator(seen_image, seen_mask, genes, dz)
        c = self.config
        return {
            "adversarial": generator_loss(verdict),
            "background": c.background * background_l1(out.image, background, mask),
            "auxiliary": c.auxiliary * self.auxiliary.loss(out.image, mask, dz, genes),
            "variety": c.variety * shape_variety(mask),
        }

    def _discriminate(
        self, batch: Batch, image: Tensor, mask: Tensor, genes: Tensor, dz: Tensor
    ) -> float:
        d, rng = self.discriminator, self.rng
        real_image, real_mask, wrong_mask = augment(
            batch.image, batch.mask, batch.other_mask, rng=rng
        )
        other_image, other_mask = augment(batch.other_image, batch.other_mask, rng=rng)
        fake_image, fake_mask = augment(image.detach(), mask.detach(), rng=rng)
        loss = discriminator_loss(
            real=d(real_image, real_mask, batch.metagenes, batch.dz_mm),
            wrong_pair=d(other_image, other_mask, batch.metagenes, batch.dz_mm),
            wrong_mask=d(real_image, wrong_mask, batch.metagenes, batch.dz_mm),
            fake=d(fake_image, fake_mask, genes, dz),
        )
        self.steps += 1
        if self.config.r1 > 0 and self.steps % self.config.r1_every == 0:
            penalty = self._r1(real_image, real_mask, batch.metagenes, batch.dz_mm)
            loss = loss + self.config.r1 * self.config.r1_every / 2 * penalty
        self.d_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.d_optimiser.step()
        return float(loss.item())

    def _r1(self, image: Tensor, mask: Tensor, genes: Tensor, dz: Tensor) -> Tensor:
        """Mean squared gradient of the verdicts on real slices (Mescheder 2018)."""
        image = image.detach().requires_grad_()
        verdict = self.discriminator(image, mask, genes, dz)
        total = sum((score.sum() for score in verdict), torch.zeros((), device=image.device))
        (gradient,) = torch.autograd.grad(total, image, create_graph=True)
        return (gradient**2).flatten(1).sum(dim=1).mean()

    def _noise(self, count: int) -> Noise:
        return draw_noise(self.config.network, [self.rng] * count, self.fabric.device)

    def _update_average(self) -> None:
        decay = self.config.ema
        source: nn.Module = self.generator.module
        with torch.no_grad():
            pairs = zip(self.average.parameters(), source.parameters(), strict=True)
            for mean, new in pairs:
                mean.lerp_(new, 1 - decay)


def augment(*images: Tensor, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Turn, flip and shift (B, C, H, W) tensors alike; never their intensity.

    Differentiable (DiffAugment, Zhao 2020): intensity is HU, hence signal.
    """
    turn = int(torch.randint(8, (1,), generator=rng))
    dy, dx = (int(v) for v in torch.randint(-SHIFT_PX, SHIFT_PX + 1, (2,), generator=rng))
    return tuple(_shift(symmetry(x, turn), dy, dx) for x in images)


def _shift(x: Tensor, dy: int, dx: int) -> Tensor:
    pad = (max(dx, 0), max(-dx, 0), max(dy, 0), max(-dy, 0))
    padded = torch.nn.functional.pad(x, pad, mode="replicate")
    y0, x0 = max(-dy, 0), max(-dx, 0)
    return padded[..., y0 : y0 + x.shape[-2], x0 : x0 + x.shape[-1]]


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
        self.truth = {
            a: np.array([by_id[i].attributes[a] for i in data.subject_ids]) for a in ATTRIBUTES
        }

    @torch.no_grad()
    def scores(
        self, generator: Generator, gene_gain: float = 1.0, noise_scale: float = 1.0
    ) -> dict[str, float]:
        """Return each attribute's rank correlation, averaged over draws, and their mean z."""
        device = next(generator.parameters()).device
        count = len(self.data.subject_ids)
        code = generator.encode(gene_gain * self.data.metagenes.to(device))
        measured = []
        for draw in range(VALIDATION_DRAWS):
            rng = torch.Generator().manual_seed(draw)
            free = torch.randint(len(self.data.backgrounds), (count,), generator=rng)
            background = self.data.backgrounds[free].to(device)
            noise = scaled_noise(draw_noise(generator.config, [rng] * count, device), noise_scale)
            out = generator(background, code, torch.zeros(count, device=device), noise)
            measured.append(self._measure(out.image.cpu(), out.mask_logits.cpu()))
        result = {
            name: float(np.mean([_correlation(m[name], truth) for m in measured]))
            for name, truth in self.truth.items()
        }
        # Fisher's z has the same noise at any height, so no attribute drowns another.
        result["score"] = float(np.mean(np.arctanh(np.clip(list(result.values()), -0.999, 0.999))))
        return result

    def _measure(self, image: Tensor, logits: Tensor) -> dict[str, npt.NDArray[Any]]:
        hu = unit_to_hu(image[:, 0].numpy(), self.store.hu_range)
        masks = (logits[:, 0] > 0).numpy()
        masks[masks.sum(axis=(1, 2)) < self.least_area_px] = False
        rows = [slice_attributes(i, m, self.store.pixel_mm) for i, m in zip(hu, masks, strict=True)]
        return {a: np.array([r[a] for r in rows]) for a in ATTRIBUTES}


def _correlation(values: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    known = np.isfinite(values)
    if known.sum() < 3 or np.ptp(values[known]) == 0:
        return 0.0
    lost = float((~known).mean())
    return float(spearmanr(values[known], truth[known]).statistic) * max(0.0, 1 - 4 * lost)
