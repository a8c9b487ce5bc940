"""UMAP in a process of its own: its just-in-time compiler would hold up a window."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

import napari_radiogen

FloatArray = npt.NDArray[np.float32]
#: The child finds this package where its parent did, and nothing in the working folder.
START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from napari_radiogen.analysis.umap_process import serve; "
    "serve(sys.stdin.buffer, sys.stdout.buffer)"
)
#: Seconds between two questions whether to stop.
POLL_S = 0.1
#: Seconds that a process gets to end by itself.
PATIENCE_S = 2.0


class UmapProcess:
    """Starts when first asked, and keeps what it compiled until `close`."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def project(
        self, codes: npt.NDArray[Any], cancelled: Callable[[], bool] = lambda: False
    ) -> FloatArray | None:
        """Project codes (N, D) to the plane (N, 2); None when it was stopped.

        Raises
        ------
        ModuleNotFoundError
            Without umap-learn.
        RuntimeError
            When the process ended without an answer.
        """
        return self._ask("project", [codes], cancelled)

    def place(
        self, codes: npt.NDArray[Any], places: npt.NDArray[Any], new: npt.NDArray[Any]
    ) -> FloatArray:
        """Place new codes (M, D) on the map of some codes (N, D) with places (N, 2).

        Raises
        ------
        ModuleNotFoundError
            Without umap-learn.
        RuntimeError
            When the process ended without an answer.
        """
        answer = self._ask("place", [codes, places, new], lambda: False)
        return np.zeros((len(new), 2), np.float32) if answer is None else answer

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is None:
            return
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        try:
            child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _ask(
        self, what: str, arrays: list[npt.NDArray[Any]], cancelled: Callable[[], bool]
    ) -> FloatArray | None:
        if importlib.util.find_spec("umap") is None:
            raise ModuleNotFoundError("umap-learn is not installed")
        while not self._turn.acquire(timeout=POLL_S):
            if cancelled():
                return None
        try:
            return self._talk(what, arrays, cancelled)
        finally:
            self._turn.release()

    def _talk(
        self, what: str, arrays: list[npt.NDArray[Any]], cancelled: Callable[[], bool]
    ) -> FloatArray | None:
        child = self._started()
        answers: list[FloatArray] = []

        def talk() -> None:
            if child.stdin is None or child.stdout is None:
                return
            try:
                _send(child.stdin, what, arrays)
                answers.extend(_receive(child.stdout)[1])
            except (OSError, ValueError, EOFError):
                return  # the process has ended; whoever waits is told below

        talking = threading.Thread(target=talk, name="radiogen-umap", daemon=True)
        talking.start()
        while talking.is_alive():
            talking.join(POLL_S)
            if cancelled():
                child.kill()
                talking.join()
                self.close()
                return None
        if not answers:
            self.close()
            raise RuntimeError("UMAP ended without an answer; look at another projection")
        return answers[0]

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            root = str(Path(napari_radiogen.__file__).resolve().parents[1])
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-c", START, root],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._child


def serve(asked: IO[bytes], told: IO[bytes]) -> None:
    """Answer requests until there are no more; for the child."""
    from napari_radiogen.analysis.placing import Placing, transformer
    from napari_radiogen.analysis.projection import umap

    ready: dict[str, Placing] = {}
    while True:
        try:
            what, arrays = _receive(asked)
        except EOFError:
            return
        if what == "project":
            answer = umap(arrays[0])
        else:
            codes, places, new = arrays
            key = hashlib.sha256(codes.tobytes() + places.tobytes()).hexdigest()
            if key not in ready:
                ready[key] = transformer("UMAP", codes, places)
            answer = np.asarray(ready[key](new), dtype=np.float32)
        _send(told, what, [answer])


def _send(pipe: IO[bytes], what: str, arrays: list[npt.NDArray[Any]]) -> None:
    whole = [np.ascontiguousarray(a, dtype=np.float32) for a in arrays]
    head = json.dumps({"what": what, "shapes": [a.shape for a in whole]})
    pipe.write(head.encode() + b"\n" + b"".join(a.tobytes() for a in whole))
    pipe.flush()


def _receive(pipe: IO[bytes]) -> tuple[str, list[FloatArray]]:
    line = pipe.readline()
    if not line:
        raise EOFError
    head = json.loads(line)
    arrays = []
    for shape in head["shapes"]:
        data = pipe.read(4 * int(np.prod(shape)))
        arrays.append(np.frombuffer(data, dtype=np.float32).reshape(shape))
    return str(head["what"]), arrays
