"""Thousands of calls of every kind to one service: its memory stays, and each call gets its own answer.

`python -m tests.load.soak`, as root: the service runs in a network namespace, where the URLs lead to fixtures.
"""

import argparse
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.support import MOSAICS, ROOT
from tests.hostile.namespace import internet
from tests.hostile.processes import resident_bytes
from tests.hostile.service import ServiceProcess, serving
from tests.load import traffic
from tests.load.traffic import Kind

CLIENTS = 4
MAX_GROWTH = 0.1
MEGABYTE = 1024 * 1024
MODEL = ROOT / ".build" / "model" / "mobilenet_v2.onnx"


@dataclass(frozen=True)
class Report:
    requests: int
    seconds: float
    warm_bytes: int
    end_bytes: int
    answered: list[str]
    """The id of every answer."""
    logged: list[str]
    """The id of every call in the service's log."""

    @property
    def growth(self) -> float:
        return self.end_bytes / self.warm_bytes - 1

    def check(self) -> None:
        """Raises AssertionError."""
        assert len(set(self.answered)) == self.requests
        assert sorted(self.answered) == sorted(self.logged)
        assert abs(self.growth) <= MAX_GROWTH


@contextlib.contextmanager
def service_to_load(folder: Path, model: Path) -> Iterator[ServiceProcess]:
    files = {f"{traffic.HOST}/{page}": MOSAICS / page for page in traffic.PAGES.values()}
    zone = {traffic.HOST: [traffic.ADDRESS]}
    with internet(folder, zone=zone, files=files) as web, serving(web, folder, model) as service:
        yield service


def soak(folder: Path, model: Path, kinds: Sequence[Kind], *, requests: int, warm_up: int) -> Report:
    """Raises AssertionError where an answer is not the one that belongs to its request."""
    start = time.monotonic()
    with service_to_load(folder, model) as service:
        answered = _ask(service, kinds, range(warm_up))
        warm = resident_bytes(service.process.pid)
        _say(service, warm_up)
        for first in range(warm_up, requests, warm_up):
            numbers = range(first, min(first + warm_up, requests))
            answered += _ask(service, kinds, numbers)
            _say(service, numbers.stop)
        end = resident_bytes(service.process.pid)
    calls = [json.loads(line) for line in service.stdout.read_text().splitlines() if '"message":"call"' in line]
    logged = [call["request_id"] for call in calls if call.get("route") != "/health"]
    return Report(requests, time.monotonic() - start, warm, end, answered, logged)


def _ask(service: ServiceProcess, kinds: Sequence[Kind], numbers: range) -> list[str]:
    def ask(number: int) -> str:
        answer = kinds[number % len(kinds)](service.client, number)
        request_id: str = answer.headers["x-request-id"]
        assert request_id in answer.text
        return request_id

    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(ask, numbers))


def _say(service: ServiceProcess, done: int) -> None:
    print(f"{done:6} requests  {resident_bytes(service.process.pid) / MEGABYTE:6.1f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--warm-up", type=int, default=500)
    options = parser.parse_args()
    model = Path(os.environ.get("MODEL_PATH", MODEL)).resolve()
    with tempfile.TemporaryDirectory() as folder:
        report = soak(Path(folder), model, traffic.ALL, requests=options.requests, warm_up=options.warm_up)
    print(
        f"{report.requests} requests in {report.seconds:.0f} s; memory after {options.warm_up} and at the end: "
        f"{report.warm_bytes / MEGABYTE:.1f} and {report.end_bytes / MEGABYTE:.1f} MB ({report.growth:+.1%}); "
        f"{len(set(report.answered))} different answers, {len(report.logged)} calls logged"
    )
    report.check()


if __name__ == "__main__":
    main()
