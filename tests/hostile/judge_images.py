"""Judges images; says what became of each, and how much time and memory decoding it took.

Each is judged in a process of its own, a copy of this one, which has loaded the model and decoded the photo alone.
Most take no time worth comparing: only one that takes too many of the shortest decodes of the photo is compared with
decodes just before and just after it.
Arguments: the model, the photo whose decode is the unit of time, and a good image, which is judged before and after.
stdin: the path of an image on each line. stdout: the exit code of its process, which leaves a JSON file beside it.
"""

import json
import os
import re
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.helpers.reference import MAX_DECODES, Stopwatch, processor_seconds
from tests.helpers.waiting import HANGS_SECONDS

from moderate.images.decode import decode
from moderate.images.decoded import View
from moderate.images.room import NeedsRoom, granting
from moderate.inference.classifier import Classifier
from modest.errors import PublicError

_DECODES = 5


@dataclass(frozen=True)
class Measured:
    outcome: str
    decodes: float
    """The processor time that decoding it took, in decodes of the reference photo, or more than that."""
    views: int
    growth_mib: float
    needed_mib: float
    """What the decoder asked for."""


def measure(classifier: Classifier, stopwatch: Stopwatch, shortest: float, good: bytes, data: bytes) -> Measured:
    """shortest: how many seconds a decode of the reference photo takes at least."""
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
        growth_mib = max(growth_mib, memory_mib("VmHWM") - before)

    judge(classifier, good)
    while not outcome:
        decodes = processor_seconds(decode_hostile) / shortest
    if decodes > MAX_DECODES:
        decodes = stopwatch.decodes(decode_hostile)
    for view in views:
        classifier.classify(view)
    judge(classifier, good)
    return Measured(outcome, decodes, len(views), growth_mib, needed / 1024**2)


def judge(classifier: Classifier, data: bytes) -> None:
    for view in decode(data, classifier.model.size).views:
        classifier.classify(view)


def memory_mib(field: str) -> float:
    """Returns the present (VmRSS) or the highest (VmHWM) memory of this program alone, unlike getrusage."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def main() -> None:
    model, photo, good = map(Path, sys.argv[1:])
    classifier, stopwatch = Classifier(model), Stopwatch(photo.read_bytes())
    shortest = min(stopwatch.decode_seconds() for _ in range(_DECODES))
    for line in sys.stdin:
        child = os.fork()
        if not child:
            signal.alarm(HANGS_SECONDS)
            image = Path(line.rstrip("\n"))
            measured = measure(classifier, stopwatch, shortest, good.read_bytes(), image.read_bytes())
            image.with_suffix(".json").write_text(json.dumps(asdict(measured)))
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
