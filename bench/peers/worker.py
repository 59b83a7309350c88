"""Runs a contestant's operations in its own process and times them there. Uses only the standard library.

Reads and writes lines of JSON: {"operation": "judge", "paths": ["…"]} -> {"wall": 0.0123, "cpu": 0.0121}.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.processes import own_cpu_seconds

# Libraries must not print between the answers, and some keep a reference to stdout when they are imported.
_answers, sys.stdout = sys.stdout, sys.stderr

_SETTLE_SECONDS = 0.003

Prepare = Callable[[list[bytes]], Callable[[], object]]
"""Turns the files of a request into the call to time."""


def bytes_in(call: Callable[[bytes], object]) -> Prepare:
    """Makes an operation on the bytes of one file."""
    return lambda files: lambda: call(files[0])


def nothing_in(call: Callable[[], object]) -> Prepare:
    return lambda _files: call


def serve(operations: Mapping[str, Prepare], *, packages: tuple[str, ...], threads: int, **facts: Any) -> None:
    about = {"versions": {name: version(name) for name in packages}, "threads": threads, **facts}
    _send_answer({"python": sys.version.split()[0], **about})
    for line in sys.stdin:
        request = json.loads(line)
        call = operations[request["operation"]]([Path(path).read_bytes() for path in request["paths"]])
        cpu, start = own_cpu_seconds(), time.perf_counter()
        call()
        wall = time.perf_counter() - start
        # The CPU time of other processes is updated only when they sleep.
        time.sleep(_SETTLE_SECONDS)
        _send_answer({"wall": wall, "cpu": own_cpu_seconds() - cpu})


def _send_answer(answer: dict[str, Any]) -> None:
    _answers.write(json.dumps(answer) + "\n")
    _answers.flush()
