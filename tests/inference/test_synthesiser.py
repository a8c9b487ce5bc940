"""Whole nodules by the shipped generator, in a small made-up chest."""

from dataclasses import replace

import numpy as np
import pytest

from napari_radiogen.domain import (
    CTVolume,
    LabelVolume,
    NoduleSite,
    SynthesisRequest,
    VolumeGeometry,
)
from napari_radiogen.errors import Cancelled, ModelError, SynthesisError
from napari_radiogen.inference.generator import load_generator
from napari_radiogen.inference.synthesiser import Synthesiser
from napari_radiogen.inference.turning import blend_window, turn_of, turned, turned_back

SITE = (5.0, -4.0, 2.0)


@pytest.fixture(scope="module")
def painter():
    return Synthesiser(load_generator())


def _chest(spacing=(1.5, 0.8, 0.8), direction=None, dtype=np.int16):
    """Noisy lung in a box with a chest wall; the middle is the LPS origin."""
    direction = np.eye(3) if direction is None else np.asarray(direction, dtype=float)
    shape = tuple(int(90 / s) for s in spacing)
    step = direction * np.array(spacing[::-1])
    middle = step @ ((np.array(shape[::-1]) - 1) / 2)
    geometry = VolumeGeometry(shape, spacing, tuple(-middle), tuple(direction.ravel()))
    lung = np.zeros(shape, np.uint8)
    edge = [int(8 / s) for s in spacing]
    lung[edge[0] : -edge[0], edge[1] : -edge[1], edge[2] : -edge[2]] = 1
    noise = np.random.default_rng(0).normal(0, 25, shape)
    voxels = (np.where(lung, -850, 40) + noise).astype(dtype)
    return CTVolume(voxels, geometry, series_uid="1.2.3"), LabelVolume(lung, geometry)


def _request(painter, seed=7, site=SITE, strength=1.0, edits=()):
    generator = painter.generator
    genes = generator.subject_metagenes[0].copy()
    for name, value in edits:
        genes[generator.metagenes.names.index(name)] = value
    return SynthesisRequest(
        site=NoduleSite("1.2.3", site),
        metagenes=tuple(map(float, genes)),
        seed=seed,
        model_digest=generator.digest,
        strength=strength,
    )


@pytest.fixture(scope="module")
def made(painter):
    ct, lung = _chest()
    return ct, lung, painter.synthesise(ct, _request(painter), lung=lung)


def test_every_voxel_outside_the_region_equals_the_scan(made):
    ct, _, result = made
    whole = result.paste_into(ct.voxels)
    box = tuple(
        slice(a, a + n) for a, n in zip(result.start_zyx, result.region.labels.shape, strict=True)
    )
    same = np.ones(ct.voxels.shape, dtype=bool)
    same[box] = result.region.labels == 0
    assert np.array_equal(whole[same], ct.voxels[same])
    assert not np.array_equal(whole, ct.voxels)


def test_the_nodule_spans_slices_closes_at_its_poles_and_is_brighter_than_lung(made):
    _, _, result = made
    areas = result.mask.labels.sum(axis=(1, 2))
    shown = np.flatnonzero(areas)
    assert len(shown) >= 4
    assert areas[0] == areas[-1] == 0
    assert areas.argmax() in range(shown[0] + 1, shown[-1])
    inside = result.mask.labels > 0
    assert result.composed.voxels[inside].mean() > -750
    assert result.measurements["volume_mm3"] > 50


def test_the_nodule_lies_at_its_site(made):
    _, _, result = made
    points = result.composed.geometry.index_to_lps(np.argwhere(result.mask.labels))
    assert np.linalg.norm(points.mean(axis=0) - np.array(SITE)) < 5


def test_the_same_request_gives_identical_voxels_and_another_seed_does_not(painter, made):
    ct, lung, result = made
    again = painter.synthesise(ct, _request(painter), lung=lung)
    other = painter.synthesise(ct, _request(painter, seed=8), lung=lung)
    assert np.array_equal(again.composed.voxels, result.composed.voxels)
    assert not np.array_equal(other.paste_into(ct.voxels), result.paste_into(ct.voxels))


def test_a_metagene_changes_it_and_the_scan_stays_as_it_was(painter, made):
    ct, lung, result = made
    before = ct.voxels.copy()
    other = painter.synthesise(ct, _request(painter, edits=[("M01", 2.0)]), lung=lung)
    assert not np.array_equal(other.paste_into(ct.voxels), result.paste_into(ct.voxels))
    assert np.array_equal(ct.voxels, before)


def test_strength_scales_the_change(painter, made):
    ct, lung, result = made
    half = painter.synthesise(ct, _request(painter, strength=0.5), lung=lung)
    full = result.paste_into(ct.voxels).astype(int) - ct.voxels
    less = half.paste_into(ct.voxels).astype(int) - ct.voxels
    assert np.abs(less * 2 - full).max() <= 2


def test_the_first_look_agrees_with_the_whole_near_the_centre(painter, made):
    ct, lung, result = made
    looks = []
    painter.synthesise(ct, _request(painter), lung=lung, first_look=looks.append)
    assert len(looks) == 1
    assert not looks[0].complete
    assert result.complete
    z = round(ct.geometry.lps_to_index(SITE)[0])
    early, late = (r.paste_into(ct.voxels)[z].astype(int) for r in (looks[0], result))
    changed = early != ct.voxels[z]
    assert changed.any()
    assert np.abs(early - late)[changed].mean() < 40


def test_a_first_look_paints_no_slice_twice_and_changes_no_voxel(painter, made, monkeypatch):
    ct, lung, plain = made
    kind, offsets = type(painter.generator), []
    generate = kind.generate

    def counting(self, backgrounds, genes, dz_mm, seeds):
        offsets.extend(dz_mm.tolist())
        return generate(self, backgrounds, genes, dz_mm, seeds)

    monkeypatch.setattr(kind, "generate", counting)
    looked = painter.synthesise(ct, _request(painter), lung=lung, first_look=lambda look: None)
    assert len(set(offsets)) == len(offsets) > 20
    assert abs(offsets[0]) < abs(offsets[-1])  # from the middle
    for one, two in (
        (plain.composed.voxels, looked.composed.voxels),
        (plain.mask.labels, looked.mask.labels),
        (plain.weight, looked.weight),
    ):
        assert np.array_equal(one, two)


def test_places_outside_lung_or_scan_and_foreign_weights_are_refused(painter, made):
    ct, lung, _ = made
    with pytest.raises(SynthesisError, match="outside the lung"):
        painter.synthesise(ct, _request(painter, site=(-42.0, 0.0, 0.0)), lung=lung)
    with pytest.raises(SynthesisError, match="outside the scan"):
        painter.synthesise(ct, _request(painter, site=(500.0, 0.0, 0.0)), lung=lung)
    foreign = replace(_request(painter), model_digest="0" * 64)
    with pytest.raises(ModelError, match="other weights"):
        painter.synthesise(ct, foreign, lung=lung)


def test_a_stop_is_heard(painter, made):
    ct, lung, _ = made
    with pytest.raises(Cancelled):
        painter.synthesise(ct, _request(painter), lung=lung, cancelled=lambda: True)


def test_a_stop_is_heard_after_the_last_batch_too(painter, made):
    ct, lung, _ = made
    asked, composed = [], []
    painter.synthesise(
        ct, _request(painter), lung=lung, cancelled=lambda: asked.append(1) is not None
    )
    count = len(asked)
    asked.clear()

    def stop_at_last():
        asked.append(1)
        return len(asked) == count

    with pytest.raises(Cancelled):
        composed.append(
            painter.synthesise(ct, _request(painter), lung=lung, cancelled=stop_at_last)
        )
    assert not composed


SAGITTAL = [[0, 0, 1], [1, 0, 0], [0, -1, 0]]
OBLIQUE = [[np.cos(0.3), -np.sin(0.3), 0], [np.sin(0.3), np.cos(0.3), 0], [0, 0, 1]]


@pytest.mark.parametrize("direction", [np.diag([-1, -1, 1]), SAGITTAL, OBLIQUE])
def test_the_nodule_is_the_same_body_on_any_grid(painter, made, direction):
    _, _, upright = made
    ct, lung = _chest(spacing=(1.0, 1.0, 1.0), direction=direction)
    result = painter.synthesise(ct, _request(painter), lung=lung)
    points = result.composed.geometry.index_to_lps(np.argwhere(result.mask.labels))
    assert np.linalg.norm(points.mean(axis=0) - np.array(SITE)) < 5
    volume = result.measurements["volume_mm3"]
    assert volume == pytest.approx(upright.measurements["volume_mm3"], rel=0.35)


def test_nothing_is_painted_on_the_chest_wall(painter):
    ct, lung = _chest()
    result = painter.synthesise(ct, _request(painter, site=(32.0, 0.0, 0.0)), lung=lung)
    change = result.paste_into(ct.voxels).astype(int) - ct.voxels
    assert change.any()
    assert not change[lung.labels == 0].any()
    points = result.composed.geometry.index_to_lps(np.argwhere(result.mask.labels))
    index = np.rint(lung.geometry.lps_to_index(points)).astype(int)
    assert lung.labels[tuple(index.T)].all()


def test_float_scans_stay_float(painter):
    ct, lung = _chest(dtype=np.float32)
    result = painter.synthesise(ct, _request(painter), lung=lung)
    assert result.composed.voxels.dtype == np.float32


def test_the_ghost_box_lies_in_the_scan_and_around_the_site(painter, made):
    ct, _, _ = made
    start, stop = painter.region_box(ct, SITE)
    index = ct.geometry.lps_to_index(SITE)
    assert all(a < i < b for a, i, b in zip(start, index, stop, strict=True))
    assert all(b <= n for b, n in zip(stop, ct.geometry.shape, strict=True))


def test_the_blend_window_is_whole_near_the_mask_and_nought_afar():
    mask = np.zeros((41, 41), dtype=bool)
    mask[20, 20] = True
    window = blend_window(mask, (1.0, 1.0))
    assert window[20, 21] == 1
    assert window[20, 25] == 0
    assert 0 < window[20, 23] < 1
    assert not blend_window(np.zeros((5, 5), dtype=bool), (1.0, 1.0)).any()


def test_turning_back_undoes_turning_and_seeds_reach_all_eight():
    images = np.random.default_rng(0).normal(size=(8, 6, 6)).astype(np.float32)
    turns = list(range(8))
    assert np.array_equal(turned_back(turned(images, turns), turns), images)
    assert {turn_of(seed) for seed in range(100)} == set(range(8))


def test_a_glimpse_is_the_first_look_alone(painter):
    ct, lung = _chest()
    looks = []
    painter.synthesise(ct, _request(painter), lung=lung, first_look=looks.append)
    seen = painter.glimpse(ct, _request(painter), lung=lung)
    assert not seen.complete
    assert seen.start_zyx == looks[0].start_zyx
    assert np.array_equal(seen.composed.voxels, looks[0].composed.voxels)
    with pytest.raises(Cancelled):
        painter.glimpse(ct, _request(painter), lung=lung, cancelled=lambda: True)
    with pytest.raises(SynthesisError):
        painter.glimpse(ct, _request(painter, site=(44.0, 0.0, 0.0)), lung=lung)
