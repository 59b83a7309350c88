"""Fuzzes the decoder, guided by coverage: a picture comes out, or one of our errors; it never crashes or hangs.

Runs in the environment of requirements/fuzz.txt; `make fuzz` has the limits of time and memory.
"""

import sys

import atheris

with atheris.instrument_imports(include=["moderate", "PIL"]):
    from moderate.images.decode import decode
    from moderate.images.sandbox.protocol import MAX_VIEWS
from modest.errors import PublicError

SIZE = 16


def decode_once(data: bytes) -> None:
    try:
        picture = decode(data, SIZE)
    except PublicError:
        return
    assert 1 <= len(picture.views) <= MAX_VIEWS
    assert all(len(view) == SIZE * SIZE * 3 for view in picture.views)
    assert 1 <= picture.frames.judged <= picture.frames.total


if __name__ == "__main__":
    atheris.Setup(sys.argv, decode_once)
    atheris.Fuzz()
