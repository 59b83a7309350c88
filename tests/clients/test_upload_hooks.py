"""The recipes of docs/upload-hooks.md, each run as it stands in front of a place where uploads are stored."""

import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.helpers.local_gateway import LocalGateway
from tests.helpers.lossy_proxy import Mishap, lossy_proxy
from tests.helpers.nginx import nginx
from tests.helpers.photos import photo
from tests.helpers.support import MOSAICS, ROOT, encoded
from tests.helpers.waiting import HANGS_SECONDS

PAGE = (ROOT / "docs" / "upload-hooks.md").read_text()
SNIPPETS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
PICT_RS, NGINX = (text for kind, text in SNIPPETS if kind == "nginx")
((_, SHELL),) = [found for found in SNIPPETS if found[0] == "sh"]
((_, JAVASCRIPT),) = [found for found in SNIPPETS if found[0] == "javascript"]
SERVICE = "https://modest.example/prod"
FLAGGED = (MOSAICS / "of-both-models/porn.png").read_bytes()
SAFE = encoded(photo("chelsea"), "JPEG")

Upload = Callable[[bytes], bool]
"""Returns whether the upload was stored."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    with LocalGateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def changed(recipe: str, *changes: tuple[str, object]) -> str:
    """The recipe with what an operator has to fill in."""
    for text, filled in changes:
        assert text in recipe, text
        recipe = recipe.replace(text, str(filled))
    return recipe


@contextmanager
def store() -> Iterator[tuple[int, list[bytes]]]:
    """The application behind nginx: its port, and what it has stored."""
    stored: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            stored.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(201)
            self.end_headers()

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - its name where it is overridden
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, stored
        server.shutdown()


@contextmanager
def pict_rs(url: str, key: str, folder: Path, seconds: int) -> Iterator[Upload]:
    port = free_port()
    filled = [(SERVICE, url), ("mod_live_…", key), ("127.0.0.1:8086", f"127.0.0.1:{port}"), ("30s", f"{seconds}s")]

    def upload(data: bytes) -> bool:
        # It streams the file, so that its length is not announced.
        kind = "image/jpeg" if data == SAFE else "image/png"
        answer = httpx2.post(
            f"http://127.0.0.1:{port}/gate", content=iter([data]), headers={"Content-Type": kind}, timeout=HANGS_SECONDS
        )
        return answer.is_success

    with nginx(folder, changed(PICT_RS, *filled)):
        yield upload


@contextmanager
def shell(url: str, key: str, folder: Path, seconds: int) -> Iterator[Upload]:
    script = folder / "upload-hook"
    script.write_text(changed(SHELL, ("--max-time 30", f"--max-time {seconds}")))

    def upload(data: bytes) -> bool:
        (folder / "an upload.png").write_bytes(data)
        environment = {"MODEST_URL": url, "MODEST_KEY": key, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            ["sh", script, "an upload.png"], cwd=folder, env=environment, check=False, capture_output=True
        )
        assert done.returncode in (0, 1, 75)
        return done.returncode == 0

    yield upload


@contextmanager
def njs(url: str, key: str, folder: Path, seconds: int) -> Iterator[Upload]:
    (folder / "gate.js").write_text(JAVASCRIPT)
    port = free_port()
    with store() as (store_port, stored):
        filled = [
            (SERVICE, url),
            ("mod_live_…", key),
            ("listen 8080", f"listen 127.0.0.1:{port}"),
            ("30s", f"{seconds}s"),
        ]
        filled += [("127.0.0.1:9000", f"127.0.0.1:{store_port}"), ("js_path /etc/nginx", f"js_path {folder}")]

        def upload(data: bytes) -> bool:
            before = len(stored)
            url = f"http://127.0.0.1:{port}/upload"
            # Whoever uploads must not choose with which key, or as a repetition of what, the gate is asked.
            own = {
                "Content-Type": "image/png",
                "x-api-key": "mod_live_other",
                "Idempotency-Key": "one",
                "Via": "1.1 modest",
            }
            answer = httpx2.post(url, content=data, headers=own, timeout=HANGS_SECONDS)
            assert answer.status_code in (201, 406, 503), answer.text
            assert stored[before:] == ([data] if answer.status_code == 201 else [])
            fields = {"policy": "lenient", "url": "https://example.com/"}
            form = httpx2.post(url, files={"file": ("a.png", data)}, data=fields, timeout=HANGS_SECONDS)
            assert form.status_code == answer.status_code
            assert len(stored) - before in (0, 2)
            return len(stored) > before

        with nginx(folder, changed(NGINX, *filled)):
            yield upload


HOOKS = {"pict-rs": pict_rs, "shell": shell, "nginx": njs}


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_a_safe_upload_is_stored_and_a_flagged_one_or_no_image_is_not(
    gateway: LocalGateway, tmp_path: Path, hook: Any
) -> None:
    with hook(gateway.url, gateway.key("mega"), tmp_path, HANGS_SECONDS) as upload:
        assert [upload(data) for data in (SAFE, FLAGGED, b"text", FLAGGED[:500], SAFE)] == [
            True,
            False,
            False,
            False,
            True,
        ]


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("fault", ["down", "silent", "throttled", "late", "unknown key"])
@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_nothing_is_stored_while_no_verdict_comes(gateway: LocalGateway, tmp_path: Path, hook: Any, fault: str) -> None:
    with ExitStack() as stack:
        key, url = gateway.key("mega"), gateway.url
        match fault:
            case "down":
                url = f"http://127.0.0.1:{free_port()}"
            case "silent":
                url = stack.enter_context(silent())
            case "throttled":
                url = stack.enter_context(lossy_proxy(url, [Mishap.REFUSED] * 9))
            case "late":
                url = stack.enter_context(lossy_proxy(url, [Mishap.TIMED_OUT] * 9))
            case _:
                key = "mod_live_wrong"
        upload = stack.enter_context(hook(url, key, tmp_path, 1 if fault == "silent" else HANGS_SECONDS))
        assert upload(SAFE) is False
