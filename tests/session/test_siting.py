import pytest

from napari_radiogen.errors import SynthesisError
from napari_radiogen.session.siting import check_site
from tests.session.fakes import CENTRE, OUTSIDE, in_lung, lung_mask, make_scan


def test_only_lung_is_accepted():
    scan = make_scan()
    lung = lung_mask(scan)
    check_site(scan, lung, CENTRE, in_lung)
    with pytest.raises(SynthesisError, match="outside the lung"):
        check_site(scan, lung, OUTSIDE, in_lung)
    with pytest.raises(SynthesisError, match="outside the scan"):
        check_site(scan, lung, (0.0, 0.0, 1e4), in_lung)
