"""What an export needs, frozen so that a job can take its time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_radiogen.domain import CTVolume, LabelVolume, SynthesisResult
from napari_radiogen.session.ports import Generator
from napari_radiogen.session.reference import Reference
from napari_radiogen.session.state import NoduleIntent


@dataclass(frozen=True, eq=False)
class Exportable:
    """One finished nodule with all that describes it, frozen for a job.

    Parameters
    ----------
    nodules
        All nodules of the scan in their order, this one included, each with
        its intent; empty when it is the only one.
    """

    scan: CTVolume
    scan_path: Path | None
    result: SynthesisResult
    intent: NoduleIntent
    generator: Generator
    reference: Reference
    tumours: LabelVolume | None = None
    nodules: tuple[tuple[SynthesisResult, NoduleIntent], ...] = ()

    @property
    def all_nodules(self) -> tuple[tuple[SynthesisResult, NoduleIntent], ...]:
        """Every nodule of the scan with its intent, at least this one."""
        return self.nodules or ((self.result, self.intent),)
