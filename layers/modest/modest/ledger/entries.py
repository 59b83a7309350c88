"""The entries of the ledger: one for each settled call, written once and never changed. They are the truth.

    ledger#<id>#<month>   call#<second of admission>#<request>
    ledger#<id>#<month>   late#<second of admission>#<request>   of a call that took so long that its second was closed

Everything that is owed follows from them, and each is one write. `modest.ledger.chain` adds them up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from modest.ledger.timing import last_closed_second
from modest.ledger.totals import KEY_NAME, KEY_NUMBER
from modest.months import month_of
from modest.prices import Charge
from modest.store.conditions import Attr
from modest.store.table import Item, Key, Put, Range

SEALED = "sealed_sha256"

_ON_TIME = "call#"
_LATE = "late#"
# Sorts after every late entry.
_END = "late$"


@dataclass(frozen=True, slots=True)
class AdmittedCall:
    """What a call's entry says about its admission."""

    account_id: str
    request_id: str
    key_hash: str
    key_name: str
    """Also of a key that is deleted later."""
    key_number: int
    """Tells a key from one that gets its name after it was deleted."""
    plan: str
    admitted_at: datetime
    """In UTC, to the second, by the clock of the process. It decides which month the call belongs to."""
    number: int
    """The call's number in the month. After a write that had to be repeated it may be another call's too."""

    @property
    def month(self) -> str:
        return month_of(self.admitted_at)


def ledger_pk(account_id: str, month: str) -> str:
    return f"ledger#{account_id}#{month}"


def write_entry(
    call: AdmittedCall, outcome: str, charge: Charge, judged_by: Item, sealed: Sequence[bytes], *, late: bool
) -> Put:
    """Returns the write of a call's entry. It fails if the entry exists.

    judged_by: the policy and cuts of its verdicts; empty if it was not judged.
    sealed: the digests of its images.
    late: whether the second of its admission may be closed.
    """
    terms = charge.terms
    item: dict[str, Any] = {
        "request": call.request_id,
        "key": call.key_hash,
        KEY_NAME: call.key_name,
        KEY_NUMBER: call.key_number,
        "plan": call.plan,
        "outcome": outcome,
        "images": charge.images,
        "image_price_usd": charge.image_price_usd,
        "discount": terms.discount_percent,
        "currency": terms.currency,
        "amount": charge.amount,
    }
    if terms.rate is not None:
        item |= {"rate": terms.rate.usd, "rate_day": terms.rate.day.isoformat()}
    if judged_by:
        item["judged_by"] = judged_by
    if sealed:
        item[SEALED] = list(sealed)
    sk = f"{_LATE if late else _ON_TIME}{as_second(call.admitted_at)}#{call.request_id}"
    return Put(Key(ledger_pk(call.account_id, call.month), sk), item, Attr("pk").not_exists())


def as_second(moment: datetime) -> str:
    """Seconds sort as their texts do."""
    return moment.isoformat(timespec="seconds")


def second_after(second: str) -> str:
    return as_second(datetime.fromisoformat(second) + timedelta(seconds=1))


def second_of(entry: Item) -> str:
    """Returns the second in which the call was admitted."""
    second: str = entry["sk"].split("#")[1]
    return second


def is_late(entry: Item) -> bool:
    return str(entry["sk"]).startswith(_LATE)


def all_entries(account_id: str, month: str) -> Range:
    """In the order of admission; those that are late come last."""
    return Range(ledger_pk(account_id, month), _ON_TIME, _END)


def open_entries(account_id: str, month: str, start: str, attributes: tuple[str, ...]) -> Range:
    """The entries from a second on, and all that are late."""
    return Range(ledger_pk(account_id, month), f"{_ON_TIME}{start}", _END, attributes=attributes)


def closed_entries(
    account_id: str, month: str, start: str, now: datetime, *, page: int, attributes: tuple[str, ...]
) -> Range | None:
    """The entries from a second on to the last that is closed, if there is one."""
    last = as_second(last_closed_second(now))
    if last < start:
        return None
    bounds = f"{_ON_TIME}{start}", f"{_ON_TIME}{second_after(last)}"
    return Range(ledger_pk(account_id, month), *bounds, page=page, attributes=attributes)
