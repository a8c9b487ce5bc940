"""The network looks at a whole real scan for minutes: one look serves all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def one_look() -> Iterator[None]:
    """Let every search for tumours in a series after the first have the answer of the first."""
    from napari_radiogen.inference.segmenter import Segmentation, Segmenter

    look, found = Segmenter.segment, dict[str, Segmentation]()

    def segment(self: Segmenter, ct: Any, **how: Any) -> Segmentation:
        assert ct.series_uid
        if ct.series_uid not in found:
            found[ct.series_uid] = look(self, ct, **how)
        return found[ct.series_uid]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Segmenter, "segment", segment)
        yield
