"""Refuses what the operator has listed, whatever the model says: hosts, files, and pictures however they are encoded.

A list has one entry per line; `#` begins a comment:

    host example.com            and its subdomains
    sha256 9f86d081884c7d65...  a file, byte for byte
    picture c3a53a96c45b9a69    pictures that look like this one; `modest block-hash` prints the last two kinds
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from moderate.blocking.hits import ListHit, refuse
from moderate.blocking.perceptual_hash import BITS, picture_hash
from moderate.fetching.urls import BlockedUrl, InvalidUrl, parse
from moderate.images.views import View

# Out of 64 bits. A photo that was re-encoded, scaled or cropped by 1% on each side differs in up to 6; different
# photos differ in 18 or more.
DEFAULT_DISTANCE = 8

NAME = "block"
"""That of the list, where an answer says which list an image is on."""

_S3 = re.compile(r"s3://([^/]+)/(.+)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PICTURE = re.compile(r"[0-9a-f]{16}")


class InvalidBlockList(ValueError):
    """The list cannot be read, or one of its lines has an invalid value."""


class BlockList:
    def __init__(self, lines: Iterable[str] = (), *, distance: int = DEFAULT_DISTANCE) -> None:
        """distance: in how many of its 64 bits a picture's hash may differ from a listed one.

        Raises InvalidBlockList.
        """
        self._hosts: set[str] = set()
        self._sha256s: set[str] = set()
        self._distance = distance
        pictures: list[int] = []
        for number, line in enumerate(lines, start=1):
            match line.partition("#")[0].split():
                case []:
                    pass
                case ["host", host] if name := _host_name(host):
                    self._hosts.add(name)
                case ["sha256", digest] if _SHA256.fullmatch(digest):
                    self._sha256s.add(digest)
                case ["picture", digits] if _PICTURE.fullmatch(digits):
                    pictures.append(int(digits, 16))
                case _:
                    raise InvalidBlockList(
                        f"line {number} must be `host example.com`, `sha256` and {_hex(256)}, "
                        f"or `picture` and {_hex(BITS)}"
                    )
        self._pictures = np.array(pictures, np.uint64)

    def refuse_host(self, host: str) -> None:
        """Raises PolicyViolation if a host, as urls.parse returns it, or a domain above it is listed."""
        labels = host.split(".")
        listed = any(".".join(labels[start:]) in self._hosts for start in range(len(labels)))
        refuse(ListHit(NAME, "host", 0) if listed else None, hashlib.sha256(host.encode()).hexdigest())

    def refuse_file(self, sha256: str) -> None:
        """Raises PolicyViolation if a file is listed."""
        refuse(ListHit(NAME, "sha256", 0) if sha256 in self._sha256s else None, sha256)

    def refuse_pictures(self, views: Iterable[View], sha256: str) -> None:
        """Raises PolicyViolation if one of an image's views looks like a listed picture. sha256: the image's."""
        if not self._pictures.size:
            return
        distances = [found for view in views if (found := self._distance_of(view)) <= self._distance]
        refuse(ListHit(NAME, "pdq", min(distances)) if distances else None, sha256)

    def _distance_of(self, view: View) -> int:
        """Returns in how many bits the nearest listed picture differs from a view."""
        found = picture_hash(view)
        return BITS if found is None else int(np.bitwise_count(self._pictures ^ np.uint64(found)).min())


def load(source: str, *, distance: int = DEFAULT_DISTANCE) -> BlockList:
    """Reads a list. source: a path, s3://bucket/key, or "" for an empty list. Raises InvalidBlockList."""
    try:
        return BlockList(_read(source).splitlines() if source else (), distance=distance)
    except InvalidBlockList as error:
        raise InvalidBlockList(f"{source}: {error}") from None


def entries_for(data: bytes, views: Iterable[View]) -> list[str]:
    """Returns the lines that block an image: its file, and each picture in it that is not flat."""
    hashes = dict.fromkeys(found for view in views if (found := picture_hash(view)) is not None)
    return [f"sha256 {hashlib.sha256(data).hexdigest()}", *(f"picture {found:016x}" for found in hashes)]


def _read(source: str) -> str:
    try:
        place = _S3.fullmatch(source)
        return _read_s3(*place.groups()) if place else Path(source).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidBlockList(f"the block list cannot be read ({type(error).__name__})") from None


def _read_s3(bucket: str, key: str) -> str:
    # Imported here because they take a third of a second, and most deployments have no list in S3.
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    except (BotoCoreError, ClientError) as error:
        raise InvalidBlockList(f"the block list cannot be read from S3: {error}") from None


def _host_name(text: str) -> str | None:
    try:
        target = parse(f"http://{text}/")
    except (InvalidUrl, BlockedUrl):
        return None
    return target.host if target.path == "/" else None


def _hex(bits: int) -> str:
    return f"{bits // 4} lower-case hexadecimal digits"
