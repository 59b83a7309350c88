"""S3 as it can be on a bad day: a server that gives the answers that it was told, in order."""

import threading
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
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield HostileS3(f"http://127.0.0.1:{server.server_port}", handler)
    finally:
        server.shutdown()
        server.server_close()
