"""The service as a plain HTTP server, for people without Lambda: `docker run IMAGE serve`."""

import argparse
from pathlib import Path

import uvicorn

from moderate.calls.authentication import Identify, InvalidKeyFile, KeyFile, anyone
from moderate.main import service, settings
from moderate.web.app import create_app

_TRY = """
Modest is listening on {base}

  NanoGPT's API, a flag for each of up to ten images:
    printf '{{"imageDataUrl": "data:image/png;base64,%s"}}' "$(base64 < {photo} | tr -d '\\n')" |
      curl {base}/api/nsfw/image -H 'Content-Type: application/json' -d @-

  oanor's API, safe or not against a threshold:
    curl --data-binary @{photo} '{base}/v1/check?threshold=0.6'

  oanor's API, all five classes and a verdict:
    curl -F image=@{photo} {base}/v1/classify

  documentation: {base}/docs
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="serve",
        description="Serve without Lambda. Plans, rates and quotas are API Gateway's part: none hold here.",
    )
    keys = parser.add_mutually_exclusive_group(required=True)
    keys.add_argument("--keys", type=Path, help="a file with one key, or the SHA-256 of one, a line")
    keys.add_argument("--no-keys", action="store_true", help="answer anyone who can reach the port")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--photo", default="photo.jpg", help="the picture that the printed examples name")
    options = parser.parse_args()
    try:
        identify: Identify = KeyFile(options.keys) if options.keys else anyone
    except (OSError, InvalidKeyFile) as error:
        parser.error(f"--keys {options.keys}: {error}")
    print(_TRY.format(base=f"http://127.0.0.1:{options.port}", photo=options.photo), flush=True)  # noqa: T201
    # uvicorn's access log would hold the URLs that clients send.
    uvicorn.run(
        create_app(service, identify=identify, release=settings.release, allowed_origin=settings.allowed_origin),
        host=options.host,
        port=options.port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )


if __name__ == "__main__":
    main()
