"""Judges an image, then a good one; prints the outcome of the first, and the time and memory that decoding it took.

Arguments: the model, and the photo whose decode is the unit of time.
stdin: the length of the good image in four bytes, the good image, the other.
"""

import json
import re
import struct
import sys
from pathlib import Path

from tests.helpers.reference import Stopwatch

from moderate.images.decode import decode
from moderate.images.room import NeedsRoom, granting
from moderate.images.views import View
from moderate.inference.classifier import Classifier
from modest.errors import PublicError


def judge(classifier: Classifier, data: bytes) -> None:
    for view in decode(data, classifier.model.size).views:
        classifier.classify(view)


def memory_mib(field: str) -> float:
    """Returns the present (VmRSS) or the highest (VmHWM) memory of this program alone, unlike getrusage."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def main() -> None:
    classifier, stopwatch = Classifier(Path(sys.argv[1])), Stopwatch(Path(sys.argv[2]).read_bytes())
    (length,) = struct.unpack(">I", sys.stdin.buffer.read(4))
    good, data = sys.stdin.buffer.read(length), sys.stdin.buffer.read()
    outcome, growth_mib, needed = "", 0.0, 0
    views: tuple[View, ...] = ()

    def decode_hostile() -> None:
        nonlocal outcome, growth_mib, needed, views
        before = memory_mib("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        try:
            with granting(needed):
                views = decode(data, classifier.model.size).views
            outcome = "judged"
        except NeedsRoom as more:
            needed = more.needed
        except PublicError as error:
            outcome = type(error).__name__
        growth_mib = memory_mib("VmHWM") - before

    judge(classifier, good)
    while not outcome:
        decodes = stopwatch.decodes(decode_hostile)
    for view in views:
        classifier.classify(view)
    judge(classifier, good)
    measured = {"outcome": outcome, "decodes": decodes, "views": len(views), "growth_mib": growth_mib}
    print(json.dumps({**measured, "needed_mib": needed / 1024**2}))


if __name__ == "__main__":
    main()
