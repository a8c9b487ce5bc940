import numpy as np
import pytest

from napari_radiogen.analysis.bootstrap import cluster_bootstrap, jackknife_interval


def test_interval_of_a_mean_has_the_width_of_theory(rng):
    values = rng.normal(size=400)
    low, high = cluster_bootstrap(
        [str(i) for i in range(400)], lambda rows: values[rows].mean(), resamples=2000, rng=rng
    )
    half = 1.96 * values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - half, abs=0.015)
    assert high == pytest.approx(values.mean() + half, abs=0.015)


def test_copies_within_a_patient_add_no_certainty(rng):
    values = np.repeat(rng.normal(size=40), 10)
    patients = np.repeat([f"p{i}" for i in range(40)], 10)
    rows = [str(i) for i in range(400)]

    def width(groups):
        low, high = cluster_bootstrap(
            groups, lambda i: values[i].mean(), resamples=500, rng=np.random.default_rng(0)
        )
        return high - low

    assert width(patients) == pytest.approx(width(rows) * np.sqrt(10), rel=0.15)


def test_patients_come_whole(rng):
    patients = np.array(["a", "a", "b", "b", "b", "c"])
    sizes = {"a": 2, "b": 3, "c": 1}

    def whole(rows):
        for name, size in sizes.items():
            counts = np.bincount(rows, minlength=6)[patients == name]
            assert len(counts) == size
            assert np.ptp(counts) == 0
        return 0.0

    cluster_bootstrap(patients, whole, resamples=20, rng=rng)


def test_one_patient_has_no_interval(rng):
    with pytest.raises(ValueError, match="two patients"):
        cluster_bootstrap(["a", "a"], lambda rows: 0.0, resamples=5, rng=rng)


def test_the_jackknife_of_a_mean_has_its_standard_error():
    values = np.random.default_rng(3).normal(size=30)
    low, high = jackknife_interval([str(i) for i in range(30)], lambda rows: values[rows].mean())
    error = values.std(ddof=1) / np.sqrt(30)
    assert (low + high) / 2 == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * error)


def test_the_jackknife_leaves_out_whole_patients():
    seen = []
    jackknife_interval(["a", "a", "b"], lambda rows: float(seen.append(rows.tolist()) or 0))
    assert sorted(seen) == [[0, 1], [0, 1, 2], [2]]
    with pytest.raises(ValueError, match="two patients"):
        jackknife_interval(["a", "a"], lambda rows: 0.0)
