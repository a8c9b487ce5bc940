"""Many patients at once: in this process, on local ones, or on a Dask cluster.

Local workers talk to this process over an encrypted connection that only it
holds the key of. A cluster given by its address is trusted as it is, and must
see the same files under the same names.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from napari_radiogen.errors import Cancelled, RadiogenError

In = TypeVar("In")
Out = TypeVar("Out")

#: How often a stop is looked for, seconds.
POLL_S = 0.2
#: A cluster that does not answer in this time is not there, seconds.
CONNECT_S = 10.0
#: Workers that do not end by themselves in this time are ended, seconds.
CLOSE_S = 1.0


class Crew:
    """Runs a function on many things; results come as they are ready.

    Parameters
    ----------
    client
        A Dask client; None runs in this process, one after the other.
    cancelled
        Asked while work goes on.
    """

    def __init__(self, client: Any | None, cancelled: Callable[[], bool]) -> None:
        self._client = client
        self.cancelled = cancelled

    @property
    def here(self) -> bool:
        """Whether tasks run in this process and may ask `cancelled` themselves."""
        return self._client is None

    def results(self, work: Callable[[In], Out], items: Sequence[In]) -> Iterator[tuple[int, Out]]:
        """Yield the place of an item and its result, in the order in which they are ready.

        Raises
        ------
        Cancelled
            When the person asked to stop.
        RadiogenError
            What a task raised, or when a worker was lost.
        """
        if self._client is None:
            for place, item in enumerate(items):
                if self.cancelled():
                    raise Cancelled
                yield place, work(item)
            return
        yield from self._distributed(self._client, work, items)

    def _distributed(
        self, client: Any, work: Callable[[In], Out], items: Sequence[In]
    ) -> Iterator[tuple[int, Out]]:
        from distributed import wait
        from distributed.scheduler import KilledWorker

        futures = {client.submit(work, item, pure=False): i for i, item in enumerate(items)}
        waiting = set(futures)
        try:
            while waiting:
                if self.cancelled():
                    raise Cancelled
                ready = set()
                with suppress(TimeoutError), client.as_current():
                    ready = wait(list(waiting), timeout=POLL_S, return_when="FIRST_COMPLETED").done
                for future in sorted(ready, key=futures.__getitem__):
                    yield futures[future], future.result()
                waiting -= ready
        except KilledWorker as error:
            raise RadiogenError("a worker was lost; it may have run out of memory") from error
        finally:
            if waiting:
                with suppress(Exception):
                    client.cancel(list(waiting), force=True)


@contextmanager
def crew(
    workers: int | None = None,
    scheduler: str | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Crew]:
    """Start workers, and end them afterwards whatever happened.

    Parameters
    ----------
    workers
        Local processes; every core by default. 1 works in this process.
    scheduler
        Address of a Dask scheduler to use instead, as ``tcp://host:8786``.
    cancelled
        Asked while work goes on.

    Raises
    ------
    RadiogenError
        When the scheduler cannot be reached.
    """
    stop = cancelled or (lambda: False)
    count = workers or usable_cores()
    if scheduler is not None:
        with _remote(scheduler) as client:
            yield Crew(client, stop)
    elif count == 1:
        yield Crew(None, stop)
    else:
        with _local(count) as client:
            yield Crew(client, stop)


def usable_cores() -> int:
    """Return the cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


@contextmanager
def _remote(address: str) -> Iterator[Any]:
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise RadiogenError("no Dask scheduler answers there", address) from error
    try:
        yield client
    finally:
        client.close()


@contextmanager
def _local(count: int) -> Iterator[Any]:
    from distributed import Client, LocalCluster

    # Workers come while the first tasks wait, so that a stop is seen from the start.
    cluster = LocalCluster(
        n_workers=0,
        threads_per_worker=1,
        processes=True,
        security=True,
        dashboard_address=None,
        memory_limit=0,
        silence_logs=logging.CRITICAL,
        env={"ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"},
    )
    cluster.scale(count)
    finished = False
    try:
        client = Client(cluster, set_as_default=False)
        try:
            yield client
            finished = True
        finally:
            if not finished:
                _end_now(cluster)
            with suppress(Exception):
                client.close(timeout=CLOSE_S)
    finally:
        with suppress(Exception):
            cluster.close(timeout=CLOSE_S)


def _end_now(cluster: Any) -> None:
    """End workers at once: what they were at is made again when a build continues."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        with suppress(OSError, TypeError):
            os.kill(nanny.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
