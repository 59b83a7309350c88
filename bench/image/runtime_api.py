"""Runs inside the image, acts as Lambda's Runtime API for its entrypoint, and times it.

    python -m bench.image.runtime_api STARTS CALLS EVENT.json...

Each start is a new process, which is ready when it asks for its first event. CALLS calls with each event follow the
last start. The result is one line of JSON. This module uses only the standard library.
"""

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

from bench.processes import cpu_seconds, process_tree, pss_megabytes

TASK_ROOT = "/var/task"
ENTRYPOINT = ["/usr/local/bin/entrypoint", "moderate.main.handler"]
LOG = Path("/tmp/log")  # noqa: S108 - the container has no other place to write to
# Long enough for the container's CPU quota to recover before the next start.
_PAUSE_SECONDS = 0.5


class RuntimeApi(ThreadingHTTPServer):
    """Serves events one at a time and records when each was requested and answered."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Queue[float] = Queue()
        self.events: Queue[bytes] = Queue()
        self.answers: Queue[tuple[float, bytes]] = Queue()
        Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_arguments: Any) -> None:
        """Ignores errors: a process that is killed closes its connection in the middle of a request."""

    def call(self, event: bytes) -> float:
        """Delivers an event and returns the seconds until its answer."""
        start = time.monotonic()
        self.events.put(event)
        end, body = self.answers.get(timeout=60)
        if json.loads(body)["statusCode"] != 200:  # noqa: PLR2004
            raise RuntimeError(body[:1000].decode())
        return end - start


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def do_GET(self) -> None:
        self.server.asked.put(time.monotonic())
        event = self.server.events.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "5f2f0b5c-3f7e-4c3e-9d31-6d4f4f6c9a01")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 29) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
        # Lambda's client crashes without a content type.
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/error"):
            sys.stderr.write(body.decode() + "\n")
        self.server.answers.put((time.monotonic(), body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


def start_once(event: bytes, *, others: list[bytes], calls: int) -> dict[str, Any]:
    api = RuntimeApi()
    environment = os.environ | {"PYTHONPATH": TASK_ROOT, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_address[1]}"}
    began = time.monotonic()
    with LOG.open("wb") as log:
        process = subprocess.Popen(ENTRYPOINT, env=environment, stdout=log)  # noqa: S603
    try:
        ready = api.asked.get(timeout=60) - began
        ready_cpu = cpu_seconds(process_tree(process.pid))
        first = api.call(event)
        found: dict[str, Any] = {
            "ready": ready,
            "ready_cpu": ready_cpu,
            "first_answer": ready + first,
            "pss_mb": pss_megabytes(process.pid),
        }
        found["log_bytes"] = LOG.stat().st_size
        if calls:
            found["warm"] = [[api.call(other) for _ in range(calls)] for other in others]
            found["pss_mb_at_the_end"] = pss_megabytes(process.pid)
        return found
    finally:
        for member in process_tree(process.pid):
            os.kill(member, signal.SIGKILL)
        process.wait()
        api.shutdown()


def main() -> None:
    starts, calls = int(sys.argv[1]), int(sys.argv[2])
    events = [Path(path).read_bytes() for path in sys.argv[3:]]
    found = []
    for number in range(starts):
        time.sleep(_PAUSE_SECONDS)
        last = number == starts - 1
        found.append(start_once(events[0], others=events, calls=calls if last else 0))
    sys.stdout.write(json.dumps(found) + "\n")


main()
