"""Runs the service, sends it requests and says what each cost in processor time and memory."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import httpx2
from tests.dearest.requests import Request
from tests.helpers import reference
from tests.helpers.reference import MAX_DECODES, Stopwatch
from tests.helpers.support import mosaic
from tests.helpers.waiting import HANGS_SECONDS, wait_until
from tests.hostile.processes import Peak, processor_seconds, resident_bytes
from tests.hostile.service import memory_settings

from moderate.images.limits import MAX_VIEWS_OF_CALL, MAX_VIEWS_OF_STILL
from moderate.inference.classifier import Classifier
from modest.api_keys import new_key

MAX_REFERENCES = 6
MEGABYTE = 1024 * 1024
MAX_GROWTH = 150_000_000
# 270 are aimed at, and held to by a service that has the machine to itself.
MAX_GROWTH_OF_A_LARGE_PICTURE = 300 * MEGABYTE
GOOD = Request("a mosaic", "POST", "/v1/check", body=mosaic("neutral.png"))
_DOUBTFUL = Request("a flagged mosaic", "POST", "/v1/check", body=mosaic("of-both-models/porn.png"))
# What second opinions on as many views as a still has take, in views of the first model.
_VIEWS_OF_SECOND_OPINIONS = 2 * MAX_VIEWS_OF_STILL
_CALLS = 20
# As many as it takes for every decoder to have had one.
_PHOTOS = 12


@dataclass(frozen=True)
class Cost:
    status: int
    seconds: float
    """Processor time of all processes of the service."""
    growth: int
    """The bytes that it held at most beyond those of the idle service, which has judged photos with both models."""
    added: int
    """The bytes that it held at most beyond those just before."""


class Service:
    def __init__(
        self, process: subprocess.Popen[str], clients: Sequence[httpx2.Client], photo: bytes, classifier: Classifier
    ) -> None:
        self._process = process
        self._classifier = classifier
        self.customer, self.other = clients
        self._stopwatch = Stopwatch(photo)
        for client in clients:
            for good in [GOOD] * _CALLS + [replace(GOOD, body=photo)] * _PHOTOS + [_DOUBTFUL]:
                send(client, good)
        self.idle_bytes = resident_bytes(process.pid)

    def kept_bytes(self) -> int:
        """Returns what it holds at this moment beyond what it did when idle."""
        return resident_bytes(self._process.pid) - self.idle_bytes

    def cost(self, request: Request, *, at_once: int = 1) -> Cost:
        """Returns what a call costs; of several at once, what all of them do."""
        bytes_before, before = resident_bytes(self._process.pid), processor_seconds(self._process.pid)
        with Peak(self._process.pid) as peak, ThreadPoolExecutor(at_once) as threads:
            statuses = list(threads.map(lambda _: send(self.customer, request), range(at_once)))
        seconds = processor_seconds(self._process.pid) - before
        return Cost(max(statuses), seconds, peak.bytes - self.idle_bytes, max(0, peak.bytes - bytes_before))

    def reference_seconds(self) -> float:
        """Returns the processor time of a good image's whole call."""
        before = processor_seconds(self._process.pid)
        for _ in range(_CALLS):
            send(self.customer, GOOD)
        return (processor_seconds(self._process.pid) - before) / _CALLS

    def bound_seconds(self) -> float:
        """Returns how long one call may take at this moment: six good calls, and an animation with all its views.

        Twelve of them are shown to both models.
        """
        decoding = MAX_DECODES * self._stopwatch.decode_seconds()
        judging = (MAX_VIEWS_OF_CALL + _VIEWS_OF_SECOND_OPINIONS) * self._judging_seconds()
        return MAX_REFERENCES * self.reference_seconds() + decoding + judging

    def _judging_seconds(self) -> float:
        view = bytes(self._classifier.model.size**2 * 3)
        return reference.processor_seconds(lambda: [self._classifier.classify(view) for _ in range(_CALLS)]) / _CALLS

    def seconds_beside(self, request: Request, *, at_once: int = 10, seconds: float = 5) -> list[float]:
        """Returns how long another customer waits for each good answer while this request is sent again and again."""
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            # Wait until the other process is there, which sends from an interpreter of its own.
            process.submit(len, "").result()
            facts = str(self.customer.base_url), self.customer.headers["x-api-key"], request, at_once, seconds
            flood = process.submit(repeat, *facts)
            waited = []
            while not flood.done():
                waited.append(self._seconds_of_another())
            flood.result()
            return waited

    def seconds_alone(self) -> list[float]:
        return [self._seconds_of_another() for _ in range(_CALLS)]

    def _seconds_of_another(self) -> float:
        start = time.monotonic()
        assert send(self.other, GOOD) == httpx2.codes.OK
        return time.monotonic() - start


def send(client: httpx2.Client, request: Request) -> int:
    """Returns the status, or 0 if the connection is closed without an answer."""
    url = httpx2.URL(request.path).copy_with(query=request.query or None)
    step = request.chunk_bytes
    chunks = (request.body[at : at + step] for at in range(0, len(request.body), step)) if step else request.body
    try:
        return client.request(request.method, url, headers=list(request.headers), content=chunks).status_code
    except httpx2.TransportError:
        return 0


def repeat(url: str, key: str, request: Request, at_once: int, seconds: float) -> None:
    """Sends a request again and again on several connections."""
    end = time.monotonic() + seconds

    def send_until_the_end(_number: int) -> None:
        while time.monotonic() < end:
            send(client, request)

    with (
        httpx2.Client(base_url=url, headers={"x-api-key": key}, timeout=HANGS_SECONDS) as client,
        ThreadPoolExecutor(at_once) as threads,
    ):
        list(threads.map(send_until_the_end, range(at_once)))


@contextlib.contextmanager
def serving(folder: Path, model: Path, photo: Path) -> Iterator[Service]:
    """Starts the service as it ships, with keys of two customers."""
    keys = [new_key(), new_key()]
    (folder / "keys").write_text("\n".join(keys))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "moderate.serve", "--keys", str(folder / "keys"), "--port", str(port)]
    settings = {"MODEL_PATH": str(model), "LOG_LEVEL": "ERROR", "POWERTOOLS_METRICS_DISABLED": "true"}
    environment = os.environ | memory_settings() | settings
    with contextlib.ExitStack() as opened:
        process = opened.enter_context(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, text=True))
        opened.callback(process.terminate)
        clients = [
            opened.enter_context(
                httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers={"x-api-key": key}, timeout=HANGS_SECONDS)
            )
            for key in keys
        ]
        health = Request("", "GET", "/health")
        assert wait_until(lambda: send(clients[0], health) > 0, alive=lambda: process.poll() is None)
        yield Service(process, clients, photo.read_bytes(), Classifier(model))
