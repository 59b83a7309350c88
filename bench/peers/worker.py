"""A contestant's side: its operations, timed where they run. It knows the standard library alone.

One JSON line in, one out: {"operation": "judge", "paths": ["…"]} -> {"wall": 0.0123, "cpu": 0.0121}.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.processes import own_cpu_seconds

# What a library prints must not get between the answers; and some take hold of stdout when they are imported.
_answers, sys.stdout = sys.stdout, sys.stderr

_ALL_ASLEEP_SECONDS = 0.003

Prepare = Callable[[list[bytes]], Callable[[], object]]
"""The files of a request -> the call that is timed."""


def bytes_in(call: Callable[[bytes], object]) -> Prepare:
    """An operation on one file's bytes."""
    return lambda files: lambda: call(files[0])


def nothing_in(call: Callable[[], object]) -> Prepare:
    return lambda _files: call


def serve(operations: Mapping[str, Prepare], *, packages: tuple[str, ...], threads: int, **facts: Any) -> None:
    about = {"versions": {name: version(name) for name in packages}, "threads": threads, **facts}
    _say({"python": sys.version.split()[0], **about})
    for line in sys.stdin:
        request = json.loads(line)
        call = operations[request["operation"]]([Path(path).read_bytes() for path in request["paths"]])
        cpu, start = own_cpu_seconds(), time.perf_counter()
        call()
        wall = time.perf_counter() - start
        # What another process has just done is booked when it sleeps.
        time.sleep(_ALL_ASLEEP_SECONDS)
        _say({"wall": wall, "cpu": own_cpu_seconds() - cpu})


def _say(answer: dict[str, Any]) -> None:
    _answers.write(json.dumps(answer) + "\n")
    _answers.flush()
