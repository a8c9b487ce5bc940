"""Where a result came from, so that it can be made again."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from typing import Any

from napari_radiogen import __version__


@dataclass(frozen=True)
class Provenance:
    """Digests, seed and versions behind a result.

    Parameters
    ----------
    weights_digest
        sha256 of the model file.
    model, cohort
        Their names; ``cohort`` says planted, phantom, surrogate or real.
    seed
        Of the noise.
    versions
        Package name to version.
    """

    weights_digest: str
    model: str
    cohort: str
    seed: int
    versions: dict[str, str] = field(
        default_factory=lambda: {
            "napari-radiogen": __version__,
            "python": platform.python_version(),
        }
    )

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)
