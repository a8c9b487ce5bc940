"""The gene map without a window: spaces, exact places, clusters, pictures, what is computed."""

import numpy as np
import pytest

from napari_radiogen.domain import BaselineEncoder, GeneCodeTable, GeneMaps
from napari_radiogen.errors import ModelError
from napari_radiogen.session import Session, map_work
from napari_radiogen.session.map_spaces import BASELINE, LEARNED, METAGENES, RAW
from tests.session.fakes import CENTRE, FakeGenerator, make_engines, make_scan
from tests.session.test_genes import two_members
from tests.session.test_patients import cohort, table


def make_maps(generator, names=("PCA", "t-SNE")):
    """Five genes whose metagenes are the generator's, and a baseline of three numbers."""
    rng = np.random.default_rng(4)
    genes = rng.normal(size=(24, len(generator.metagenes.gene_symbols))).astype(np.float32)
    encoder = BaselineEncoder(
        "base",
        "b" * 64,
        rng.normal(size=(6, genes.shape[1])).astype(np.float32),
        np.zeros(6, np.float32),
    )
    codes = encoder.encode(genes)
    ids = generator.subject_ids[::-1]  # files may list them in another order
    return GeneMaps(
        generator.digest,
        GeneCodeTable(ids, genes[::-1], dict.fromkeys(names, genes[::-1, :2])),
        encoder,
        GeneCodeTable(ids, codes[::-1], dict.fromkeys(names, codes[::-1, :2])),
    )


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    monkeypatch.setattr(map_work, "read_map", lambda key, rows: None)
    monkeypatch.setattr(map_work, "keep_map", lambda key, places: None)
    engines = make_engines(load_maps=lambda generator: make_maps(generator, ("PCA",)))
    session = Session(generator=two_members(), engines=engines, seed=1)
    session.open_scan(make_scan())
    session.place(CENTRE)
    return session


def test_spaces_are_in_the_generators_order(mapped):
    assert list(mapped.spaces) == [RAW, BASELINE, LEARNED]
    maps = make_maps(mapped.generator)
    assert mapped.spaces[RAW].table.subject_ids == mapped.generator.subject_ids
    assert np.array_equal(mapped.spaces[RAW].table.codes, maps.genes.codes[::-1])
    assert "5 genes" in mapped.spaces[RAW].about
    assert "base" in mapped.spaces[BASELINE].about


def test_without_genes_the_metagenes_stand_in_and_say_so(session):
    assert list(session.spaces) == [METAGENES, LEARNED]
    assert "holds no single genes" in session.spaces[METAGENES].about
    assert session.gene_start("PLT00001") == 0.0
    assert len(session.gene_distribution("PLT00001")) == 0


def test_maps_that_do_not_belong_are_a_line_and_the_model_works():
    def damaged(generator):
        raise ModelError("belongs to other weights", "m.maps.safetensors")

    session = Session(engines=make_engines(load_maps=damaged))
    lines = []
    session.failed.connect(lines.append)
    session.load_models()
    assert lines == ["m.maps.safetensors: belongs to other weights"]
    assert list(session.spaces) == [METAGENES, LEARNED]


def test_a_gene_starts_at_the_patients_own_and_knows_its_cohort(mapped):
    genes = mapped.spaces[RAW].table.codes
    assert mapped.gene_start("TP53") == pytest.approx(genes[0, 2])
    mapped.interpolate("S-0001", "S-0002", 0.5)
    assert mapped.gene_start("TP53") == pytest.approx(genes[1:3, 2].mean(), abs=1e-6)
    assert np.array_equal(mapped.gene_distribution("TP53"), genes[:20, 2])


def test_an_unedited_patient_stands_on_its_point_in_every_space(mapped):
    for name, space in mapped.spaces.items():
        assert np.allclose(mapped.marker(name, "PCA"), space.table.coordinates["PCA"][0]), name
    assert mapped.marker(RAW, "t-SNE") is None


def test_edits_move_the_marker_in_every_space(mapped):
    before = {name: mapped.marker(name, "PCA") for name in mapped.spaces}
    mapped.set_gene("EGFR", 2.0)
    for name in mapped.spaces:
        assert np.abs(mapped.marker(name, "PCA") - before[name]).max() > 1e-3, name
    vector = mapped._vector(RAW)
    assert vector[0] == pytest.approx(mapped.spaces[RAW].table.codes[0, 0] + 2)
    mapped.reset_all()
    mapped.set_metagene("M02", float(mapped.vector[1]) + 1)  # one gene, sd 1
    assert mapped._vector(RAW)[2] == pytest.approx(mapped.spaces[RAW].table.codes[0, 2] + 1)
    codes = mapped.models.spaces.encoder.encode(mapped._vector(RAW)[None])[0]
    assert np.allclose(mapped._vector(BASELINE), codes)


def test_exact_places_come_from_the_maps_own_transform(mapped):
    told = []
    mapped.marker_placed.connect(lambda: told.append(1))
    places = mapped.spaces[RAW].known.coordinates["PCA"]
    mapped.set_gene("EGFR", 1.5)
    quick = mapped.marker(RAW, "PCA")
    mapped.place_exactly([(RAW, "PCA"), (RAW, "UMAP"), ("nothing", "PCA")])
    assert told == [1]
    exact = mapped.marker(RAW, "PCA")
    assert not np.allclose(exact, quick)
    assert np.array_equal(mapped.spaces[RAW].known.coordinates["PCA"], places)
    mapped.set_gene("EGFR", 0.5)
    assert not np.allclose(mapped.marker(RAW, "PCA"), exact)  # of other genes: by neighbours again


def test_a_map_that_is_lacking_is_computed_once(mapped):
    told, steps = [], []
    mapped.maps_changed.connect(lambda: told.append(1))
    mapped.progress.connect(lambda kind, share, words: steps.append((kind, words)))
    mapped.make_map(RAW, "t-SNE")
    mapped.make_map(RAW, "t-SNE")
    mapped.make_map("nothing", "t-SNE")
    assert told == [1]
    assert steps[0] == ("map", "t-SNE of raw genes")
    space = mapped.spaces[RAW]
    assert space.made_here == {"t-SNE"}
    assert space.table.coordinates["t-SNE"].shape == (24, 2)
    assert np.allclose(mapped.marker(RAW, "t-SNE"), space.table.coordinates["t-SNE"][0])
    assert "PCA" in space.table.coordinates


def test_a_kept_map_is_read_and_not_computed(mapped, monkeypatch):
    kept = np.arange(48, dtype=np.float32).reshape(24, 2)
    monkeypatch.setattr(map_work, "read_map", lambda key, rows: kept)
    mapped.make_map(RAW, "UMAP")
    assert np.array_equal(mapped.spaces[RAW].table.coordinates["UMAP"], kept)


def test_own_patients_join_every_space_and_move_nobody(session, tmp_path, monkeypatch):
    monkeypatch.setattr(map_work, "read_map", lambda key, rows: None)
    before = session.spaces[LEARNED].table.coordinates["PCA"].copy()
    session.open_genes(table(tmp_path))
    for space in session.spaces.values():
        assert space.table.subject_ids == session.generator.subject_ids
        assert len(space.table.codes) == 27
        assert len(space.known.codes) == 24
        assert space.strangers() == [24, 25, 26]
    learned = session.spaces[LEARNED].table
    assert np.array_equal(learned.coordinates["PCA"][:24], before)
    quick = learned.coordinates["PCA"][24:].copy()
    session.place_exactly([(LEARNED, "PCA")])
    placed = session.spaces[LEARNED].table.coordinates["PCA"]
    assert np.array_equal(placed[:24], before)
    assert not np.allclose(placed[24:], quick)
    session.make_map(METAGENES, "PCA")
    assert len(session.spaces[METAGENES].table.coordinates["PCA"]) == 27


def test_clusters_are_of_codes_and_training_subjects(session):
    told = []
    session.clusters_changed.connect(lambda: told.append(1))
    session.find_clusters(LEARNED)
    session.find_clusters(LEARNED)
    assert told == [1]
    found = session.clusters[LEARNED]
    assert len(found.labels) == 24
    assert -1 <= found.silhouette <= 1
    session.load_models()
    assert session.clusters == {}


def test_a_subject_without_images_gets_a_synthetic_picture_once(session):
    shown, painted = [], []
    session.thumbnail_ready.connect(lambda *words: shown.append(words))
    engines = make_engines(
        thumbnail=lambda generator, scores: painted.append(scores) or np.zeros((4, 4))
    )
    session.engines = engines
    for _ in range(2):
        session.ask_thumbnail("S-0004")
    session.ask_thumbnail("nobody")
    assert [s for s, _ in shown] == ["S-0004", "S-0004"]
    assert all(picture.synthetic for _, picture in shown)
    assert len(painted) == 1
    assert np.array_equal(painted[0], session.generator.subject_metagenes[4])


def test_a_subject_of_an_opened_cohort_shows_its_own_slice(session, tmp_path):
    shown = {}
    session.thumbnail_ready.connect(shown.__setitem__)
    session.open_genes(cohort(tmp_path))
    session.ask_thumbnail("MY-1")
    session.ask_thumbnail("S-0001")
    assert not shown["MY-1"].synthetic
    assert (shown["MY-1"].pixels_hu == -800).all()
    assert shown["MY-1"].pixels_hu.shape == (8, 8)
    assert shown["S-0001"].synthetic


def test_without_a_model_nothing_is_asked():
    session = Session(engines=make_engines())
    session.make_map(RAW, "PCA")
    session.place_exactly([(RAW, "PCA")])
    session.find_clusters(RAW)
    session.ask_thumbnail("S-0001")
    assert session.spaces == {}
    assert session.marker(RAW, "PCA") is None


def test_a_model_of_other_subjects_is_no_fault_of_the_model():
    generator = FakeGenerator()

    def others(made):
        return GeneMaps(made.digest, GeneCodeTable(("X",), np.zeros((1, 4), np.float32), {}))

    session = Session(generator=generator, engines=make_engines(load_maps=others))
    assert list(session.spaces) == [METAGENES, LEARNED]
    assert session.models.problems == ("mcgan-fake: its maps are of other subjects",)


def test_umap_places_in_a_process_of_its_own(monkeypatch):
    asked = []

    def place(self, codes, places, new):
        asked.append(new)
        return np.full((len(new), 2), 7.0)

    monkeypatch.setattr(map_work.UmapProcess, "place", place)
    engines = make_engines(load_maps=lambda generator: make_maps(generator, ("UMAP",)))
    session = Session(generator=two_members(), engines=engines)
    session.place_exactly([(RAW, "UMAP")])
    assert asked == []  # an unedited patient stands where the map has it
    session.set_gene("EGFR", 1.0)
    session.place_exactly([(RAW, "UMAP")])
    assert np.array_equal(session.marker(RAW, "UMAP"), (7.0, 7.0))
    session.close()
