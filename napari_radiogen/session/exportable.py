"""What an export needs, frozen so that a job can take its time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_radiogen.domain import CTVolume, LabelVolume, SynthesisResult
from napari_radiogen.session.ports import Generator
from napari_radiogen.session.reference import Reference
from napari_radiogen.session.state import Intent


@dataclass(frozen=True, eq=False)
class Exportable:
    """One finished nodule with all that describes it, frozen for a job."""

    scan: CTVolume
    scan_path: Path | None
    result: SynthesisResult
    intent: Intent
    generator: Generator
    reference: Reference
    tumours: LabelVolume | None = None
