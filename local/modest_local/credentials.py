"""Defines the credentials of the emulated AWS and checks requests against them."""

import re
import secrets
from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from werkzeug.wrappers import Request

from modest_local.private_files import write_private
from modest_local.template import REGION

_ACCESS_KEY = "local"
_SECRET_CHARACTERS = 43
_AUTHORIZATION = re.compile(
    rf"AWS4-HMAC-SHA256 Credential={_ACCESS_KEY}/\d{{8}}/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def load_secret(path: Path) -> str:
    """Returns the secret of a state folder, which stays the same across restarts. It is created if it is missing."""
    secret = path.read_text() if path.is_file() else ""
    if len(secret) != _SECRET_CHARACTERS:
        secret = secrets.token_urlsafe()
        write_private(path, secret)
    return secret


def environment_of(secret: str) -> Mapping[str, str]:
    """Returns the environment variables that give boto3 the credentials."""
    return {"AWS_ACCESS_KEY_ID": _ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": REGION}


def signed_service(request: Request, secret: str) -> str | None:
    """Returns the service that a request is meant for, or None unless it was signed with the secret (SigV4)."""
    claim = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    if claim is None:
        return None
    signed = AWSRequest(
        request.method,
        f"{request.host_url.rstrip('/')}{request.environ['REQUEST_URI']}",
        headers={name: request.headers.get(name, "") for name in claim["headers"].split(";")},
        data=request.get_data(),
    )
    signed.context["timestamp"] = request.headers.get("X-Amz-Date", "")
    auth = SigV4Auth(Credentials(_ACCESS_KEY, secret), claim["service"], claim["region"])
    expected = auth.signature(auth.string_to_sign(signed, auth.canonical_request(signed)), signed)
    return claim["service"] if compare_digest(expected, claim["signature"]) else None
