"""What an evaluation of control found, and the JSON that says so."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from napari_radiogen.analysis.retrieval import Retrieval
from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.evaluation.resemblance import MEMORISATION_ALARM
from napari_radiogen.evaluation.sweeps import SweepReport

Interval = tuple[float, float]


@dataclass(frozen=True)
class Control:
    """How an attribute follows the true one across test subjects.

    Parameters
    ----------
    spearman
        Median over draws of the correlation across subjects in one draw.
    spearman_mean
        Of the means of each subject's draws.
    ci95
        Of ``spearman``, patients resampled.
    """

    spearman: float
    spearman_mean: float
    ci95: Interval


@dataclass(frozen=True)
class AttributeFidelity:
    """Control of one attribute with the true genes.

    Parameters
    ----------
    control
        The correlations.
    r2, slope
        Of the line of measured (mean over draws) on true values.
    ceiling
        Test R² of a ridge regression from the cohort's metagenes.
    ceiling_of_factor
        What the cohort's ``truth.json`` says of the same for the planted
        factor behind the attribute, on the factor's scale; None without one.
    gene_share
        Share of the measured variance that subjects explain over draws, of
        subjects without an empty mask.
    bias
        Mean of measured - true, in the attribute's unit.
    """

    control: Control
    r2: float
    slope: float
    ceiling: float
    ceiling_of_factor: float | None
    gene_share: float
    bias: float


@dataclass(frozen=True)
class MeasuringCheck:
    """The measuring network on the real central slices of the same subjects."""

    name: str
    digest: str
    dice: float
    dice_ci95: Interval
    bias: dict[str, float]
    spearman: dict[str, float]
    empty_masks: int


@dataclass(frozen=True)
class PermutedRun:
    """A model trained on permuted genes, given the true ones."""

    name: str
    digest: str
    spearman: dict[str, float]
    empty_masks: int


@dataclass(frozen=True)
class ControlReport:
    """Everything that ``radiogen evaluate control`` reports."""

    model: str
    digest: str
    cohort: str
    cohort_kind: str
    cohort_digest: str
    seed: int
    attributes: dict[str, AttributeFidelity]
    permuted: tuple[PermutedRun, ...]
    mean_genes: dict[str, Control]
    leakage: float
    background_psnr_db: float
    composite_exact: bool
    diversity: float
    mask_dice: float
    retrieval: Retrieval
    memorisation: float
    sweeps: SweepReport
    repeat_difference_hu: float
    measuring_unet: MeasuringCheck
    empty_masks: dict[str, int]
    subjects: int
    patients: int
    draws: int
    warnings: tuple[str, ...]

    def null(self, name: str) -> tuple[float, float]:
        """Return mean and largest |spearman| of an attribute over permuted models."""
        values = [run.spearman[name] for run in self.permuted]
        if not values:
            return float("nan"), float("nan")
        return sum(values) / len(values), max(abs(value) for value in values)

    def above_null(self, name: str) -> bool | None:
        """Whether the lower bound lies above every permuted model; None without any."""
        if not self.permuted:
            return None
        return self.attributes[name].control.ci95[0] > self.null(name)[1]

    def to_json(self) -> dict[str, Any]:
        """Return plain values; infinity and NaN stay for the writer to turn into null."""
        nulls = {
            name: dict(zip(("mean", "max_abs"), self.null(name), strict=True))
            for name in ATTRIBUTES
        }
        return {
            "model": {"name": self.model, "sha256": self.digest},
            "cohort": {
                "name": self.cohort,
                "kind": self.cohort_kind,
                "digest": self.cohort_digest,
            },
            "seed": self.seed,
            "attributes": {name: self._attribute(name) for name in ATTRIBUTES},
            "permuted": {
                "runs": len(self.permuted),
                **nulls,
                "models": [asdict(run) for run in self.permuted],
            },
            "mean_genes": {name: asdict(self.mean_genes[name]) for name in ATTRIBUTES},
            "leakage": self.leakage,
            "background_psnr_db": self.background_psnr_db,
            "composite_exact": self.composite_exact,
            "diversity": self.diversity,
            "mask_dice": self.mask_dice,
            "retrieval_top1": self.retrieval.top1,
            "retrieval": asdict(self.retrieval),
            "memorisation": self.memorisation,
            "memorisation_alarm": self.memorisation < MEMORISATION_ALARM,
            "monotonicity": dict(self.sweeps.monotonicity),
            "slope_cosine": dict(self.sweeps.slope_cosine),
            "slope_reference": self.sweeps.reference,
            "repeat_difference_hu": self.repeat_difference_hu,
            "measuring_unet": asdict(self.measuring_unet),
            "empty_masks": self.empty_masks,
            "subjects": self.subjects,
            "patients": self.patients,
            "draws": self.draws,
            "warnings": list(self.warnings),
        }

    def _attribute(self, name: str) -> dict[str, Any]:
        fidelity = asdict(self.attributes[name])
        control = fidelity.pop("control")
        return {**control, **fidelity, "above_null": self.above_null(name)}
