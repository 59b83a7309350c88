"""Judges an image, then a good one; prints the outcome of the first, and the time and memory it took.

stdin: the length of the good image in four bytes, the good image, the other.
"""

import json
import re
import struct
import sys
import time
from pathlib import Path

from moderate.images.decode import decode
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
    classifier = Classifier(Path(sys.argv[1]))
    (length,) = struct.unpack(">I", sys.stdin.buffer.read(4))
    good, data = sys.stdin.buffer.read(length), sys.stdin.buffer.read()
    judge(classifier, good)
    before = memory_mib("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    began = time.process_time()
    try:
        judge(classifier, data)
        outcome = "judged"
    except PublicError as error:
        outcome = type(error).__name__
    seconds = time.process_time() - began
    growth_mib = memory_mib("VmHWM") - before
    judge(classifier, good)
    print(json.dumps({"outcome": outcome, "seconds": seconds, "growth_mib": growth_mib}))


if __name__ == "__main__":
    main()
