"""The local gateway for tests: as a process of its own, or its ASGI application over functions of the test's own."""

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
from tests.helpers.support import ROOT
from tests.helpers.waiting import HANGS_SECONDS, wait_until
from typer.testing import CliRunner, Result

from authorizer.main import handler as authorize
from modest.api_keys import hash_of, new_key
from modest_cli.main import app
from modest_local import meters
from modest_local.api import Api, Throttle, read_api
from modest_local.gateway import Gateway
from modest_local.keys import ApiKey, UsagePlan
from modest_local.meters import MonthlyQuotas, TokenBuckets
from modest_local.template import load, resolve, translate
from modest_local.workers import Handler, WorkerPool


class LocalGateway:
    """`python -m modest_local` on free ports, its state in a folder of the test's own."""

    def __init__(self, folder: Path, *, template: Path = ROOT / "template.yaml", module: str = "modest_local") -> None:
        """module: what is run, if not that itself."""
        self.folder = folder
        self._template = template
        self._module = module
        port, aws_port = _free_ports()
        self._ports = ["--port", str(port), "--aws-port", str(aws_port)]
        self.url = f"http://127.0.0.1:{port}"
        self.aws_url = f"http://127.0.0.1:{aws_port}"

    def __enter__(self) -> "LocalGateway":
        command = [sys.executable, "-m", self._module, *self._ports]
        command += ["--template", str(self._template), "--state", str(self.folder)]
        settings = {
            "MODEL_PATH": str(ROOT / ".build/model/mobilenet_v2.onnx"),
            "POWERTOOLS_METRICS_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
        }
        self._log = self.folder / "gateway.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=log, stderr=log)
        if not wait_until(self._answers, alive=lambda: self._process.poll() is None):
            raise RuntimeError(f"the local gateway did not come up:\n{self.log}")
        exports = re.findall(r"export (AWS_.*)=(.*)", (self.folder / "operator.env").read_text())
        self.aws_environment = dict(exports)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(HANGS_SECONDS)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                client.get("/nowhere")
        except httpx2.TransportError:
            return False
        return True

    def kill(self) -> None:
        """Ends the process as `kill -9` does, in the middle of whatever it does."""
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text()

    def key(self, plan: str) -> str:
        return str(json.loads((self.folder / "keys.json").read_text())[plan])

    def client(self, key: str = "") -> httpx2.Client:
        headers = {"x-api-key": key} if key else {}
        # Reading the authorities' certificates, which HTTP does not need, takes longer than a call.
        return httpx2.Client(base_url=self.url, timeout=HANGS_SECONDS, headers=headers, verify=False)

    def modest(self, *arguments: str) -> Result:
        """The operator's command against it."""
        return CliRunner().invoke(app, arguments, env=self.aws_environment)


def changed_template(folder: Path, changes: Mapping[str, str]) -> Path:
    """Writes the template with each pattern replaced where it is found first. Returns where it is."""
    template = (ROOT / "template.yaml").read_text()
    for pattern, replacement in changes.items():
        template, replaced = re.subn(pattern, replacement, template, count=1)
        assert replaced == 1, pattern
    path = folder / "template.yaml"
    path.write_text(template)
    return path


@contextmanager
def in_memory(schema: str) -> Iterator[sqlite3.Connection]:
    """Opens a database like those of the state folder, which ends with the test."""
    with closing(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)) as connection:
        connection.execute(schema)
        yield connection


@dataclass
class FakeKeys:
    """As KeyCache, over a dictionary."""

    keys: dict[str, ApiKey] = field(default_factory=dict)
    is_stale: bool = False
    times_refreshed: int = 0

    def hand_out(self, plan: UsagePlan) -> str:
        key = new_key()
        self.keys[hash_of(key)] = ApiKey(f"id{len(self.keys)}", hash_of(key), plan)
        return key

    def refresh(self) -> None:
        self.times_refreshed += 1
        self.is_stale = False

    def find(self, value: str) -> ApiKey | None:
        return self.keys.get(value)


@dataclass
class Clock:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


GENEROUS = UsagePlan("p", "Generous", Throttle(1000, 1000), 1000)


def echo(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A function that answers what it was given."""
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


@cache
def the_api() -> Api:
    return read_api(resolve(translate(load(ROOT / "template.yaml")), {}), "abcdef1234")


class Bench:
    """The gateway's own code around a function of the test's own; the template is the real one."""

    def __init__(
        self, function: Handler = echo, *, timeout: float = HANGS_SECONDS, decide: Callable[..., Any] = authorize
    ) -> None:
        self.keys = FakeKeys()
        self.clock = Clock()
        self.now = datetime(2026, 11, 23, 3, 52, tzinfo=UTC)
        self.api = the_api()
        self.workers = WorkerPool(function, threads=8)
        self._decide = decide
        self._timeout = timeout
        self._buckets = TokenBuckets(self.clock)
        self._opened = ExitStack()
        counters = self._opened.enter_context(in_memory(meters.SCHEMA))
        self._quotas = MonthlyQuotas(lambda: self.now, counters)

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self.workers.close()
        self._opened.close()

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        return self.calls([(method, path, options)])[0]

    def calls(self, calls: list[tuple[str, str, Mapping[str, Any]]]) -> list[httpx2.Response]:
        """All at once."""

        async def send() -> list[httpx2.Response]:
            transport = httpx2.ASGITransport(app=self.gateway())
            async with httpx2.AsyncClient(transport=transport, base_url="http://gateway:3000") as client:
                return await asyncio.gather(
                    *(client.request(method, path, **options) for method, path, options in calls)
                )

        return asyncio.run(send())

    def gateway(self) -> Gateway:
        return Gateway(
            self.api,
            self.keys,
            self._decide,
            self.workers,
            buckets=self._buckets,
            quotas=self._quotas,
            timeout=self._timeout,
        )


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(other.getsockname()[1])
