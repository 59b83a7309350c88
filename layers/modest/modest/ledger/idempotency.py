"""What an Idempotency-Key means: the same call sent twice is one call."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from boto3.dynamodb.conditions import Attr

from modest.refusals import IdempotencyInProgress, IdempotencyMismatch
from modest.store.table import Item, Key, Put, Update

REPLAYED_FOR = timedelta(hours=24)
MAX_STORED_BYTES = 256 * 1024
"""An item of DynamoDB holds 400 KB. A longer answer is not kept: its call is judged anew when it is repeated."""


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A call that carries an Idempotency-Key."""

    key: str
    fingerprint: str
    """A hash of all that makes it this call: route, query, body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer, as it is sent again."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """An Idempotency-Key in use, as one call sees it."""

    key: Key
    fingerprint: str
    request_id: str

    @classmethod
    def of(cls, account_id: str, call: Repeatable, request_id: str) -> "Record":
        """The account is part of the id: another customer's key is another key."""
        digest = sha256(f"{account_id}\n{call.key}".encode()).hexdigest()
        return cls(Key(f"idempotency#{digest}", "idempotency"), call.fingerprint, request_id)

    def answer_in(self, item: Item | None, now: datetime) -> Answer | None:
        """What a record that was found tells this call: an answer to send again, or None: go on and claim it.

        Raises IdempotencyMismatch, IdempotencyInProgress.
        """
        if item is None or item["expires"] <= now.timestamp():
            return None
        if item["fingerprint"] != self.fingerprint:
            raise IdempotencyMismatch
        if "status" in item:
            return Answer(int(item["status"]), bytes(item["body"]))
        if item["request"] == self.request_id:
            return None
        raise IdempotencyInProgress

    def claim(self, now: datetime, lease: timedelta) -> Put:
        """lease: how long the call may take; after it, whoever repeats the call may claim the record."""
        free = Attr("pk").not_exists() | Attr("expires").lte(int(now.timestamp()))
        return Put(self.key, self._item(now + lease), free | self._claimed())

    def keep(self, answer: Answer, admitted_at: datetime) -> Put:
        item = self._item(admitted_at + REPLAYED_FOR) | {"status": answer.status, "body": answer.body}
        return Put(self.key, item, self._claimed())

    def free(self, now: datetime) -> Update:
        """Not deleted: what serves calls need have no right to delete anything from the ledger."""
        return Update(self.key, set={"expires": int(now.timestamp())}, condition=self._claimed())

    def _claimed(self) -> Any:
        return Attr("request").eq(self.request_id) & Attr("status").not_exists()

    def _item(self, until: datetime) -> dict[str, Any]:
        # `expires` is also what DynamoDB deletes by, up to two days late: hence the comparisons.
        return {"request": self.request_id, "fingerprint": self.fingerprint, "expires": int(until.timestamp())}
