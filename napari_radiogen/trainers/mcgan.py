"""Training of the multi-conditional GAN in plus mode (METHODS 1.4)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.optim.lr_scheduler import CosineAnnealingLR

from napari_radiogen.genomics.components import fit_components
from napari_radiogen.io.cohort_store import CohortStore
from napari_radiogen.models.losses import (
    background_l1,
    dice_loss,
    discriminator_loss,
    gene_sparsity,
    generator_loss,
    reconstruction,
    shape_variety,
)
from napari_radiogen.models.mcgan import Discriminator, Generator, Noise, draw_noise
from napari_radiogen.trainers import loop
from napari_radiogen.trainers.agreement import fit_agreements
from napari_radiogen.trainers.devices import make_fabric, share, update_average
from napari_radiogen.trainers.gene_regressor import train_regressor
from napari_radiogen.trainers.mcgan_config import MCGANTraining
from napari_radiogen.trainers.mcgan_depth import closing_radii
from napari_radiogen.trainers.mcgan_judge import Judge, TrainedGenerator, choose_use
from napari_radiogen.trainers.run import Progress, RunFolder, RunOptions, use_threads
from napari_radiogen.trainers.segmenter import train_segmenter
from napari_radiogen.trainers.slices import Batch, augment, central_rows, draw_batch, slice_set
from napari_radiogen.trainers.system import System

if TYPE_CHECKING:
    from lightning.fabric import Fabric


def train_mcgan(
    store: CohortStore,
    metagenes: npt.NDArray[np.float32],
    config: MCGANTraining,
    run: RunFolder,
    *,
    options: RunOptions | None = None,
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
        Where log, sheets and checkpoints go.
    options
        Resume, threads and consent to a long run.

    Raises
    ------
    Cancelled
        When the person asked to stop.
    """
    if options is not None and options.threads is not None:
        # Before the auxiliary is trained: other threads, other bits.
        use_threads(options.threads)
    fabric = make_fabric(config)
    resumed = run.resume and run.checkpoint.is_file()
    system = MCGANSystem(store, metagenes, config, fabric, fitted=not resumed, progress=progress)
    result = loop.train(
        system,
        config,
        fabric,
        run=run,
        options=options,
        progress=progress,
        cancelled=cancelled,
    )
    best = copy.deepcopy(system.average).cpu()
    best.load_state_dict(result.weights)
    trained = TrainedGenerator(best, result.step, result.scores, result.minutes)
    trained = replace(trained, first_process=fabric.is_global_zero)
    if not trained.first_process:
        return trained
    chosen = choose_use(trained, system.judge)
    radii = closing_radii(chosen.generator, system.judge.data, store.pixel_mm)
    return replace(chosen, effects=system.judge.effects(chosen), closing_radii=radii)


class MCGANSystem(System):
    """Generator, its average, discriminator and the auxiliary; one step of each.

    Parameters
    ----------
    fitted
        Train the auxiliary; False where a checkpoint is about to restore it.
    """

    def __init__(
        self,
        store: CohortStore,
        metagenes: npt.NDArray[np.float32],
        config: MCGANTraining,
        fabric: Fabric,
        *,
        fitted: bool = True,
        progress: Progress | None = None,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.fabric = config, fabric
        self.data = slice_set(store, "train", metagenes, config.permute)
        validation = slice_set(store, "validation", metagenes, config.permute)
        self.judge = Judge(validation, store)
        components = torch.from_numpy(
            fit_components(self.data.metagenes.numpy(), self.data.attributes.numpy())
        )
        agreement = None
        if config.agreement:
            agreement = fit_agreements(
                self.data, validation, components, store.hu_range, store.pixel_mm
            )
        self.move = None if agreement is None else agreement[0].move
        steps = config.regressor_steps if fitted else 0
        auxiliary = train_regressor(
            self.data, validation, components, config, steps, progress, agreement
        )
        self.auxiliary = auxiliary.to(fabric.device)
        self.rng = torch.Generator().manual_seed(config.seed + 1)
        self._build(config, fabric)
        self.networks = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
            "auxiliary": self.auxiliary.network,
        }
        self.optimisers = {"generator": self.g_optimiser, "discriminator": self.d_optimiser}
        self.random = {"batches": self.rng}
        if config.outline:
            steps = config.segmenter_steps if fitted else 0
            segmenter = train_segmenter(self.data, steps, config.seed + 3, progress)
            self.networks["segmenter"] = self.segmenter = segmenter.to(fabric.device)

    def _build(self, config: MCGANTraining, fabric: Fabric) -> None:
        generator, discriminator = Generator(config.network), Discriminator(config.network)
        start = generator.gene_encoder.start_from(self.auxiliary.components.cpu())
        discriminator.gene_encoder.start_from(self.auxiliary.components.cpu())
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

    def draw(self) -> Batch:
        """Return the next whole batch."""
        c = self.config
        return draw_batch(self.data, c.batch, c.gene_jitter, self.rng, move=self.move)

    def step(self, batch: Batch, step: int, minutes: float) -> dict[str, float]:
        """Take one step of D and G; the warm start reconstructs only."""
        return self._step(batch, step - self.config.warm_steps + 1)

    def candidate(self) -> Generator:
        """Return the average of the generator's weights."""
        return self.average

    def may_keep(self, step: int) -> bool:
        """Keep nothing of the warm start."""
        return step > self.config.warm_steps

    def validate(self) -> dict[str, float]:
        """Ask how well validation genes show in the average's own masks."""
        return self.judge.scores(self.average)

    def sheet(self) -> npt.NDArray[np.uint8]:
        """Show validation slices, backgrounds, and what is painted into them."""
        return self.judge.sheet(self.average)

    def memory(self) -> dict[str, Tensor]:
        """Return how well the auxiliary knows each component, and how far the rates fell."""
        return {
            "r2": self.auxiliary.r2,
            "fallen": torch.tensor([s.last_epoch for s in self.schedules]),
        }

    def recall(self, memory: dict[str, Tensor]) -> None:
        """Take that back."""
        self.auxiliary.r2.copy_(memory["r2"])
        for schedule, count in zip(self.schedules, memory["fallen"].tolist(), strict=True):
            schedule.last_epoch = count

    def _step(self, batch: Batch, adversarial: int) -> dict[str, float]:
        """Take a step; ``adversarial`` counts those after the warm start, from 1."""
        local = Batch(**{k: share(self.fabric, v) for k, v in vars(batch).items()})
        losses = {"generator": 0.0, "discriminator": 0.0}
        terms = {"reconstruction": self.config.reconstruction * self._reconstruction(local)}
        sparsity = gene_sparsity(self.generator.gene_encoder.layers[0].weight, self.start)
        terms["sparsity"] = self.config.gene_sparsity * sparsity
        if adversarial > 0:
            terms |= self._adversarial(batch, local, losses, adversarial)
        total = torch.stack(list(terms.values())).sum()
        self.g_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(total)
        self.fabric.clip_gradients(self.generator, self.g_optimiser, max_norm=5.0)
        self.g_optimiser.step()
        update_average(self.average, self.generator, self.config.ema)
        for schedule in self.schedules:
            schedule.step()
        return losses | {"generator": total.item()} | {k: v.item() for k, v in terms.items()}

    def _reconstruction(self, batch: Batch) -> Tensor:
        code = self.generator.encode(batch.metagenes)
        noise = self._noise(self.config.batch)
        out = self.generator(batch.paired, code, batch.dz_mm, noise)
        return reconstruction(out.image, out.mask_logits, batch.image, batch.mask)

    def _adversarial(
        self, batch: Batch, local: Batch, losses: dict[str, float], count: int
    ) -> dict[str, Tensor]:
        half = self.config.batch // 2
        genes, dz, background = (
            share(self.fabric, torch.cat((t[:half], t[:half])))
            for t in (batch.metagenes, batch.dz_mm, batch.backgrounds)
        )
        dz[central_rows(len(dz), self.config.central)] = 0
        noise = self._noise(2 * half)
        out = self.generator(background, self.generator.encode(genes), dz, noise)
        mask = torch.sigmoid(out.mask_logits)
        losses["discriminator"] = self._discriminate(local, (out.image, mask, genes, dz), count)
        seen_image, seen_mask = augment(out.image, mask, rng=self.rng)
        verdict = self.discriminator(seen_image, seen_mask, genes, dz)
        c = self.config
        terms = {
            "adversarial": generator_loss(verdict),
            "background": c.background * background_l1(out.image, background, mask),
            "auxiliary": c.auxiliary * self.auxiliary.loss(out.image, mask, dz, genes),
            "variety": c.variety * shape_variety(mask),
        }
        if c.outline:
            # No gradient: a generator learns to please a frozen network.
            with torch.no_grad():
                seen = torch.sigmoid(self.segmenter(out.image))
            terms["outline"] = c.outline * dice_loss(mask, seen)
        return terms

    def _discriminate(
        self, batch: Batch, painted: tuple[Tensor, Tensor, Tensor, Tensor], count: int
    ) -> float:
        d, rng = self.discriminator, self.rng
        image, mask, genes, dz = painted
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
        if self.config.r1 > 0 and count % self.config.r1_every == 0:
            penalty = self._r1(real_image, real_mask, batch.metagenes, batch.dz_mm)
            loss = loss + self.config.r1 * self.config.r1_every / 2 * penalty
        self.d_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.d_optimiser.step()
        return float(loss.item())

    def _r1(self, image: Tensor, mask: Tensor, genes: Tensor, dz: Tensor) -> Tensor:
        """Mean squared gradient of the verdicts on real slices (Mescheder 2018)."""
        image = image.detach().requires_grad_()
        # Fabric's wrapper forbids a gradient of its own in half precision.
        with torch.autocast(image.device.type, enabled=False):
            verdict = self.discriminator.module(image, mask, genes, dz)
        total = sum((score.sum() for score in verdict), torch.zeros((), device=image.device))
        (gradient,) = torch.autograd.grad(total, image, create_graph=True)
        return (gradient**2).flatten(1).sum(dim=1).mean()

    def _noise(self, count: int) -> Noise:
        """Draw the noise of a whole batch and keep this process's share."""
        whole = draw_noise(self.config.network, [self.rng] * count)
        return Noise(share(self.fabric, whole.z), tuple(share(self.fabric, m) for m in whole.maps))
