"""Debian's nginx with its module for JavaScript, unpacked into .build and not installed, so that nothing is started."""

import fcntl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.support import ROOT
from tests.helpers.waiting import HANGS_SECONDS

UNPACKED = ROOT / ".build" / "nginx"
_PACKAGES = ("nginx", "libnginx-mod-http-js")


def unpacked() -> Path:
    """Returns the folder with what the packages hold, which are fetched once."""
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with (UNPACKED / ".busy").open("w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        if not (UNPACKED / ".unpacked").exists():
            subprocess.run(["apt-get", "--quiet", "download", *_PACKAGES], cwd=UNPACKED, check=True)
            for package in UNPACKED.glob("*.deb"):
                subprocess.run(["dpkg", "--extract", package, UNPACKED], check=True)
            (UNPACKED / ".unpacked").touch()
    return UNPACKED


@contextmanager
def nginx(folder: Path, http: str) -> Iterator[None]:
    """Runs nginx with this inside `http {}`, its files in a folder of the test's own."""
    root = unpacked()
    (folder / "logs").mkdir()
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"load_module {root}/usr/lib/nginx/modules/ngx_http_js_module.so;\n"
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/logs/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{http}\n}}\n"
    )
    command: list[str | Path] = [
        root / "usr/sbin/nginx",
        "-p",
        folder,
        "-e",
        folder / "logs/error.log",
        "-c",
        folder / "nginx.conf",
    ]
    with subprocess.Popen(command) as process:
        try:
            deadline = time.monotonic() + HANGS_SECONDS
            while not (folder / "nginx.pid").exists():
                assert process.poll() is None, (folder / "logs/error.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait()
