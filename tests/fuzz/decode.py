"""Fuzzes the decoder, guided by coverage: a picture comes out, or one of our errors; it never crashes or hangs.

Runs in the environment of requirements/fuzz.txt. The first argument is the photo by which it measures time, the others
are libFuzzer's; `make fuzz` has the limit of memory.
"""

import sys
from functools import partial
from pathlib import Path

import atheris
from tests.helpers.reference import MAX_DECODES, Stopwatch, processor_seconds

with atheris.instrument_imports(include=["moderate", "PIL"]):
    from moderate.images.decode import decode
    from moderate.images.limits import MAX_VIEWS_OF_CALL
    from moderate.images.points_grid import BYTES
from modest.errors import PublicError

SIZE = 16
# The fuzzer watches every line of Python, which takes several times as long as it does otherwise.
MOST_DECODES = 5 * MAX_DECODES


def decode_in_time(most_seconds: float, data: bytes) -> None:
    assert processor_seconds(partial(decode_once, data)) < most_seconds


def decode_once(data: bytes) -> None:
    try:
        picture = decode(data, SIZE, points=True)
    except PublicError:
        return
    assert 1 <= len(picture.views) <= MAX_VIEWS_OF_CALL
    assert all(len(view) == SIZE * SIZE * 3 for view in picture.views)
    assert [len(points) for points in picture.points] == [BYTES] * len(picture.whole)
    assert 1 <= picture.frames.judged <= picture.frames.total


if __name__ == "__main__":
    stopwatch = Stopwatch(Path(sys.argv.pop(1)).read_bytes())
    atheris.Setup(sys.argv, partial(decode_in_time, MOST_DECODES * stopwatch.decode_seconds()))
    atheris.Fuzz()
