"""Decides what becomes of a call, from what the table holds about it. Nothing here reads or writes the table."""

from dataclasses import dataclass, replace
from datetime import datetime

from modest.accounts.records import Account
from modest.allowance import Allowance
from modest.ledger.callers import Caller
from modest.ledger.entries import AdmittedCall
from modest.ledger.idempotency import Answer, EarlierCall, Record
from modest.ledger.key_counters import KeyCounter
from modest.ledger.month import Counted, used
from modest.ledger.seals import Seal
from modest.money import Terms
from modest.prices import most_by_the_image
from modest.refusals import IdempotencyInProgress, IdempotencyMismatch, NotAdmitted, QuotaExceeded
from modest.store.table import Item


@dataclass(frozen=True, slots=True)
class Admission:
    """A call that was counted and may be judged. It must be settled when it ends."""

    call: AdmittedCall
    allowance: Allowance
    """What is left of the month, or of the key's calls if they are fewer. This call counts already."""
    terms: Terms
    """The call is charged on these, whatever an operator changes while it is judged."""
    account: Account
    """As it was when the call was admitted."""
    record: Record | None = None
    """The Idempotency-Key that the call has claimed, if it carries one."""
    seal: Seal | None = None
    """Seals the digests of its images. None if they are not kept."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The call was answered before. It gets that answer again, and is neither counted nor charged."""

    answer: Answer
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class Proceed:
    """The call may claim its Idempotency-Key and be counted."""


Decision = Replay | NotAdmitted | Proceed


@dataclass(frozen=True, slots=True)
class Found:
    """A call that asks for admission, and what the table holds about it."""

    request_id: str
    key_hash: str
    now: datetime
    """When the table was asked. It is the moment of the call's admission."""
    caller: Caller
    month_item: Item
    """Empty if the month has counted no call yet."""
    record: Record | None
    """None if the call carries no Idempotency-Key."""
    record_item: Item | None
    images: int = 0
    """How many distinct ones it sends, if they are charged one by one."""
    seal: Seal | None = None

    @property
    def counter(self) -> KeyCounter:
        key, discount = self.caller.key, self.caller.account.discount_percent
        return KeyCounter(key.number, key.limits, most_by_the_image(self.images, discount))

    @property
    def allowance(self) -> Allowance:
        return allowance_of(self.caller, self.month_item, self.now)

    @property
    def month_allowance(self) -> Allowance:
        return month_allowance_of(self.caller, self.month_item, self.now)

    @property
    def earlier_call(self) -> Answer | EarlierCall:
        return self.record.earlier_call(self.record_item, self.now) if self.record else EarlierCall.NONE


def allowance_of(caller: Caller, month_item: Item, now: datetime) -> Allowance:
    """Returns what is left of the month, or of the key's calls if they are fewer."""
    month, limits = month_allowance_of(caller, month_item, now), caller.key.limits
    if limits.calls is None:
        return month
    of_key = Allowance(limits.calls, KeyCounter(caller.key.number, limits).calls_in(month_item), now)
    return of_key if of_key.remaining < month.remaining else month


def month_allowance_of(caller: Caller, month_item: Item, now: datetime) -> Allowance:
    return Allowance(caller.plan.quota, used(month_item), now)


def decide(found: Found) -> Decision:
    """Returns whether a call gets an earlier answer, is refused, or may proceed.

    Repetitions are recognised first: they cost nothing, so a used-up month does not stop them.
    """
    match found.earlier_call:
        case Answer() as answer:
            return Replay(answer, found.allowance)
        case EarlierCall.DIFFERENT:
            return IdempotencyMismatch(found.allowance)
        case EarlierCall.IN_PROGRESS:
            return IdempotencyInProgress(found.allowance)
        case EarlierCall.NONE:
            return _used_up(found) or Proceed()


def admission_of(found: Found, counted: Counted) -> Admission:
    """Returns the admission of a call, after the month was asked to count it.

    Raises QuotaExceeded or KeyLimitExceeded if it did not.
    """
    found = replace(found, month_item=counted.month_item)
    if not counted.was_counted:
        raise _used_up(found) or QuotaExceeded(found.allowance)
    call = AdmittedCall(
        account_id=found.caller.account.id,
        request_id=found.request_id,
        key_hash=found.key_hash,
        key_name=found.caller.key.name,
        key_number=found.caller.key.number,
        plan=found.caller.plan.name,
        admitted_at=found.now.replace(microsecond=0),
        number=used(found.month_item),
    )
    return Admission(call, found.allowance, found.caller.terms, found.caller.account, found.record, found.seal)


def _used_up(found: Found) -> NotAdmitted | None:
    """Returns the refusal of a call for which the month or the key's limits have no room."""
    month = found.month_allowance
    return found.counter.refusal(found.month_item, found.allowance) if month.remaining else QuotaExceeded(month)
