"""Intent: what the person asks for, as one evented dataclass."""

from __future__ import annotations

from dataclasses import dataclass, replace

from psygnal import evented

from napari_radiogen.domain import NoduleSite

#: (metagene name, z-score) in the order of the first edit.
Edits = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Intent:
    """The part of the state that decides pixels, and that undo restores.

    Parameters
    ----------
    subject_id
        Whose genes are the start, or "" before any choice.
    averaged
        Subjects whose mean metagenes are the start instead; usually empty.
    edits
        Metagenes that the person moved, as absolute z-scores.
    site
        Scan and place, or None before a click.
    seed
        Of the noise.
    strength
        Of the blend, 0 to 1.
    """

    subject_id: str = ""
    averaged: tuple[str, ...] = ()
    edits: Edits = ()
    site: NoduleSite | None = None
    seed: int = 0
    strength: float = 1.0

    def with_edit(self, name: str, z: float) -> Intent:
        """Return the intent with one metagene set, the others as they are."""
        edits = dict(self.edits)
        edits[name] = z
        return replace(self, edits=tuple(edits.items()))

    def without_edit(self, name: str) -> Intent:
        """Return the intent with one metagene back at its start."""
        return replace(self, edits=tuple(e for e in self.edits if e[0] != name))


@evented
@dataclass
class SessionState:
    """Mutable intent and view; ``state.events.<field>`` tells of changes.

    Only `Session` writes the first six fields (they are those of `Intent`).
    Widgets may set the view fields: they change no pixels of a nodule.

    Parameters
    ----------
    selected
        Subjects marked on the map.
    window
        Name in ``constants.WINDOWS_HU``.
    overlay_visible
        Whether the tumour outline shows.
    show_synthetic
        Whether the synthetic nodule shows; False shows the scan as it is.
    """

    subject_id: str = ""
    averaged: tuple[str, ...] = ()
    edits: Edits = ()
    site: NoduleSite | None = None
    seed: int = 0
    strength: float = 1.0
    selected: tuple[str, ...] = ()
    window: str = "Lung"
    overlay_visible: bool = True
    show_synthetic: bool = True

    @property
    def intent(self) -> Intent:
        """The frozen copy of the fields that decide pixels."""
        return Intent(
            self.subject_id, self.averaged, self.edits, self.site, self.seed, self.strength
        )

    def apply(self, intent: Intent) -> None:
        """Write an intent into the fields; unchanged fields tell nobody."""
        self.subject_id = intent.subject_id
        self.averaged = intent.averaged
        self.edits = intent.edits
        self.site = intent.site
        self.seed = intent.seed
        self.strength = intent.strength
