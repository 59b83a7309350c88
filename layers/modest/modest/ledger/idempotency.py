"""Keeps the promise of an Idempotency-Key: a call that is sent twice is counted, judged and charged once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Any

from modest.ledger.timing import CLOCK_ERROR
from modest.store.conditions import Attr, Condition
from modest.store.table import Item, Key, Put

REPLAYED_FOR = timedelta(hours=24)
MAX_STORED_BYTES = 256 * 1024
"""A DynamoDB item holds 400 KB. A longer answer is not stored, and a repetition of its call is judged again."""


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A call that carries an Idempotency-Key."""

    key: str
    fingerprint: str
    """A hash of everything that makes two calls the same: route, query and body, and how a form is divided."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call that was judged, which a repetition of the call gets."""

    status: int
    body: bytes


class EarlierCall(Enum):
    """What is known about another call with the same Idempotency-Key, if it has left no answer to repeat."""

    NONE = "none"
    """There is none, it ended without an answer to repeat, or its record has expired."""
    IN_PROGRESS = "in progress"
    DIFFERENT = "different"
    """Its route, query or body is not the same."""


@dataclass(frozen=True, slots=True)
class Record:
    """The table's record of an Idempotency-Key, as one call reads and writes it."""

    key: Key
    fingerprint: str
    request_id: str

    @classmethod
    def of(cls, account_id: str, call: Repeatable, request_id: str) -> "Record":
        # The account is hashed too, so that two customers may choose the same Idempotency-Key.
        digest = sha256(f"{account_id}\n{call.key}".encode()).hexdigest()
        return cls(Key(f"idempotency#{digest}", "idempotency"), call.fingerprint, request_id)

    def earlier_call(self, item: Item | None, now: datetime) -> Answer | EarlierCall:
        """item: what the table holds under `key`."""
        if item is None or item["expires"] <= now.timestamp():
            return EarlierCall.NONE
        if item["fingerprint"] != self.fingerprint:
            return EarlierCall.DIFFERENT
        if "status" in item:
            return Answer(int(item["status"]), bytes(item["body"]))
        # An earlier attempt of this very call may have claimed the record.
        return EarlierCall.NONE if item["request"] == self.request_id else EarlierCall.IN_PROGRESS

    def claim(self, now: datetime, lease: timedelta) -> Put:
        """lease: how long the call may take. After that, a repetition of the call may claim the record."""
        expired, own = Attr("expires").lte(int(now.timestamp())), Attr("request").eq(self.request_id)
        # An attempt that arrives late must not take a record again that this call has given back.
        free = Attr("pk").not_exists() | (expired & ~own)
        return Put(self.key, self._item(now + lease), free | (~expired & self._claimed()))

    def keep(self, answer: Answer, admitted_at: datetime) -> Put:
        """Returns the write that stores an answer for REPLAYED_FOR. It fails unless this call holds the record."""
        item = self._item(admitted_at + REPLAYED_FOR) | {"status": answer.status, "body": answer.body}
        return Put(self.key, item, self._claimed())

    def free(self, now: datetime) -> Put:
        """Returns the write that gives the record back. It fails unless this call holds the record."""
        # Expired rather than deleted: the function that serves calls may not delete anything. A Put, as that of the
        # entry beside it, so that the function needs no right to update the ledger's partition.
        # It is free at once, also by the clock of a process that is behind.
        return Put(self.key, self._item(now - 2 * CLOCK_ERROR), self._claimed())

    def _claimed(self) -> Condition:
        return Attr("request").eq(self.request_id) & Attr("status").not_exists()

    def _item(self, until: datetime) -> dict[str, Any]:
        # DynamoDB deletes items by `expires` too, but up to two days late, so every reader compares it with the time.
        return {"request": self.request_id, "fingerprint": self.fingerprint, "expires": int(until.timestamp())}
