from __future__ import annotations

import pytest

from napari_radiogen.phantom import PhantomScan, render_scan

SEED = 3
SPACING_MM = (6.0, 3.0, 3.0)


@pytest.fixture(scope="session")
def scan() -> PhantomScan:
    return render_scan(SEED, spacing_mm=SPACING_MM)


@pytest.fixture(scope="session")
def twin() -> PhantomScan:
    return render_scan(SEED, spacing_mm=SPACING_MM, nodule=False)
