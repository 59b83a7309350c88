"""Runs the service as a plain HTTP server, without Lambda: `docker run IMAGE serve`."""

# Signals are asked for before anything else is loaded.
# ruff: noqa: E402

import os
import signal


def _stop(*_signal: object) -> None:
    os._exit(0)


if __name__ == "__main__":
    # The first process of a container gets no signal that it has not asked for, and uvicorn asks late.
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)

# This import comes first, because it prepares the process for a fast start.
from moderate.web.composition import build  # isort: skip

# In Lambda the first call that needs these loads them. Here calls are many, and could have all the files open.
import moderate.fetching.fetcher  # isort: skip
import moderate.inference.overlay  # isort: skip  # noqa: F401

import argparse
import socket
from pathlib import Path
from typing import Any

import uvicorn

from moderate.calls.authentication import Identify, InvalidKeyFile, KeyFile, anyone
from moderate.fetching.urls import MAX_PORT
from moderate.inference.model_file import ModelUnusable
from moderate.settings import InvalidSetting, Settings
from moderate.web.connections import Connection
from moderate.web.uploads import Uploads

_TRY = """
Modest is listening on {base}

  NanoGPT's API returns a flag for each of up to ten images:
    printf '{{"imageDataUrl": "data:image/png;base64,%s"}}' "$(base64 < {photo} | tr -d '\\n')" |
      curl {base}/api/nsfw/image -H 'Content-Type: application/json' -d @-

  oanor's API compares an image's score with a threshold:
    curl --data-binary @{photo} '{base}/v1/check?threshold=0.6'

  oanor's API also returns all five classes and a verdict:
    curl -F image=@{photo} {base}/v1/classify

  Documentation: {base}/docs
"""

_EVERY_IPV4 = "0.0.0.0"  # noqa: S104 - this only recognises it


def _port(text: str) -> int:
    if not 0 <= (port := int(text)) <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {MAX_PORT}, not {text}")
    return port


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="serve",
        description="Serve without Lambda. Plans, rates and quotas are enforced by API Gateway, so none apply here.",
    )
    keys = parser.add_mutually_exclusive_group(required=True)
    keys.add_argument("--keys", type=Path, help="a file with one key, or the SHA-256 of one, per line")
    keys.add_argument("--no-keys", action="store_true", help="answer anyone who can reach the port")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=3000)
    parser.add_argument("--photo", default="photo.jpg", help="the image file in the printed examples")
    options = parser.parse_args()
    try:
        identify: Identify = KeyFile(options.keys) if options.keys else anyone
    except (OSError, InvalidKeyFile) as error:
        parser.error(f"--keys {options.keys}: {error}")
    try:
        # One more than there are cores, so that nobody's images hold them all.
        app = build(Settings.from_environ(os.environ), identify, spare_workers=1).app
    except (InvalidSetting, ModelUnusable) as error:
        parser.exit(1, f"serve: {error}\n")
    try:
        listening = _listen(options.host, options.port)
    except OSError as error:
        parser.exit(1, f"serve: {error.strerror}. Choose another --host or --port.\n")
    print(_TRY.format(base=url_of(listening.getsockname()), photo=options.photo), flush=True)  # noqa: T201
    # uvicorn's access log would contain the URLs that clients send.
    config = uvicorn.Config(Uploads(app), http=Connection, access_log=False, log_level="warning", server_header=False)
    uvicorn.Server(config).run([listening])


def _listen(host: str, port: int) -> socket.socket:
    """Raises OSError. Calls that come before the server takes them wait."""
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)


def url_of(address: tuple[Any, ...]) -> str:
    """Returns the URL at which this machine reaches a server. address: as sockets have it."""
    host, port, *_ = address
    host = {_EVERY_IPV4: "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


if __name__ == "__main__":
    main()
