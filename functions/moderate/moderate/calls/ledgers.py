"""What the service asks of a ledger, and the ledger of a service that keeps none."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from moderate.pipeline import REQUEST_DEADLINE_SECONDS
from moderate.settings import Settings
from modest.ledger.admission import Admission, Replay
from modest.ledger.idempotency import Answer, Repeatable
from modest.ledger.ledger import KeyUsage
from modest.ledger.ledger import Ledger as TableLedger
from modest.money import Terms
from modest.prices import Charge
from modest.store.dynamodb import DynamoDBTable, make_client
from modest.store.retries import RetryPolicy

LEASE = timedelta(seconds=REQUEST_DEADLINE_SECONDS + 5)
"""How long a call with an Idempotency-Key keeps others with the same one waiting, if it never ends."""


@dataclass(frozen=True, slots=True)
class UnmeteredAdmission:
    """A call that goes into no ledger."""

    terms: Terms


class Ledger(Protocol):
    """As `modest.ledger.Ledger`, whose methods say what they raise. All of them may wait for a network."""

    def admit(
        self, key_hash: str, request_id: str, repeatable: Repeatable | None
    ) -> Admission | Replay | UnmeteredAdmission: ...

    def settle(self, admission: Admission, outcome: str, charge: Charge, answer: Answer | None = None) -> None: ...

    def usage(self, key_hash: str) -> KeyUsage: ...


class NoLedger:
    """For a server without accounts: all are admitted, and told the list price."""

    def admit(self, _key_hash: str, _request_id: str, _repeatable: Repeatable | None) -> UnmeteredAdmission:
        return UnmeteredAdmission(Terms())

    def settle(self, admission: Admission, outcome: str, charge: Charge, answer: Answer | None = None) -> None:
        """Nobody was admitted who could be charged."""

    def usage(self, _key_hash: str) -> KeyUsage:
        """There is no such route without a ledger."""
        raise NotImplementedError


def open_ledger(settings: Settings) -> Ledger:
    """The ledger that the settings name, its connection made."""
    if not settings.ledger_table:
        return NoLedger()
    ledger = TableLedger(
        DynamoDBTable(make_client(), settings.ledger_table),
        settings.plans,
        lease=LEASE,
        retries=RetryPolicy(seconds=settings.ledger_seconds),
    )
    ledger.warm_up()
    return ledger
