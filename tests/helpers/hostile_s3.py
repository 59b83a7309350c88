"""S3 as it can be on a bad day: a server that gives the answers that it was told, in order."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import boto3

from moderate.blocking.s3_place import S3Place, make_s3_client

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

DATA = bytes(range(256)) * 1000
PARTIAL = 206

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers: list[Answer]
    asked: list[dict[str, str]]

    def do_GET(self) -> None:
        self.asked.append({name.lower(): value for name, value in self.headers.items()})
        self.answers.pop(0)(self)

    def send(self, status: int, body: bytes = b"", *, length: int | None = None, tag: str = '"v1"') -> None:
        self.send_response(status)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        if length is not None and length != len(body):
            self.close_connection = True

    def send_rest(self, tag: str = '"v1"', *, later: int = 0, status: int = PARTIAL) -> None:
        """Sends the part that is asked for, or one that begins later."""
        start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-")) + later
        self.send_response(status)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(DATA) - start))
        if status == PARTIAL:
            self.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        self.end_headers()
        self.wfile.write(DATA[start:])

    def log_message(self, *_: object) -> None:
        pass


class HostileS3:
    def __init__(self, url: str, handler: type[Handler]) -> None:
        self.url = url
        self.place = S3Place("bucket", "lists", lambda: client_of(url))
        self._handler = handler

    def answers(self, *answers: Answer) -> None:
        self._handler.answers.extend(answers)

    @property
    def asked(self) -> list[dict[str, str]]:
        return self._handler.asked


def client_of(url: str) -> "S3Client":
    made = make_s3_client()
    return boto3.client("s3", endpoint_url=url, config=made.meta.config)


def error(status: int, code: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    return lambda handler: handler.send(status, body)


@contextmanager
def hostile_s3() -> Iterator[HostileS3]:
    handler = type("OneServer", (Handler,), {"answers": [], "asked": []})
    with _served(handler) as url:
        yield HostileS3(url, handler)


@contextmanager
def _served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Bucket:
    """An object in S3 that somebody writes again and again, and that S3 sends as it likes."""

    def __init__(self, url: str, state: "_Object") -> None:
        self.place = S3Place("bucket", "lists", lambda: client_of(url))
        self._state = state

    def write(self, data: bytes) -> None:
        self._state.write(data)


class _Object:
    def __init__(self, generator: random.Random) -> None:
        self.lock = threading.Lock()
        self.generator = generator
        self.data: bytes | None = None
        self.tag = ""
        self._writes = 0

    def write(self, data: bytes) -> None:
        with self.lock:
            self._writes += 1
            self.data, self.tag = data, f'"{self._writes}"'

    def fault(self) -> str:
        with self.lock:
            return self.generator.choice(
                ["", "", "", "", "", "cut off", "slow", "busy", "gone", "forbidden", "retagged"]
            )


class _BucketHandler(Handler):
    state: _Object

    def do_GET(self) -> None:
        state, fault = self.state, self.state.fault()
        with state.lock:
            if fault == "retagged":
                state.tag = f'"{state.tag[1:-1]}+"'
            data, tag = state.data, state.tag
        if fault in _REFUSALS or data is None:
            error(*_REFUSALS.get(fault, _REFUSALS["gone"]))(self)
        elif self.headers.get("If-Match", tag) != tag:
            error(412, "PreconditionFailed")(self)
        elif self.headers.get("If-None-Match") == tag:
            self.send(304, tag=tag)
        else:
            if fault == "slow":
                time.sleep(0.5)
            self._send_from(data, tag, cut_off=fault == "cut off")

    def _send_from(self, data: bytes, tag: str, *, cut_off: bool) -> None:
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        self.send_response(PARTIAL if asked else 200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data) - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        self.close_connection = cut_off
        self.wfile.write(data[start : start + (len(data) - start) // 2] if cut_off else data[start:])


_REFUSALS = {"busy": (503, "SlowDown"), "gone": (404, "NoSuchKey"), "forbidden": (403, "AccessDenied")}


@contextmanager
def bucket(generator: random.Random) -> Iterator[Bucket]:
    state = _Object(generator)
    with _served(type("OneBucket", (_BucketHandler,), {"state": state})) as url:
        yield Bucket(url, state)
