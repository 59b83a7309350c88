"""The unit of time: Pillow's decode of an ordinary photo of 12 megapixels, in the same process at the same moment.

Seconds say how quick a machine is and how busy. Multiples of this unit say the same everywhere.
"""

import ctypes
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PIL import Image

MAX_DECODES = 2 / 0.126
"""The number that takes 2 seconds on a slow Lambda core: a Xeon of 2.5 GHz needs 126 ms for one."""

# From Linux's <sys/prctl.h>.
_PR_SET_THP_DISABLE = 41


class Stopwatch:
    """Measures processor time in decodes of the reference photo."""

    def __init__(self, photo: bytes) -> None:
        self._photo = photo
        # The first decode of a process takes longer than all others.
        self._decode()

    def decode_seconds(self) -> float:
        return processor_seconds(self._decode)

    def decodes(self, work: Callable[[], object]) -> float:
        """Returns how many times longer `work` takes than the reference just before and just after it."""
        before, taken, after = self.decode_seconds(), processor_seconds(work), self.decode_seconds()
        return 2 * taken / (before + after)

    def _decode(self) -> None:
        # Huge pages, which the decoding process asks for, would make this decode a quarter shorter.
        with _small_pages(), Image.open(io.BytesIO(self._photo)) as image:
            image.load()


def processor_seconds(work: Callable[[], object]) -> float:
    """Returns the time that this process works, not that which it waits for its turn."""
    start = time.process_time()
    work()
    return time.process_time() - start


@contextmanager
def _small_pages() -> Iterator[None]:
    """Has this process given memory in pages of 4 KB, as it is where there are no others."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if not prctl:
        yield
        return
    prctl(_PR_SET_THP_DISABLE, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_THP_DISABLE, 0, 0, 0, 0)
