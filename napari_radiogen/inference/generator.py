"""The trained generator: genes, background and offset to slices in HU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from torch import Tensor

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.domain import GeneCodeTable, Metagenes, Place, Subject, joined_rows
from napari_radiogen.errors import ModelError
from napari_radiogen.inference.closing import rounded
from napari_radiogen.inference.descriptions import patch_facts, scale_of, training_digest
from napari_radiogen.inference.library import LoadedModel, find_model, load_model
from napari_radiogen.inference.painting import Painter, Strokes
from napari_radiogen.models.checkpoint import load_strictly
from napari_radiogen.models.mcgan import Generator as Network
from napari_radiogen.models.mcgan import MCGANConfig, Noise, draw_noise, scaled_noise

FloatArray = npt.NDArray[np.float32]
SYSTEM = "mcgan"
_METAGENE_FIELDS = ("gene_mean", "gene_sd", "weights", "mean", "sd")


@dataclass(frozen=True, eq=False, kw_only=True)
class Generator(Painter):
    """A multi-conditional GAN's generator with all it needs to be used.

    Parameters
    ----------
    subject_metagenes
        (N, K) z-scores of the subjects.
    codes
        Learned codes of the subjects with their place on the maps.
    effects
        (K, A) what one unit of each metagene does to each of ``ATTRIBUTES``, in
        standard deviations of real nodules; zero where it was not measured.
    noise_scale
        Of noise before it enters the network, chosen on validation patients.
    closing_radii
        Offset at which the network closes a nodule, in radii of its central
        slice, measured on validation patients: see `rounded`. None gives the
        network offsets as they are.
    path
        The weights' file.
    """

    system: str = SYSTEM
    subject_metagenes: FloatArray
    codes: GeneCodeTable
    effects: FloatArray
    network: Network
    noise_scale: float = 1.0
    closing_radii: float | None = None
    path: Path | None = None

    @cached_property
    def subject_ids(self) -> tuple[str, ...]:
        """Ids of the subjects, in the order of every table."""
        return tuple(s.subject_id for s in self.subjects)

    def with_patients(
        self, subjects: Sequence[Subject], metagenes: npt.NDArray[Any], place: Place
    ) -> Generator:
        """Return the same generator with more patients.

        One that it knows by the same id takes the new genes, in its old row;
        all others keep their rows, codes and places on the maps.

        Parameters
        ----------
        subjects
            (N,) of distinct ids.
        metagenes
            (N, K) finite z-scores.
        place
            From a code (D,) and the name of a projection to (2,) on its map.

        Raises
        ------
        ValueError
            When ids repeat, or scores do not fit or are not finite.
        """
        scores = np.asarray(metagenes, dtype=np.float32)
        ids = [s.subject_id for s in subjects]
        expected = (len(ids), len(self.metagenes.names))
        if scores.shape != expected or not np.isfinite(scores).all():
            raise ValueError(f"expected finite metagenes {expected}, got {scores.shape}")
        rows = joined_rows(self.subject_ids, ids)
        everyone = (*self.subjects, *subjects)
        return replace(
            self,
            subjects=tuple(everyone[row] for row in rows),
            subject_metagenes=np.concatenate([self.subject_metagenes, scores])[rows],
            codes=self.codes.joined(ids, self.encode(scores), place),
        )

    def _encode(self, metagenes: Tensor) -> Tensor:
        return self.network.encode(metagenes)

    def _paint(self, seen: Tensor, metagenes: Tensor, dz_mm: Tensor, seeds: list[int]) -> Strokes:
        code, drawn = self.network.encode(metagenes), self._noise(seeds)
        out = self.network(seen, code, self._offsets(dz_mm, seen, code, drawn), drawn)
        return Strokes(out.image, out.mask_logits, out.weight)

    def _offsets(self, given: Tensor, seen: Tensor, code: Tensor, noise: Noise) -> Tensor:
        """Return the offsets (B,) that the network is given."""
        if self.closing_radii is None or not given.any():
            return given
        central = self.network(seen, code, torch.zeros_like(given), noise)
        area_px = (central.mask_logits > 0).flatten(1).sum(dim=1)
        radius_mm = torch.sqrt(area_px / torch.pi) * self.pixel_mm
        return rounded(given, radius_mm, self.closing_radii)

    def _noise(self, seeds: list[int]) -> Noise:
        distinct = sorted(set(seeds))
        drawn = draw_noise(
            self.network.config, [torch.Generator().manual_seed(s) for s in distinct]
        )
        rows = torch.tensor([distinct.index(s) for s in seeds])
        repeated = Noise(drawn.z[rows], tuple(m[rows] for m in drawn.maps))
        return scaled_noise(repeated, self.noise_scale)


def load_generator(name: str | None = None) -> Generator:
    """Load a generator by name, run folder or file; None is the default.

    Raises
    ------
    ModelError
        When there is no such model, or it does not hold together.
    """
    entry = find_model(name, system=SYSTEM)
    model = load_model(entry)
    try:
        return replace(_assemble(model), path=entry.path)
    except (KeyError, TypeError, ValidationError) as error:
        raise ModelError(f"its description does not hold together ({error})", model.name) from error


def _effects(tensors: dict[str, Tensor], count: int, name: str) -> FloatArray:
    shape = (count, len(ATTRIBUTES))
    effects = tensors.get("metagenes.effects", torch.zeros(shape)).float().numpy()
    if effects.shape != shape:
        raise ModelError("its metagenes and their effects do not fit", subject=name)
    return np.asarray(effects)


def _assemble(model: LoadedModel) -> Generator:
    about, tensors, facts = model.description, model.tensors, patch_facts(model)
    network = Network(MCGANConfig.model_validate(about["config"]["network"]))
    load_strictly(network, tensors)
    network.requires_grad_(False)
    table = {f: tensors[f"metagenes.{f}"].float().numpy() for f in _METAGENE_FIELDS}
    metagenes = Metagenes(
        names=tuple(about["metagenes"]["names"]),
        gene_symbols=tuple(about["metagenes"]["gene_symbols"]),
        scale=scale_of(about["metagenes"], model.name),
        **table,
    )
    subjects = facts["subjects"]
    scores = tensors["subjects.metagenes"].float().numpy()
    if scores.shape != (len(subjects), len(metagenes.names)):
        raise ModelError("its subjects and their metagenes do not fit", subject=model.name)
    with torch.inference_mode():
        codes = network.encode(torch.from_numpy(scores)).numpy()
    maps = {k[4:]: t.float().numpy() for k, t in tensors.items() if k.startswith("map.")}
    return Generator(
        **facts,
        cohort_kind=about["cohort"]["kind"],
        parameters=int(about["parameters"]),
        metagenes=metagenes,
        subject_metagenes=scores,
        codes=GeneCodeTable(tuple(s.subject_id for s in subjects), codes, maps),
        effects=_effects(tensors, len(metagenes.names), model.name),
        network=network,
        noise_scale=float(about["use"]["noise_scale"]),
        closing_radii=about["use"].get("closing_radii"),
        learned_permuted_genes=about["config"]["permute"] is not None,
        training_digest=training_digest(about),
    )
