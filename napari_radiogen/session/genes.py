"""What a person does to the genes: choose, mix, edit, remember."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from psygnal import Signal

from napari_radiogen.constants import METAGENE_Z_LIMIT
from napari_radiogen.session import named_edits
from napari_radiogen.session.jobs import JobRunner
from napari_radiogen.session.named_edits import NamedEdit
from napari_radiogen.session.ports import Engines
from napari_radiogen.session.reactions import NO_MODEL, Reactions
from napari_radiogen.session.resolve import gene_shift, metagene_vector
from napari_radiogen.session.state import Intent

Slot = Literal["A", "B"]
SLOTS: tuple[Slot, ...] = ("A", "B")
#: Training subjects that a random patient is mixed of.
MIXED = 3
#: Random mixtures tried until one lies within the cohort.
TRIES = 20
NOBODY = "nobody is selected; select subjects on the map first"


class GeneActions(Reactions):
    """The gene half of `Session`: every action on metagenes and single genes.

    Signals
    -------
    snapshots_changed(): A or B was kept, or dropped with its model.
    named_changed(): the list of named edits changed.
    beyond_asked(OutOfCohort | None): a change that goes beyond the cohort
    waits for `go_beyond`; None when it waits no more.
    """

    snapshots_changed = Signal()
    named_changed = Signal()
    beyond_asked = Signal(object)

    def __init__(self, runner: JobRunner, engines: Engines, seed: int | None = None) -> None:
        super().__init__(runner, engines)
        self._rng = np.random.default_rng(seed)
        self.asks_beyond = False
        self.snapshots: dict[Slot, Intent] = {}
        self.named: tuple[NamedEdit, ...] = ()
        self._pending: Intent | None = None
        self._agreed: tuple[str, tuple[str, ...]] | None = None
        self.models_changed.connect(self._forget_other_genes)

    # --- whose genes -----------------------------------------------------------

    def choose_subject(self, subject_id: str) -> None:
        """Start from the genes of a subject; edits are cleared."""
        self._change(lambda now: now.starting_from(str(subject_id)))

    def synthesise_mean_of(self, ids: Iterable[str]) -> None:
        """Start from the mean metagenes of some subjects; edits are cleared."""
        chosen = tuple(ids)
        if not chosen:
            self.failed.emit(NOBODY)
            return
        self._change(lambda now: now.starting_from(averaged=chosen))

    def interpolate(self, a: str, b: str, share: float) -> None:
        """Start between two subjects: A at share 0, B at 1.

        Edits stay while the two are the same.
        """
        between = float(np.clip(share, 0, 1))
        weights = (1 - between, between)

        def make(now: Intent) -> Intent:
            if now.averaged == (a, b) and now.weights:
                return replace(now, weights=weights)
            return now.starting_from(averaged=(a, b), weights=weights)

        self._change(make)

    def randomise(self) -> None:
        """Start from a random mixture of `MIXED` training subjects, within the cohort.

        Their shares are drawn evenly (Dirichlet); edits are cleared.
        """
        reference, generator = self.models.reference, self.generator
        if reference is None or generator is None:
            self.failed.emit(NO_MODEL)
            return
        known = reference.training_ids
        for _ in range(TRIES):
            drawn = self._rng.choice(len(known), min(MIXED, len(known)), replace=False)
            ids = tuple(known[i] for i in drawn)
            shares = self._rng.dirichlet(np.ones(len(ids)))
            mixed = self.state.intent.starting_from(averaged=ids, weights=tuple(map(float, shares)))
            if not reference.gauge(metagene_vector(mixed, generator)).unusual:
                break
        self._change(lambda _: mixed)

    # --- edits -----------------------------------------------------------------

    def set_metagene(self, name: str, z: float) -> None:
        """Set a metagene, clipped to +-METAGENE_Z_LIMIT; its genes' own edits stay."""
        generator = self.generator
        if not math.isfinite(z):
            self.failed.emit(f"{name}: expected a finite score, got {z}")
            return
        limited = float(np.clip(z, -METAGENE_Z_LIMIT, METAGENE_Z_LIMIT))
        shift = 0.0
        if generator is not None and self.state.gene_edits and name in generator.metagenes.names:
            shifts = gene_shift(self.state.intent, generator.metagenes)
            shift = float(shifts[generator.metagenes.names.index(name)])
        self._change(lambda now: now.with_edit(name, limited - shift))

    def set_gene(self, symbol: str, change: float) -> None:
        """Change one gene by some SD from the start, clipped to +-METAGENE_Z_LIMIT.

        The metagenes that it is a member of move with it, and nothing else.
        """
        if not math.isfinite(change):
            self.failed.emit(f"{symbol}: expected a finite change, got {change}")
            return
        limited = float(np.clip(change, -METAGENE_Z_LIMIT, METAGENE_Z_LIMIT))
        self._change(lambda now: now.with_gene(symbol, limited))

    def reset_metagene(self, name: str) -> None:
        """Take a metagene, and the genes in it, back to the start."""
        generator = self.generator
        known = generator is not None and name in generator.metagenes.names
        genes = generator.metagenes.members(name) if generator is not None and known else ()
        self._change(lambda now: now.without_edit(name).without_genes(genes))

    def reset_gene(self, symbol: str) -> None:
        """Take one gene back to the start."""
        self._change(lambda now: now.without_genes((symbol,)))

    def reset_all(self) -> None:
        """Take all edits back."""
        self._change(lambda now: replace(now, edits=(), gene_edits=()))

    # --- snapshots and named edits ---------------------------------------------

    def keep_snapshot(self, slot: Slot) -> None:
        """Remember the genes as they are, as A or as B."""
        if self.generator is None:
            self.failed.emit(NO_MODEL)
            return
        self.snapshots[slot] = self.state.intent
        self.snapshots_changed.emit()

    def show_snapshot(self, slot: Slot) -> None:
        """Return to the genes of A or of B; place, seed and strength stay."""
        kept = self.snapshots.get(slot)
        if kept is None:
            self.failed.emit(f"{slot} is empty; press set {slot} first")
            return
        self._change(lambda now: now.with_genes_of(kept))

    def restore_snapshots(self, kept: dict[Slot, Intent]) -> None:
        """Take over the genes kept as A and B of a session file."""
        self.snapshots = dict(kept)
        self.snapshots_changed.emit()

    def name_edit(self, name: str) -> None:
        """Give the edits of now a name; an edit of that name is replaced."""
        generator, words = self.generator, " ".join(name.split())
        if generator is None or not words or not self.state.intent.edited:
            self.failed.emit(
                NO_MODEL
                if generator is None
                else "there is no edit to name; move a slider first"
                if words
                else "an edit needs a name"
            )
            return
        made = named_edits.edit_of(words, self.state.intent, generator)
        self.named = (*(e for e in self.named if e.name != words), made)
        self.named_changed.emit()

    def apply_edit(self, name: str) -> None:
        """Make a named edit on the patient of now, in place of the edits there are."""
        edit, generator = next((e for e in self.named if e.name == name), None), self.generator
        if edit is None or generator is None:
            self.failed.emit(
                NO_MODEL
                if generator is None
                else f"no edit is named {name[:40]!r}; the menu lists those there are"
            )
            return
        self._change(lambda now: edit.onto(now, generator))

    def save_edits(self, path: str | Path) -> None:
        """Write all named edits to a file."""
        generator, target, named = self.generator, Path(path), self.named
        if generator is None or not named:
            self.failed.emit(
                NO_MODEL if generator is None else "there is no named edit to save; name one first"
            )
            return
        self.work.start(
            "edits",
            lambda ctx: named_edits.save(target, named, generator),
            lambda _: self.exported.emit(str(target)),
        )

    def open_edits(self, path: str | Path) -> None:
        """Read named edits; those of the same name are replaced."""
        generator, source = self.generator, Path(path)
        if generator is None:
            self.failed.emit(NO_MODEL)
            return

        def done(found: tuple[NamedEdit, ...]) -> None:
            names = {e.name for e in found}
            self.named = (*(e for e in self.named if e.name not in names), *found)
            self.named_changed.emit()

        self.work.start("edits", lambda ctx: named_edits.load(source, generator), done)

    # --- beyond the cohort -----------------------------------------------------

    def go_beyond(self, go: bool) -> None:
        """Answer `beyond_asked`: make the change that waits, or leave all as it is.

        Who agreed is not asked again until other genes are the start.
        """
        pending, self._pending = self._pending, None
        if pending is None:
            return
        self.beyond_asked.emit(None)
        if go:
            self._agreed = _start(pending)
            self._change(lambda _: pending)

    def _asks_first(self, before: Intent, after: Intent) -> bool:
        waited, self._pending = self._pending, None
        reference, generator = self.models.reference, self.generator
        moved = after.with_genes_of(before) != after
        if self.asks_beyond and moved and reference is not None and generator is not None:
            agreed = self._agreed == _start(after) or not after.edited
            if not agreed and not reference.gauge(metagene_vector(before, generator)).beyond:
                asked = reference.gauge(metagene_vector(after, generator))
                if asked.beyond:
                    self._pending = after
                    self.beyond_asked.emit(asked)
                    return True
        if waited is not None:
            self.beyond_asked.emit(None)
        return False

    def _forget_other_genes(self) -> None:
        """Drop what another model's metagenes would mean something else in."""
        generator, kept = self.generator, self.snapshots
        digest = "" if generator is None else named_edits.metagenes_digest(generator.metagenes)
        if digest == self._genes_digest:
            return
        self._genes_digest = digest
        if kept:
            self.snapshots = {}
            self.snapshots_changed.emit()
        if self.named:
            self.named = ()
            self.named_changed.emit()

    _genes_digest = ""


def _start(intent: Intent) -> tuple[str, tuple[str, ...]]:
    return intent.subject_id, intent.averaged
