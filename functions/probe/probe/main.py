"""Calls the public URL as a customer would, with a key of its own. Its alarm fires if no call succeeds."""

import base64
import json
import os
import urllib.request
from typing import Any

import boto3

# One grey pixel as a PNG, which every model finds safe.
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
# API Gateway waits for 29 s.
_SECONDS = 35


class Unwell(Exception):
    """Raised if the service answers, but not as it must. An answer that is no 200 raises urllib's HTTPError."""


class NoKey(Exception):
    """Raised if the secret holds something that cannot be a key."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for the failure that it is. urllib would follow it to any host, and send the key along."""

    def redirect_request(self, *_: object) -> None:
        return None


_open = urllib.request.build_opener(_NoRedirects).open


def handler(_event: dict[str, Any], _context: object) -> None:
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["KEY_SECRET"])
    probe(os.environ["URL"], secret["SecretString"].strip())


def probe(url: str, key: str) -> None:
    """Has a picture judged. Raises OSError, Unwell, NoKey, ValueError."""
    # http.client would quote it in its error, which is logged.
    if not (key.isascii() and key.isprintable()):
        raise NoKey("the secret holds something that is not a key")
    request = urllib.request.Request(  # noqa: S310 - the stack's own URL
        f"{url}/v1/classify", _PICTURE, {"x-api-key": key, "content-type": "image/png"}
    )
    with _open(request, timeout=_SECONDS) as answer:
        verdict = json.load(answer)["data"]["verdict"]
    if verdict != "safe":
        raise Unwell(f"a grey pixel is {verdict!s:.20}")
