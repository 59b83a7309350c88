"""Runs under callgrind, which bench/instructions.py starts, and decodes each photo once between two marks."""

import os
import sys
from pathlib import Path

from moderate.images.decode import decode

SIDE = 224
"""How many pixels a side the default model's views have."""


def main() -> None:
    for path in sys.argv[1:]:
        data = Path(path).read_bytes()
        # The first decode of a format also loads libraries and fills caches.
        decode(data, SIDE)
        _mark()
        decode(data, SIDE)
        _mark()


def _mark() -> None:
    """Calls the function of the C library before which callgrind writes down what it has counted since the last one."""
    os.getppid()


main()
