"""A way to a server on which answers get lost."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
from tests.helpers.waiting import HANGS_SECONDS

_OWN = ("content-length", "connection", "date", "server", "transfer-encoding")


class Mishap(Enum):
    REFUSED = auto()
    """429, as API Gateway answers it: the request gets no further."""
    TIMED_OUT = auto()
    """504: the request was carried out, and its answer never comes."""
    BROKEN_OFF = auto()
    """The request was carried out, and the connection ends without an answer."""


@contextmanager
def lossy_proxy(url: str, mishaps: Sequence[Mishap]) -> Iterator[str]:
    """Where `url` is reached by requests that meet with `mishaps`, one each, before they are answered."""
    left = iter(mishaps)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            mishap = next(left, None)
            if mishap is Mishap.REFUSED:
                return self._answer(429, {"Retry-After": "1"}, b"{}")
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = httpx2.post(url + self.path, content=body, headers=headers, timeout=HANGS_SECONDS)
            if mishap is Mishap.TIMED_OUT:
                return self._answer(504, {}, b"{}")
            if mishap is Mishap.BROKEN_OFF:
                self.close_connection = True
                return None
            kept = {name: value for name, value in answer.headers.items() if name not in _OWN}
            return self._answer(answer.status_code, kept, answer.content)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - its name where it is overridden
            pass

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
