"""The maps beside a model: a round trip, and every way not to belong."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_radiogen.domain import BaselineEncoder, GeneCodeTable, GeneMaps
from napari_radiogen.errors import ModelError
from napari_radiogen.inference.gene_map_file import KIND, load_maps, maps_path, pack_maps
from napari_radiogen.models.checkpoint import digest, pack, unpack
from tests.session.fakes import FakeGenerator

IDS = ("S1", "S2", "S3")


def make_maps(generator):
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(3, 4)).astype(np.float16).astype(np.float32)
    encoder = BaselineEncoder(
        "base",
        "b" * 64,
        rng.normal(size=(4, 4)).astype(np.float16).astype(np.float32),
        rng.normal(size=4).astype(np.float32),
    )
    places = rng.normal(size=(3, 2)).astype(np.float32)
    return GeneMaps(
        generator.digest,
        GeneCodeTable(IDS, genes, {"t-SNE": places, "PCA": -places}),
        encoder,
        GeneCodeTable(IDS, encoder.encode(genes), {"UMAP": 2 * places}),
    )


@pytest.fixture
def generator():
    return FakeGenerator()


@pytest.fixture
def file(tmp_path, generator):
    path = tmp_path / "m.maps.safetensors"
    path.write_bytes(pack_maps(make_maps(generator)))
    return path


def load(path, generator, sha256=""):
    return load_maps(path, generator.digest, generator.metagenes, sha256)


def test_maps_survive_the_file(file, generator):
    made, read = make_maps(generator), load(file, generator)
    assert read.genes.subject_ids == IDS
    assert np.array_equal(read.genes.codes, made.genes.codes)
    assert np.array_equal(read.genes.coordinates["PCA"], made.genes.coordinates["PCA"])
    assert np.array_equal(read.baseline.codes, made.baseline.codes)
    assert read.baseline.coordinates.keys() == {"UMAP"}
    assert (read.encoder.name, read.encoder.digest) == ("base", "b" * 64)


def test_a_baseline_may_be_absent(file, generator):
    file.write_bytes(pack_maps(replace(make_maps(generator), encoder=None, baseline=None)))
    read = load(file, generator)
    assert read.encoder is None
    assert read.baseline is None


def test_no_file_no_maps(tmp_path, generator):
    assert load(tmp_path / "none", generator) is None
    assert maps_path(tmp_path / "m.safetensors") == tmp_path / "m.maps.safetensors"


def test_the_hash_of_the_index_is_checked(file, generator):
    assert load(file, generator, digest(file.read_bytes())) is not None
    with pytest.raises(ModelError, match="altered"):
        load(file, generator, "0" * 64)


def change(**changes):
    def make(tensors, about):
        return tensors | changes, about

    return make


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (lambda t, a: (t, a | {"model_digest": "e" * 64}), "other weights"),
        (lambda t, a: (t, a | {"subjects": ["S1", "S1", "S2"]}), "twice"),
        (lambda t, a: (t, a | {"subjects": ["S1"]}), "genes is"),
        (lambda t, a: (t, a | {"baseline": 7}), "hold together"),
        (lambda t, a: ({k: v for k, v in t.items() if k != "genes"}, a), "hold together"),
        (change(**{"map.raw.PCA": torch.zeros(3, 3)}), "map.raw.PCA is"),
        (change(more=torch.zeros(1)), "unknown tensor 'more'"),
        (change(genes=torch.zeros(3, 4, dtype=torch.int32)), "genes is"),
        (change(**{"baseline.bias": torch.zeros(3), "baseline.weight": torch.zeros(3, 4)}), "fit"),
        (change(**{"baseline.weight": torch.zeros(4, 5)}), "baseline.weight is"),
    ],
)
def test_what_does_not_belong_is_refused_in_one_line(file, generator, alter, reason):
    tensors, about = unpack(file.read_bytes(), kind=KIND)
    about = {k: v for k, v in about.items() if k not in ("format", "version")}
    file.write_bytes(pack(*alter(tensors, about), kind=KIND))
    with pytest.raises(ModelError, match=reason) as refused:
        load(file, generator)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"x" * 100])
def test_other_files_are_refused(file, generator, data):
    file.write_bytes(data)
    with pytest.raises(ModelError, match=r"radiogen maps|cut short|safetensors"):
        load(file, generator)
    file.write_bytes(pack({"a": torch.zeros(1)}, {}))
    with pytest.raises(ModelError, match="expected radiogen-maps"):
        load(file, generator)
