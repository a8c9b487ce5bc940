"""Intent, facts, jobs and undo behind every front end; no Qt."""

from napari_radiogen.session.controller import Session
from napari_radiogen.session.jobs import InlineRunner, JobContext, JobRunner, ThreadRunner
from napari_radiogen.session.ports import Engines
from napari_radiogen.session.reference import OutOfCohort
from napari_radiogen.session.state import Intent, SessionState

__all__ = [
    "Engines",
    "InlineRunner",
    "Intent",
    "JobContext",
    "JobRunner",
    "OutOfCohort",
    "Session",
    "SessionState",
    "ThreadRunner",
]
