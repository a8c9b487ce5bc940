"""The trained generator: genes, background and offset to slices in HU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from torch import Tensor

from napari_radiogen.constants import ATTRIBUTES
from napari_radiogen.domain import GeneCodeTable, Metagenes, Place, Subject, joined_rows
from napari_radiogen.errors import ModelError
from napari_radiogen.imaging.windows import hu_to_unit
from napari_radiogen.inference.closing import rounded
from napari_radiogen.inference.descriptions import patch_facts, scale_of, training_digest
from napari_radiogen.inference.library import LoadedModel, find_model, load_model
from napari_radiogen.inference.turning import blend_window, turn_of, turned, turned_back
from napari_radiogen.models.checkpoint import load_strictly
from napari_radiogen.models.mcgan import Generator as Network
from napari_radiogen.models.mcgan import MCGANConfig, Noise, draw_noise, scaled_noise

FloatArray = npt.NDArray[np.float32]
SYSTEM = "mcgan"
_METAGENE_FIELDS = ("gene_mean", "gene_sd", "weights", "mean", "sd")


class RawNodules(NamedTuple):
    """Slices (B, H, W) of a generator.

    ``image_hu`` is the raw output, before composition; ``mask`` and
    ``weight`` are probabilities; ``composed_hu`` equals the background
    exactly outside the nodule's region.
    """

    image_hu: FloatArray
    mask: FloatArray
    weight: FloatArray
    composed_hu: FloatArray


@dataclass(frozen=True, eq=False)
class Generator:
    """A multi-conditional GAN's generator with all it needs to be used.

    Parameters
    ----------
    name, digest, cohort, parameters
        As ``radiogen models`` lists them.
    metagenes
        Fitted on the cohort's training patients.
    subjects
        The cohort's, with attributes and clinical columns.
    subject_metagenes
        (N, K) z-scores of the subjects.
    codes
        Learned codes of the subjects with their place on the maps.
    effects
        (K, A) what one unit of each metagene does to each of ``ATTRIBUTES``, in
        standard deviations of real nodules; zero where it was not measured.
    field_of_view_mm, size_px, hu_range
        Of the patches that the network was trained on.
    noise_scale
        Of noise before it enters the network, chosen on validation patients.
    closing_radii
        Offset at which the network closes a nodule, in radii of its central
        slice, measured on validation patients: see `rounded`. None gives the
        network offsets as they are.
    learned_permuted_genes
        True for a null model, whose genes were dealt to other subjects.
    training_digest
        Of cohort and config less name, seed and permutation: equal for a
        model and its null.
    cohort_digest
        sha256 of the content of the cohort that it was trained on.
    path
        The weights' file.
    """

    name: str
    digest: str
    cohort: str
    cohort_kind: str
    parameters: int
    metagenes: Metagenes
    subjects: tuple[Subject, ...]
    subject_metagenes: FloatArray
    codes: GeneCodeTable
    effects: FloatArray
    field_of_view_mm: float
    size_px: int
    hu_range: tuple[float, float]
    network: Network
    noise_scale: float = 1.0
    closing_radii: float | None = None
    learned_permuted_genes: bool = False
    training_digest: str = ""
    cohort_digest: str = ""
    path: Path | None = None

    @property
    def system(self) -> str:
        """As ``radiogen models`` lists it."""
        return SYSTEM

    @property
    def subject_ids(self) -> tuple[str, ...]:
        """Ids of the subjects, in the order of every table."""
        return tuple(s.subject_id for s in self.subjects)

    @property
    def pixel_mm(self) -> float:
        """Side of a patch's pixel."""
        return self.field_of_view_mm / self.size_px

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

    def encode(self, metagenes: npt.NDArray[Any]) -> FloatArray:
        """Turn metagene z-scores (N, K) into codes (N, D)."""
        with torch.inference_mode():
            return np.asarray(self._encode(metagenes).numpy())

    def _encode(self, metagenes: npt.NDArray[Any]) -> Tensor:
        told = torch.from_numpy(np.ascontiguousarray(metagenes, dtype=np.float32))
        return self.network.encode(told)

    def generate(
        self,
        backgrounds_hu: npt.NDArray[Any],
        metagenes: npt.NDArray[Any],
        dz_mm: npt.NDArray[Any],
        noise: list[int],
    ) -> RawNodules:
        """Paint nodules on backgrounds.

        Parameters
        ----------
        backgrounds_hu
            (B, H, W) in HU at the model's pixel size.
        metagenes
            (B, K) z-scores.
        dz_mm
            (B,) offset of each slice from its nodule's centre.
        noise
            (B,) seeds; equal seeds give equal noise.

        Raises
        ------
        ModelError
            When a shape does not fit the model.
        """
        size = (self.size_px, self.size_px)
        if backgrounds_hu.shape[1:] != size or metagenes.shape[1:] != (len(self.metagenes.names),):
            raise ModelError(
                f"expected backgrounds (B, {size[0]}, {size[1]}) and {len(self.metagenes.names)} "
                f"metagenes, got {backgrounds_hu.shape} and {metagenes.shape}",
                subject=self.name,
            )
        turns = [turn_of(seed) for seed in noise]
        unit = turned(hu_to_unit(backgrounds_hu, self.hu_range), turns)
        with torch.inference_mode():
            code = self._encode(metagenes)
            seen, drawn = torch.from_numpy(unit)[:, None], self._noise(noise)
            dz = self._offsets(np.asarray(dz_mm, dtype=np.float32), seen, code, drawn)
            out = self.network(seen, code, dz, drawn)
            mask = turned_back(torch.sigmoid(out.mask_logits)[:, 0].numpy(), turns)
            added = turned_back((out.image - seen)[:, 0].numpy(), turns)
            weight = turned_back(out.weight[:, 0].numpy(), turns)
        # The network sees HU cut to its range; what it adds goes on the uncut background.
        change = added * (self.hu_range[1] - self.hu_range[0]) / 2
        raw = np.asarray(backgrounds_hu + change, dtype=np.float32)
        window = np.stack([blend_window(m > 0.5, (self.pixel_mm,) * 2) for m in mask])
        composed = np.asarray(backgrounds_hu + window * change, dtype=np.float32)
        return RawNodules(raw, mask, weight, composed)

    def _offsets(self, dz_mm: FloatArray, seen: Tensor, code: Tensor, noise: Noise) -> Tensor:
        """Return the offsets (B,) that the network is given."""
        given = torch.from_numpy(dz_mm)
        if self.closing_radii is None or not dz_mm.any():
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
