"""Can synthetic nodules be told from real ones, by a network or by radiomics?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import wasserstein_distance
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from torch import Tensor, nn
from torch.nn import functional as F

from napari_radiogen.analysis.bootstrap import cluster_bootstrap
from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.interfaces import FloatArray, MeasuringNetwork, NoduleGenerator
from napari_radiogen.evaluation.measurement import Canvas, to_unit
from napari_radiogen.evaluation.plan import (
    DrawPlan,
    plan_draws,
    require_fit,
    subject_metagenes,
)
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.evaluation.wholeness import Wholeness, evaluate_wholeness
from napari_radiogen.imaging.radiomics import slice_radiomics
from napari_radiogen.io.cohort_store import CohortStore

FOLDS = 5
#: Passes of the classifier over its training slices.
EPOCHS = 30
#: The classifier looks at the middle of the patch, pixels.
SEEN_PX = 48


@dataclass(frozen=True, eq=False)
class Sheet:
    """Central slices of test subjects, real and synthetic, row i of one subject.

    Parameters
    ----------
    real, synthetic
        (N, H, W) HU.
    real_masks, synthetic_masks
        (N, H, W) outlines by the measuring network on both sides alike.
    patients
        (N,).
    """

    real: FloatArray
    synthetic: FloatArray
    real_masks: npt.NDArray[np.bool_]
    synthetic_masks: npt.NDArray[np.bool_]
    patients: tuple[str, ...]


@dataclass(frozen=True)
class RealismReport:
    """How far synthetic nodules can be told from real ones.

    Parameters
    ----------
    auc, ci95
        Of a small network in cross-validation by patient, 0.5 when it cannot
        tell; patients resampled.
    radiomics
        Feature to the Wasserstein distance between synthetic and real, in
        standard deviations of the real ones.
    radiomics_chance
        The same between two random halves of the real nodules.
    wholeness
        Whether slices make one nodule.
    """

    model: str
    cohort: str
    cohort_kind: str
    subjects: int
    patients: int
    auc: float
    ci95: tuple[float, float]
    radiomics: dict[str, float]
    radiomics_chance: dict[str, float]
    wholeness: Wholeness


def radiomics_csv(report: RealismReport) -> str:
    """Return ``feature,distance,chance`` lines, distances in SD of the real nodules."""
    lines = [f"{k},{v:.4f},{report.radiomics_chance[k]:.4f}" for k, v in report.radiomics.items()]
    return "\n".join(["feature,distance,chance", *lines, ""])


def lay_out(
    generator: NoduleGenerator, network: MeasuringNetwork, cohort: CohortStore, seed: int = 0
) -> Sheet:
    """Paint one nodule for each test subject beside its real one.

    Raises
    ------
    CohortError, ModelError
        When model and cohort do not fit together.
    """
    require_fit(generator, cohort)
    plan = one_draw(cohort, seed)
    canvas = Canvas(
        cohort, plan.backgrounds[0], np.arange(len(plan.subjects)), plan.noise[0], batch=64
    )
    genes = subject_metagenes(cohort, generator.metagenes, plan.subjects)
    with torch.inference_mode():
        parts = [p.composed_hu for _, _, p in canvas.paint(generator, genes, lambda _: None)]
    real = cohort.image[plan.central].astype(np.float32)
    made = np.concatenate(parts).astype(np.float32)
    mm = cohort.pixel_mm
    return Sheet(real, made, network.masks(real, mm), network.masks(made, mm), plan.patients)


def one_draw(cohort: CohortStore, seed: int) -> DrawPlan:
    """Plan one background and one noise for each test subject."""
    return plan_draws(cohort, ControlSettings(draws=1, seed=seed))


def evaluate_realism(
    generator: NoduleGenerator, network: MeasuringNetwork, cohort: CohortStore, *, seed: int = 0
) -> tuple[RealismReport, Sheet]:
    """Judge how real the nodules of test subjects look.

    Raises
    ------
    CohortError, ModelError
        When model and cohort do not fit together, or the model paints no nodule.
    """
    sheet = lay_out(generator, network, cohort, seed)
    if not sheet.synthetic_masks.any():
        raise ModelError(
            f"the measuring network finds no nodule in {len(sheet.patients)} painted slices; "
            "there is nothing to compare",
            generator.name,
        )
    scores, labels, owners = tell_apart(sheet, cohort.hu_range, seed)
    interval = cluster_bootstrap(
        owners,
        lambda rows: float(roc_auc_score(labels[rows], scores[rows])),
        resamples=1000,
        rng=np.random.default_rng(seed),
    )
    real = features(sheet.real, sheet.real_masks, cohort.pixel_mm)
    made = features(sheet.synthetic, sheet.synthetic_masks, cohort.pixel_mm)
    order = np.random.default_rng(seed).permutation(len(next(iter(real.values()))))
    first, second = np.array_split(order, 2)
    report = RealismReport(
        model=generator.name,
        cohort=cohort.name,
        cohort_kind=cohort.kind,
        subjects=len(sheet.patients),
        patients=len(set(sheet.patients)),
        auc=float(roc_auc_score(labels, scores)),
        ci95=interval,
        radiomics={k: _distance(made[k], real[k], real[k]) for k in real},
        radiomics_chance={k: _distance(v[first], v[second], v) for k, v in real.items()},
        wholeness=evaluate_wholeness(generator, cohort, one_draw(cohort, seed)),
    )
    return report, sheet


def tell_apart(
    sheet: Sheet, hu_range: tuple[float, float], seed: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], tuple[str, ...]]:
    """Train a classifier in folds by patient and score the slices it has not seen.

    Returns
    -------
    scores, labels, patients
        (2N,) each; label 1 is synthetic.
    """
    images = np.concatenate([sheet.real, sheet.synthetic])
    labels = np.repeat([0, 1], len(sheet.real))
    owners = sheet.patients * 2
    margin = (images.shape[-1] - SEEN_PX) // 2
    seen = to_unit(images, hu_range)[:, margin : margin + SEEN_PX, margin : margin + SEEN_PX]
    x = torch.from_numpy(np.ascontiguousarray(seen))[:, None] * 2 - 1
    scores = np.zeros(len(labels))
    folds = GroupKFold(min(FOLDS, len(set(owners))), shuffle=True, random_state=seed)
    for train, test in folds.split(images, labels, owners):
        y = torch.from_numpy(labels[train].astype(np.float32))
        network = _fit(x[train], y, seed)
        with torch.inference_mode():
            scores[test] = network(x[test])[:, 0].numpy()
    return scores, labels, owners


def features(
    images: FloatArray, masks: npt.NDArray[np.bool_], pixel_mm: float
) -> dict[str, npt.NDArray[np.float64]]:
    """Return feature to values of the slices (N, H, W) whose masks are not empty."""
    rows = [slice_radiomics(i, m, pixel_mm) for i, m in zip(images, masks, strict=True) if m.any()]
    return {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else {})}


def _fit(x: Tensor, y: Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    network = _classifier()
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    rng = torch.Generator().manual_seed(seed)
    for _ in range(EPOCHS):
        for rows in torch.split(torch.randperm(len(x), generator=rng), 32):
            if len(rows) < 2:
                continue
            turn = int(torch.randint(8, (1,), generator=rng))
            view = torch.rot90(x[rows], turn % 4, (-2, -1))
            view = view.flip(-1) if turn >= 4 else view
            loss = F.binary_cross_entropy_with_logits(network(view)[:, 0], y[rows])
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimiser.step()
    return network.eval()


def _classifier() -> nn.Module:
    layers: list[nn.Module] = []
    for a, b in ((1, 16), (16, 32), (32, 64), (64, 64)):
        layers += [nn.Conv2d(a, b, 3, 2, 1), nn.BatchNorm2d(b), nn.LeakyReLU(0.1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 1))


def _distance(a: npt.NDArray[Any], b: npt.NDArray[Any], scale: npt.NDArray[Any]) -> float:
    return float(wasserstein_distance(a, b) / max(float(scale.std()), 1e-9))
