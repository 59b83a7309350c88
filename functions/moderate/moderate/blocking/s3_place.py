"""Reads the file of a list from an object in S3."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NotConnected
from botocore.session import Session
from urllib3.exceptions import HTTPError

from moderate.blocking.places import Content, PlaceFailure, refuse_large

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3.client import S3Client

MAX_SECONDS = 60.0
"""How long it may take to read an object, which is then continued where it stopped."""

_CONNECT_SECONDS, _SILENT_SECONDS = 2, 5
_CHUNK = 64 * 1024
_UNCHANGED, _SERVER_ERRORS = 304, 500


@dataclass(slots=True)
class _Part:
    """What has been read of an object, and where to continue."""

    tag: str
    data: bytearray
    length: int = 0

    @property
    def content_range(self) -> str:
        """How S3 describes the rest of the object."""
        return f"bytes {self.length}-{len(self.data) - 1}/{len(self.data)}"


class S3Place:
    def __init__(self, bucket: str, key: str, make_client: "Callable[[], S3Client] | None" = None) -> None:
        self.bucket = bucket
        self.key = key
        self._make_client = make_client or make_s3_client
        self._client: S3Client | None = None
        self._part: _Part | None = None

    def client(self) -> "S3Client":
        if self._client is None:
            self._client = self._make_client()
        return self._client

    def read(self, known: str | None) -> Content | None:
        try:
            return self._read(self.client(), known)
        except ClientError as error:
            status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], str(error.response["Error"]["Code"])
            if status == _UNCHANGED:
                return None
            if status < _SERVER_ERRORS:
                # What was read of it is of an object that has changed or is gone.
                self._part = None
            if code == "NoSuchKey":
                return None if known == "" else Content(b"", "")
            raise PlaceFailure(f"S3 answered {code}{_about_key(error)}") from error
        except (NotConnected, HTTPClientError, IncompleteReadError, HTTPError, OSError) as error:
            raise PlaceFailure(f"S3 did not answer in full ({type(error).__name__})") from error
        except (BotoCoreError, ValueError) as error:
            # Credentials, the region, the endpoint or the bucket's name, about which botocore says more.
            raise PlaceFailure(f"S3 cannot be asked: {error} ({type(error).__name__})") from error

    def _read(self, client: "S3Client", known: str | None) -> Content | None:
        until = time.monotonic() + MAX_SECONDS
        part = self._part
        answer = client.get_object(Bucket=self.bucket, Key=self.key, **_condition(part, known))
        with answer["Body"] as body:
            if part is None:
                refuse_large(answer["ContentLength"])
                part = self._part = _Part(answer["ETag"], bytearray(answer["ContentLength"]))
            elif (answer["ETag"], answer.get("ContentRange")) != (part.tag, part.content_range):
                self._part = None
                raise PlaceFailure("S3 sent another part than the one that it was asked for")
            _read_rest(body, part, until)
        self._part = None
        return Content(part.data, part.tag)


def _read_rest(body: "StreamingBody", part: _Part, until: float) -> None:
    """Raises PlaceFailure unless all is read by then."""
    with memoryview(part.data) as whole:
        while part.length < len(whole):
            if time.monotonic() > until:
                raise PlaceFailure(f"S3 took more than {MAX_SECONDS:.0f} seconds")
            chunk = body.read(_CHUNK)
            if not chunk or len(chunk) > len(whole) - part.length:
                raise PlaceFailure("S3 did not answer in full")
            whole[part.length : part.length + len(chunk)] = chunk
            part.length += len(chunk)


def _condition(part: _Part | None, known: str | None) -> dict[str, Any]:
    if part is not None:
        # Only the same version is continued. What S3 sends of another would fit no checksum.
        return {"IfMatch": part.tag, "Range": f"bytes={part.length}-"}
    return {"IfNoneMatch": known} if known else {}


def _about_key(error: ClientError) -> str:
    """S3 says that access is denied, too, if the object is encrypted with a key that the role may not use."""
    return (
        ", because of the key that encrypts the bucket" if "kms:" in error.response["Error"].get("Message", "") else ""
    )


def make_s3_client() -> "S3Client":
    """Returns a client that gives up soon and does not try again, because the next check does."""
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_SILENT_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        # The file has a checksum of its own, and parts of an object have none.
        response_checksum_validation="when_required",
    )
    return cast("S3Client", Session().create_client("s3", config=config))
