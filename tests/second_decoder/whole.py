"""Writes the picture that libheif makes of each whole file it is sent, as a PNG: in a process that may die of it.

stdin and stdout: a length in four bytes and as many bytes, again and again; none where there is no picture.
"""

import io
import struct
import sys

import numpy as np
import pi_heif
from PIL import Image


def main() -> None:
    while length := sys.stdin.buffer.read(4):
        try:
            answer = png(sys.stdin.buffer.read(*struct.unpack(">I", length)))
        except Exception:  # noqa: BLE001 - whatever libheif and Pillow raise, no picture is shown
            answer = b""
        sys.stdout.buffer.write(struct.pack(">I", len(answer)) + answer)
        sys.stdout.buffer.flush()


def png(data: bytes) -> bytes:
    image = pi_heif.open_heif(data).to_pillow()
    profile = image.info.get("icc_profile")
    if image.mode == "I;16":
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode not in ("RGB", "RGBA", "L"):
        image = image.convert("RGBA" if "A" in image.mode.upper() else "RGB")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1, icc_profile=profile or None)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
