"""Draw scenes: ``python -m scripts.gallery [--out FOLDER] [SCENE ...]``, on a (virtual) screen."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from scripts.gallery.table import PICTURES, SCENES, Scene


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
    chosen = {name: s for name, s in SCENES.items() if not asked.scenes or name in asked.scenes}
    with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
        return draw(chosen, asked.out.resolve(), Path(folder))


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
