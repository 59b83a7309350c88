"""Keeps the SHA-256 of judged images in the entries of their calls, legible for some days.

    seal#<day>   seal   key: 32 random bytes; expires: when DynamoDB deletes it

An entry is kept for good, and an item of its own for each call would cost as much as the entry. So the digests stand in
the entry, sealed with the key of the day of admission. When the key is gone, nothing tells them from random bytes.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from secrets import token_bytes

from modest.store.conditions import Attr
from modest.store.retries import Deadline, RetryPolicy
from modest.store.table import ConditionFailed, Item, Key, Put, Table

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals the digests of one day's calls, and opens them."""

    key: bytes

    def apply(self, request_id: str, digests: Iterable[bytes]) -> list[bytes]:
        """Returns the digests sealed, or sealed ones opened. request_id: the call's own, which no other call has."""
        return [self._pad(f"{request_id}#{number}", digest) for number, digest in enumerate(digests)]

    def _pad(self, place: str, digest: bytes) -> bytes:
        # The digest's own length of a keyed function's output, which is used for nothing else.
        pad = hmac.digest(self.key, place.encode(), "sha256")
        return bytes(a ^ b for a, b in zip(digest, pad, strict=True))


class Seals:
    def __init__(self, table: Table, retries: RetryPolicy, kept_for: timedelta) -> None:
        """kept_for: how long after its day a seal can be opened."""
        self._table = table
        self._retries = retries
        self._kept_for = kept_for
        self._last: tuple[date, Seal] | None = None

    def of(self, now: datetime, deadline: Deadline) -> Seal | None:
        """Returns the seal of a call's day, which the first call makes. None if none are kept.

        Raises LedgerUnavailable.
        """
        day = now.date()
        if not self._kept_for:
            return None
        # Another thread may have a call of another day.
        last = self._last
        if last is None or last[0] != day:
            last = self._last = (day, self._read(day, deadline) or self._make(day, deadline))
        return last[1]

    def _read(self, day: date, deadline: Deadline) -> Seal | None:
        return read_seal(self._table, self._retries, day, deadline)

    def _make(self, day: date, deadline: Deadline) -> Seal:
        key, secret = seal_item_key(day), token_bytes(_KEY_BYTES)
        expires = datetime.combine(day, time(), UTC) + timedelta(days=1) + self._kept_for
        put = Put(key, {"key": secret, "expires": int(expires.timestamp())}, Attr("pk").not_exists())
        try:
            self._retries.run(lambda: self._table.write([put]), deadline)
        except ConditionFailed as failed:
            return Seal(bytes(failed.found[key]["key"]))
        return Seal(secret)


def seal_item_key(day: date) -> Key:
    return Key(f"seal#{day}", "seal")


def read_seal(table: Table, retries: RetryPolicy, day: date, deadline: Deadline | None = None) -> Seal | None:
    """Returns None if the seal is not there, or not any more. Raises LedgerUnavailable."""
    key = seal_item_key(day)
    item: Item | None = retries.run(lambda: table.read([key]), deadline).get(key)
    return Seal(bytes(item["key"])) if item else None
