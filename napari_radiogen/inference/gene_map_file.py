"""The maps beside a model file: genes of its subjects and the code of a baseline, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from napari_radiogen.domain import BaselineEncoder, GeneCodeTable, GeneMaps, Metagenes
from napari_radiogen.errors import ModelError
from napari_radiogen.models.checkpoint import digest, pack, unpack

KIND = "radiogen-maps"
SUFFIX = ".maps.safetensors"
#: Far above the genes of a thousand subjects in half precision, bytes.
SIZE_LIMIT = 2**28
_RAW, _BASELINE = "map.raw.", "map.baseline."


def maps_path(model: Path) -> Path:
    """Return the name of the maps beside a model file."""
    return model.with_name(model.name.removesuffix(".safetensors") + SUFFIX)


def pack_maps(maps: GeneMaps) -> bytes:
    """Serialise maps; genes and codes in half precision, which a picture does not miss."""
    tensors = {"genes": _half(maps.genes.codes)}
    tensors |= {_RAW + name: _whole(xy) for name, xy in maps.genes.coordinates.items()}
    about: dict[str, Any] = {
        "model_digest": maps.model_digest,
        "subjects": list(maps.genes.subject_ids),
        "baseline": None,
    }
    if maps.encoder is not None and maps.baseline is not None:
        about["baseline"] = {"name": maps.encoder.name, "digest": maps.encoder.digest}
        tensors |= {
            "baseline.weight": _half(maps.encoder.weight),
            "baseline.bias": _whole(maps.encoder.bias),
        }
        tensors |= {_BASELINE + n: _whole(xy) for n, xy in maps.baseline.coordinates.items()}
    return pack(tensors, about, kind=KIND)


def load_maps(
    path: Path, model_digest: str, metagenes: Metagenes, sha256: str = ""
) -> GeneMaps | None:
    """Read the maps beside a model; None when there are none.

    Parameters
    ----------
    path
        Of the maps.
    model_digest
        sha256 of the weights that they must belong to.
    metagenes
        Of the model: their genes are those of the maps.
    sha256
        Expected of the file; "" where no index states it.

    Raises
    ------
    ModelError
        When the file is damaged, altered, or of another model.
    """
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ModelError("too large for maps of a model", path)
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", path) from error
    if sha256 and digest(data) != sha256:
        raise ModelError("was altered: its sha256 differs", path)
    try:
        tensors, about = unpack(data, kind=KIND)
        maps = _assemble(tensors, about, len(metagenes.gene_symbols))
    except ModelError as error:
        raise ModelError(error.reason, path) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"does not hold together ({type(error).__name__})", path) from error
    if maps.model_digest != model_digest:
        raise ModelError("belongs to other weights; make it again with radiogen maps", path)
    return maps


def _assemble(tensors: dict[str, Tensor], about: dict[str, Any], genes: int) -> GeneMaps:
    ids = tuple(str(s) for s in about["subjects"])
    if len(set(ids)) < len(ids):
        raise ModelError("names a subject twice")
    left = dict(tensors)
    raw = _take(left, "genes", (len(ids), genes))
    table = GeneCodeTable(ids, raw, _maps(left, _RAW, len(ids)))
    encoder, baseline = None, None
    if about["baseline"] is not None:
        bias = _take(left, "baseline.bias", None)
        weight = _take(left, "baseline.weight", (len(bias), genes))
        if bias.ndim != 1 or len(bias) % 2:
            raise ModelError("its baseline does not fit")
        named = about["baseline"]
        encoder = BaselineEncoder(str(named["name"]), str(named["digest"]), weight, bias)
        codes = encoder.encode(raw)
        baseline = GeneCodeTable(ids, codes, _maps(left, _BASELINE, len(ids)))
    if left:
        raise ModelError(f"holds the unknown tensor {min(left)!r}")
    return GeneMaps(str(about["model_digest"]), table, encoder, baseline)


def _take(
    tensors: dict[str, Tensor], name: str, shape: tuple[int, ...] | None
) -> npt.NDArray[np.float32]:
    found = tensors.pop(name)
    if not found.is_floating_point() or (shape is not None and tuple(found.shape) != shape):
        raise ModelError(f"{name} is {tuple(found.shape)}, not {shape}")
    return np.asarray(found.float().numpy())


def _maps(tensors: dict[str, Tensor], prefix: str, rows: int) -> dict[str, Any]:
    names = sorted(name for name in tensors if name.startswith(prefix))
    return {name[len(prefix) :]: _take(tensors, name, (rows, 2)) for name in names}


def _half(values: npt.NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float16))


def _whole(values: npt.NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
