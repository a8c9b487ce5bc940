"""Intent and facts to a request: pure, so that it can be a cache key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from napari_radiogen.domain import CTVolume, Metagenes, SynthesisRequest
from napari_radiogen.errors import InputError
from napari_radiogen.session.ports import FloatArray, Generator
from napari_radiogen.session.state import Intent, NoduleIntent

N = TypeVar("N", bound=NoduleIntent)


@dataclass(frozen=True, eq=False)
class Facts:
    """What is loaded."""

    scan: CTVolume | None = None
    generator: Generator | None = None


def start_vector(intent: NoduleIntent, generator: Generator) -> FloatArray:
    """Return the metagenes (K,) before any edit.

    Those of the subject, the (weighted) mean of the averaged subjects, or
    zeros (the training mean) when nobody is chosen.

    Raises
    ------
    InputError
        When the model does not know a subject.
    """
    return start_of(intent, generator, generator.subject_metagenes)


def start_of(intent: NoduleIntent, generator: Generator, rows: FloatArray) -> FloatArray:
    """Return the start (C,) of any numbers (N, C) that the model's subjects have.

    Parameters
    ----------
    rows
        In the order of ``generator.subject_ids``.

    Raises
    ------
    InputError
        When the model does not know a subject.
    """
    names = intent.averaged or ((intent.subject_id,) if intent.subject_id else ())
    if not names:
        return np.zeros(rows.shape[1], dtype=np.float32)
    position = {s: i for i, s in enumerate(generator.subject_ids)}
    for name in names:
        if name not in position:
            raise InputError(f"unknown patient; {generator.name} knows {_some(position)}", name)
    shares = intent.weights if intent.averaged and intent.weights else None
    chosen = rows[[position[n] for n in names]]
    return np.asarray(np.average(chosen, axis=0, weights=shares), dtype=np.float32)


def gene_shift(intent: NoduleIntent, metagenes: Metagenes) -> FloatArray:
    """Return (K,) what the edited genes add to the metagenes.

    Raises
    ------
    InputError
        When the model has no such gene.
    """
    shift = np.zeros(len(metagenes.names), dtype=np.float32)
    for symbol, change in intent.gene_edits:
        shift += change * metagenes.loading(symbol)
    return shift


def metagene_vector(intent: NoduleIntent, generator: Generator) -> FloatArray:
    """Return the metagenes (K,) with the edits in place.

    Raises
    ------
    InputError
        When the model does not know a subject, a metagene or a gene.
    """
    vector = start_vector(intent, generator).copy()
    position = {n: i for i, n in enumerate(generator.metagenes.names)}
    for name, z in intent.edits:
        if name not in position:
            raise InputError(f"unknown metagene; {generator.name} has {_some(position)}", name)
        vector[position[name]] = z
    return vector + gene_shift(intent, generator.metagenes)


def keep_known(intent: Intent, generator: Generator, before: Generator | None) -> Intent:
    """Return what a newly loaded model can take over of an intent, of each nodule.

    When it knows none of the subjects it starts with its own first one. Edits
    stay only when both models score the same metagenes: M01 of another fit is
    another set of genes.
    """
    same = before is not None and same_metagenes(before.metagenes, generator.metagenes)
    others = tuple(_known_to(nodule, generator, same) for nodule in intent.others)
    return replace(_known_to(intent, generator, same), others=others)


def _known_to(intent: N, generator: Generator, same: bool) -> N:
    known = generator.subject_ids
    averaged = tuple(s for s in intent.averaged if s in known)
    if intent.subject_id not in known and not averaged:
        return intent.starting_from(known[0])
    kept = replace(
        intent, averaged=averaged, weights=intent.weights if averaged == intent.averaged else ()
    )
    return kept if same else replace(kept, edits=(), gene_edits=())


def same_metagenes(a: Metagenes, b: Metagenes) -> bool:
    """Say whether the metagenes of two models have the same names, genes and weights."""
    return (
        a.names == b.names
        and a.gene_symbols == b.gene_symbols
        and np.array_equal(a.weights, b.weights)
    )


def resolve(intent: NoduleIntent, facts: Facts) -> SynthesisRequest | None:
    """Join intent and facts into the request that decides the pixels.

    Returns None while a scan, a model, a subject or a place is missing, and
    for a place in another scan.

    Raises
    ------
    InputError
        When the model does not know a subject or a metagene.
    """
    site, generator = intent.site, facts.generator
    chosen = bool(intent.subject_id or intent.averaged)
    if facts.scan is None or generator is None or site is None or not chosen:
        return None
    if site.series_uid != facts.scan.series_uid:
        return None
    return SynthesisRequest(
        site=site,
        metagenes=tuple(float(z) for z in metagene_vector(intent, generator)),
        seed=intent.seed,
        model_digest=generator.digest,
        strength=intent.strength,
        subject_id=intent.subject_id,
    )


def _some(names: dict[str, int]) -> str:
    shown = list(names)
    return f"{', '.join(shown[:3])} ... {shown[-1]}" if len(shown) > 4 else ", ".join(shown)
