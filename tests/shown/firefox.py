"""A headless Firefox, which takes one screenshot and sends what a script on the page found."""

import json
import shutil
import subprocess
import tempfile
import threading
from contextlib import AbstractContextManager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_HELD = "/held"
_SECONDS = 600


class Firefox(AbstractContextManager["Firefox"]):
    """Pages of `folder`, served to it. A page that has an image of `/held` is taken when it has posted to `/held`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._profile = Path(tempfile.mkdtemp(dir=folder))
        (self._profile / "user.js").write_text('user_pref("network.proxy.type", 0);')
        self.posted: dict[str, tuple[list[tuple[int, int]], bytes]] = {}
        """What a page sent to each other path: sizes of frames, and their pixels."""
        self._done = threading.Event()
        outer = self

        class Handler(SimpleHTTPRequestHandler):
            extensions_map = SimpleHTTPRequestHandler.extensions_map | {".avif": "image/avif", ".webp": "image/webp"}

            def __init__(self, *given: Any) -> None:
                super().__init__(*given, directory=str(folder))

            def do_GET(self) -> None:
                if self.path == _HELD:
                    outer._done.wait(_SECONDS)
                    self.send_error(404)
                else:
                    super().do_GET()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == _HELD:
                    outer._done.set()
                else:
                    outer.posted[self.path[1:]] = (json.loads(self.headers["x-sizes"]), body)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *given: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def screenshot(self, page: str, size: tuple[int, int], out: Path) -> None:
        self._done.clear()
        subprocess.run(
            [
                str(shutil.which("firefox-esr")),
                "--headless",
                "--no-remote",
                f"--profile={self._profile}",
                f"--window-size={size[0]},{size[1]}",
                f"--screenshot={out}",
                f"http://127.0.0.1:{self._server.server_port}/{page}",
            ],
            capture_output=True,
            check=True,
            timeout=_SECONDS,
        )
