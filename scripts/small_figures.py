"""Put small copies of drawn figures beside the documentation.

python scripts/small_figures.py DIR/figures docs/images
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image

from napari_radiogen.io.save import save_bytes

#: Pixels across, and bytes that a copy may take.
WIDTH, MOST = 960, 150_000


def small(picture: Path) -> bytes:
    """Return a picture as the best JPEG that is small enough."""
    image = Image.open(picture).convert("RGB")
    size = (WIDTH, round(image.height * WIDTH / image.width))
    image = image.resize(size, Image.Resampling.LANCZOS)
    for quality in range(92, 20, -4):
        out = BytesIO()
        image.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() < MOST:
            return out.getvalue()
    raise SystemExit(f"{picture}: does not fit into {MOST} bytes")


def main(figures: Path, images: Path) -> None:
    """Write a copy of each figure of a folder."""
    images.mkdir(parents=True, exist_ok=True)
    for picture in sorted(figures.glob("*.png")):
        data = small(picture)
        save_bytes(images / f"{picture.stem}.jpg", data)
        print(f"{picture.stem}: {len(data) // 1000} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
