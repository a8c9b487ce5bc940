"""Training of the multi-conditional GAN in plus mode (METHODS 1.4)."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from napari_radiogen.genomics.components import fit_components
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.losses import (
    background_l1,
    discriminator_loss,
    gene_sparsity,
    generator_loss,
    reconstruction,
    shape_variety,
)
from napari_radiogen.models.mcgan import Discriminator, Generator, Noise, draw_noise
from napari_radiogen.trainers.gene_regressor import AuxiliaryTarget, train_regressor
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_judge import Judge, TrainedGenerator, choose_use
from napari_radiogen.trainers.run import Clock, Progress, RunFolder
from napari_radiogen.trainers.slices import Batch, SliceSet, draw_batch, slice_set, symmetry

#: Largest shift of images that the discriminator sees, pixels.
SHIFT_PX = 4


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
    components = torch.from_numpy(fit_components(train.metagenes.numpy(), train.attributes.numpy()))
    auxiliary = train_regressor(train, validation, components, config, progress)
    auxiliary = auxiliary.to(fabric.device)
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


class _Trainer:
    """Networks, optimisers and one step of each."""

    def __init__(
        self, data: SliceSet, config: MCGANTraining, auxiliary: AuxiliaryTarget, fabric: Fabric
    ) -> None:
        self.data, self.config, self.auxiliary, self.fabric = data, config, auxiliary, fabric
        self.steps = 0
        self.rng = torch.Generator().manual_seed(config.seed + 1)
        generator, discriminator = Generator(config.network), Discriminator(config.network)
        start = generator.gene_encoder.start_from(auxiliary.components.cpu())
        discriminator.gene_encoder.start_from(auxiliary.components.cpu())
        self.start = fabric.to_device(start)
        self.average = copy.deepcopy(generator).eval().requires_grad_(False)
        fabric.to_device(self.average)
        betas = config.betas
        g = torch.optim.Adam(generator.parameters(), config.generator_lr, betas=betas)
        d = torch.optim.Adam(discriminator.parameters(), config.discriminator_lr, betas=betas)
        self.schedules = [
            CosineAnnealingLR(o, config.steps, rate * config.last_rate)
            for o, rate in ((g, config.generator_lr), (d, config.discriminator_lr))
        ]
        self.generator, self.g_optimiser = fabric.setup(generator, g)
        self.discriminator, self.d_optimiser = fabric.setup(discriminator, d)
        self.generator.mark_forward_method("encode")

    def step(self, *, adversarial: bool) -> dict[str, float]:
        """Take one step of D and G; the warm start reconstructs only."""
        batch = draw_batch(self.data, self.config.batch, self.config.gene_jitter, self.rng)
        batch = Batch(**{k: self.fabric.to_device(v) for k, v in vars(batch).items()})
        losses = {"discriminator": 0.0}
        terms = {"reconstruction": self.config.reconstruction * self._reconstruction(batch)}
        sparsity = gene_sparsity(self.generator.gene_encoder.layers[0].weight, self.start)
        terms["sparsity"] = self.config.gene_sparsity * sparsity
        if adversarial:
            terms |= self._adversarial(batch, losses)
        total = torch.stack(list(terms.values())).sum()
        self.g_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(total)
        self.fabric.clip_gradients(self.generator, self.g_optimiser, max_norm=5.0)
        self.g_optimiser.step()
        self._update_average()
        for schedule in self.schedules:
            schedule.step()
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
