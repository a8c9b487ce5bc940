"""What can go wrong, in one line each: ``SUBJECT: reason``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

#: Asked now and then by whatever takes long: whether to stop.
Stop = Callable[[], bool]


class RadiogenError(Exception):
    """Expected failure whose message is one line that a user can act on.

    Parameters
    ----------
    reason
        What was expected, what came, and how to mend it.
    subject
        The file, patient or model that the reason is about, if any.
    """

    def __init__(self, reason: str, subject: object | None = None) -> None:
        self.reason = " ".join(str(reason).split())
        # A file name may hold control characters that a terminal obeys.
        text = None if subject is None else str(subject)
        self.subject = text and "".join(c if c.isprintable() else "?" for c in text)
        line = self.reason if self.subject is None else f"{self.subject}: {self.reason}"
        super().__init__(line)


class InputError(RadiogenError):
    """A file or folder that cannot be read as what it claims to be."""


class SeveralSeriesError(InputError):
    """A folder with several CT series, one of which must be chosen."""


class GeometryError(RadiogenError):
    """Positions, spacings or directions that do not fit together."""


class CohortError(RadiogenError):
    """A cohort that is incomplete, altered or inconsistent."""


class ModelError(RadiogenError):
    """Weights that are missing, altered or do not fit their description."""


class SynthesisError(RadiogenError):
    """A request that cannot be synthesised, such as a place outside the lung."""


class Cancelled(RadiogenError):  # noqa: N818 - it is an outcome, not a fault
    """The person stopped the job."""

    def __init__(self) -> None:
        super().__init__("cancelled")


def check_stop(cancelled: Stop | None) -> None:
    """Stop here when the person asked for it.

    Raises
    ------
    Cancelled
        When ``cancelled`` says so.
    """
    if cancelled is not None and cancelled():
        raise Cancelled


def in_one_line(error: Exception) -> str:
    """Say what went wrong in one line.

    An error that nobody expected is named by its kind and place alone: its
    text may quote patient data.
    """
    if isinstance(error, RadiogenError):
        return str(error)
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return f"{error.filename}: {reason}" if error.filename else reason
    return f"unexpected error {type(error).__name__} in {_innermost(error.__traceback__)}"


def _innermost(trace: TracebackType | None) -> str:
    place = "radiogen"
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{Path(code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
