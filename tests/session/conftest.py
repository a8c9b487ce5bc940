import pytest

from napari_radiogen.session import Session
from tests.session.fakes import CENTRE, FakeGenerator, FakeSegmenter, make_engines, make_scan


class Recorder:
    """What a session told, in order."""

    def __init__(self, session):
        self.failed, self.results, self.busy = [], [], []
        session.failed.connect(self.failed.append)
        session.result_changed.connect(self.results.append)
        session.busy_changed.connect(lambda kind, busy: self.busy.append((kind, busy)))


@pytest.fixture
def session():
    """An inline session with a scan, models and a nodule in place."""
    session = Session(generator=FakeGenerator(), segmenter=FakeSegmenter(), engines=make_engines())
    session.open_scan(make_scan())
    session.place(CENTRE)
    return session


@pytest.fixture
def told(session):
    return Recorder(session)
