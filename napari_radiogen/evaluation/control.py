"""The protocol of control fidelity: do genes steer what is painted?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from napari_radiogen.analysis.fidelity import mean_psnr
from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.errors import ModelError
from napari_radiogen.evaluation.diversity import diversity
from napari_radiogen.evaluation.interfaces import MeasuringNetwork, NoduleGenerator, Progress
from napari_radiogen.evaluation.measurement import Trial, measure_draws
from napari_radiogen.evaluation.plan import (
    DrawPlan,
    plan_draws,
    require_fit,
    require_unseen,
    subject_metagenes,
)
from napari_radiogen.evaluation.report import ControlReport
from napari_radiogen.evaluation.resemblance import memorisation, own_patient
from napari_radiogen.evaluation.scoring import check_measuring, control, fidelity, permuted_run
from napari_radiogen.evaluation.settings import ControlSettings
from napari_radiogen.evaluation.swaps import gene_leakage, repeatability
from napari_radiogen.evaluation.sweeps import MOST_SWEPT, POSITIONS, sweep
from napari_radiogen.io.cohort_store import CohortStore


def evaluate_control(
    generator: NoduleGenerator,
    network: MeasuringNetwork,
    cohort: CohortStore,
    *,
    permuted: Sequence[NoduleGenerator] = (),
    settings: ControlSettings | None = None,
    progress: Progress | None = None,
) -> ControlReport:
    """Judge a generator on a cohort's test subjects.

    Every model is given the same subjects, backgrounds and noise. A slice that
    the measuring network leaves empty counts as the worst value of its draw
    (``analysis.correlation.worst_case``), for every model alike.

    Parameters
    ----------
    generator
        The model that is judged.
    network
        Outlines what was painted; it had no part in training.
    cohort
        Its test split is used, and its training split for the ceiling.
    permuted
        Models trained on permuted genes, given the true ones here.
    settings
        Draws, seed and the rest.
    progress
        Called with the fraction done and what is being done.

    Raises
    ------
    CohortError, ModelError
        When model and cohort do not fit together, or a permuted model is the
        judged one or comes twice.
    """
    settings = settings or ControlSettings()
    _require_distinct(generator, permuted)
    for model in (generator, *permuted):
        require_fit(model, cohort)
    require_unseen(network.name, network.patients, cohort)
    plan = plan_draws(cohort, settings)
    swept = min(len(generator.metagenes.names), MOST_SWEPT)
    sweeps = swept * len(POSITIONS) * settings.sweep_draws
    total = sweeps + _slices_to_paint(plan, settings, len(permuted))
    counter = _Counter(total, progress)
    trial = Trial(cohort, plan, settings, counter.advance)
    with torch.inference_mode():
        return _report(trial, generator, network, permuted, counter)


def _report(
    trial: Trial,
    generator: NoduleGenerator,
    network: MeasuringNetwork,
    permuted: Sequence[NoduleGenerator],
    counter: _Counter,
) -> ControlReport:
    cohort, plan, settings = trial.cohort, trial.plan, trial.settings
    counter.message = "measuring network on real slices"
    check = check_measuring(trial, network)
    genes = subject_metagenes(cohort, generator.metagenes, plan.subjects)
    counter.message = "true genes"
    own = measure_draws(trial, generator, network, genes)
    counter.message = "mean genes"
    mean = measure_draws(trial, generator, network, np.zeros_like(genes))
    runs = []
    for model in permuted:
        counter.message = model.name
        runs.append(permuted_run(trial, model, network))
    counter.message = "sweeps"
    swept = sweep(trial, generator, network)
    counter.message = "leakage, diversity and memorisation"
    return ControlReport(
        model=generator.name,
        digest=generator.digest,
        cohort=cohort.name,
        cohort_kind=cohort.kind,
        cohort_digest=cohort.digest,
        seed=settings.seed,
        attributes={name: fidelity(trial, generator, own, name) for name in ATTRIBUTES},
        permuted=tuple(runs),
        mean_genes={name: control(trial, mean.values[name], name) for name in ATTRIBUTES},
        leakage=gene_leakage(trial, generator, genes),
        background_psnr_db=mean_psnr(own.psnr_db.ravel()),
        composite_exact=own.exact and mean.exact,
        diversity=diversity(trial, generator, genes),
        mask_dice=float(own.mask_dice.mean()),
        retrieval=own_patient(trial, own),
        memorisation=memorisation(trial, generator, genes),
        sweeps=swept,
        repeat_difference_hu=repeatability(trial, generator, genes),
        measuring_unet=check,
        empty_masks={"true_genes": own.empty, "mean_genes": mean.empty},
        subjects=len(plan.subjects),
        patients=len(set(plan.patients)),
        draws=settings.draws,
        warnings=protocol_warnings(plan, settings, len(permuted)),
    )


def protocol_warnings(plan: DrawPlan, settings: ControlSettings, permuted: int) -> tuple[str, ...]:
    """Say in which respects an evaluation falls short of the protocol."""
    found = (
        ("test subjects", len(plan.subjects), settings.minimum_subjects),
        ("test patients", len(set(plan.patients)), settings.minimum_patients),
        ("draws", settings.draws, settings.minimum_draws),
        ("models trained on permuted genes", permuted, settings.minimum_permuted),
    )
    return tuple(
        f"not to protocol: {count} {what}, expected at least {least}"
        for what, count, least in found
        if count < least
    )


def _require_distinct(generator: NoduleGenerator, permuted: Sequence[NoduleGenerator]) -> None:
    seen = {generator.digest}
    for model in permuted:
        if model.digest in seen:
            raise ModelError("is given twice; a null needs models of its own", subject=model.name)
        seen.add(model.digest)


def _slices_to_paint(plan: DrawPlan, settings: ControlSettings, permuted: int) -> int:
    per_subject = 1 + settings.draws * (2 + permuted) + settings.diversity_draws
    return len(plan.subjects) * (per_subject + 2 * min(settings.leakage_draws, settings.draws))


class _Counter:
    """Turns painted slices into a fraction for whoever watches."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total = total
        self.painted = 0
        self.progress = progress
        self.message = ""

    def advance(self, count: int) -> None:
        self.painted += count
        if self.progress is not None:
            self.progress(min(1.0, self.painted / self.total), self.message)
