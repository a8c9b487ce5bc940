"""Patients are joined by exact id; near misses are shown."""

import pytest

from napari_radiogen.cohorts.join import join_ids


def test_only_exact_ids_join() -> None:
    report = join_ids(["R01-001", "R01-2", "X"], ["R01-002", "R01-001", "Y"])
    assert report.matched == ("R01-001",)
    assert report.only_clinical == ("R01-2", "X")
    assert report.only_expression == ("R01-002", "Y")
    assert report.to_json()["near_misses"] == [
        {"clinical": "R01-2", "expression": "R01-002", "why": "leading zeros"}
    ]


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("R01-001", "R01-001 ", "blanks"),
        ("R01-001", "R01-001\u00a0", "blanks"),
        ("R01-001", "r01-001", "case"),
        ("R01-001", "R01_001", "separators"),
        ("R01-001", "R01001", None),
        ("R01-001", "R01-1", "leading zeros"),
        ("001", "1", "leading zeros"),
        ("R01-001", "R01-010", None),
        ("P1", "P11", None),
    ],
)
def test_near_misses(one: str, other: str, why: str | None) -> None:
    report = join_ids([one], [other])
    assert report.matched == ()
    assert [miss.why for miss in report.near_misses] == ([why] if why else [])
