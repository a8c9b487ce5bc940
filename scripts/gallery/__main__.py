"""Draw scenes: ``python -m scripts.gallery [--out FOLDER] [SCENE ...]``, on a (virtual) screen."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts.gallery.table import PICTURES, SCENES, Scene

ROOT = Path(__file__).parents[2]
#: How many pixels of the screen Qt takes for one of its own.
SCALE = "QT_SCALE_FACTOR"


def main(words: list[str]) -> int:
    """Draw the scenes that are named, all of them without names."""
    parser = argparse.ArgumentParser(prog="gallery", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=", ".join(SCENES))
    parser.add_argument("--out", type=Path, default=PICTURES)
    asked = parser.parse_args(words)
    unknown = sorted(set(asked.scenes) - set(SCENES))
    if unknown:
        print(f"no such scene: {', '.join(unknown)}; there are {', '.join(SCENES)}")
        return 1
    out, names = asked.out.resolve(), asked.scenes or list(SCENES)
    here = os.environ.get(SCALE, "1")
    failed = 0
    for scale in sorted({SCENES[name].scale for name in names}):
        chosen = {n: s for n, s in SCENES.items() if n in names and s.scale == scale}
        if str(scale) != here:
            failed |= _apart(chosen, out, scale)
            continue
        with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
            failed |= draw(chosen, out, Path(folder))
    return failed


def _apart(scenes: dict[str, Scene], out: Path, scale: int) -> int:
    """Draw scenes in a process of another scale: Qt takes it at its start only."""
    words = [sys.executable, "-m", "scripts.gallery", "--out", str(out), *scenes]
    done = subprocess.run(words, env={**os.environ, SCALE: str(scale)}, cwd=ROOT, check=False)
    return int(done.returncode != 0)


def draw(scenes: dict[str, Scene], out: Path, folder: Path) -> int:
    """Draw scenes into a folder; a second one holds settings and what the scenes write.

    Returns
    -------
    int
        1 when the program reported a failure that no scene meant, else 0.
    """
    # A fresh machine: nobody's settings, nobody's sessions.
    os.environ["NAPARI_CONFIG"] = str(folder / "settings.yaml")
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    from napari_radiogen.io.save import save_bytes
    from scripts.gallery.stage import Stage

    (folder / "work").mkdir()
    first = next(iter(scenes.values()))
    stage = Stage(folder / "work", first.size, first.theme)
    try:
        for name, scene in scenes.items():
            start = time.monotonic()
            stage.dress(scene.size, scene.theme)
            data = scene.draw(stage)
            path = out / f"{name}{scene.suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            save_bytes(path, data)
            print(f"{path}  {len(data) // 1000} kB  {time.monotonic() - start:.1f} s", flush=True)
            stage.reset()
    finally:
        stage.close()
    for line in stage.problems:
        print(line, file=sys.stderr)
    return 1 if stage.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
