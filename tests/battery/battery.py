"""All cases, in the order of the table."""

from __future__ import annotations

from tests.battery import (
    cases_archives,
    cases_broken,
    cases_enhanced,
    cases_geometry,
    cases_h5ad,
    cases_hostile,
    cases_images,
    cases_masks,
    cases_pixels,
    cases_series,
    cases_tables,
)
from tests.battery.case import Case

MODULES = (
    cases_geometry,
    cases_pixels,
    cases_enhanced,
    cases_series,
    cases_images,
    cases_broken,
    cases_hostile,
    cases_tables,
    cases_h5ad,
    cases_masks,
    cases_archives,
)


def all_cases() -> list[Case]:
    """Return every case; names are unique."""
    cases = [case for module in MODULES for case in module.cases()]
    names = [str(case) for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"cases of one name: {sorted(twice)}")
    return cases
