"""The counters of an account's month, and the ledger's entries that add up to them.

    account#<id>          month#<month>          calls used; calls of each day; requests of the last seconds
    ledger#<id>#<month>   call#<time>#<request>  one entry for each call that was settled, never changed
    ledger#<id>#<month>   tally#<nnn>            sums of entries: calls, images, amounts

An entry and its tally are written in one transaction, so that they always agree. Transactions on one item fail each
other under parallel calls; therefore the month's own item is in none, and a call's tally is picked by its number in the
month: two calls meet at a tally only if TALLIES others were admitted between them, two seconds' worth on the largest
plan, and end in the same instant. The one that loses asks again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from modest.money import Currency
from modest.months import month_of
from modest.prices import Charge
from modest.store.table import Item, Key, Put, Update

TALLIES = 128
RECOGNISED_SECONDS = 4
"""How long a month knows a request again: longer than the ledger goes on retrying it."""

_FORGOTTEN_AT_ONCE = 100


def month_item_key(account_id: str, month: str) -> Key:
    return Key(f"account#{account_id}", f"month#{month}")


def ledger_pk(account_id: str, month: str) -> str:
    return f"ledger#{account_id}#{month}"


def used(month_item: Item | None) -> int:
    return int((month_item or {}).get("used", 0))


def admitted_at(month_item: Item | None, request_id: str) -> datetime | None:
    """In which second this request was counted, if that was a moment ago."""
    mark = _mark(request_id)
    seconds = [int(name[1:]) for name, marks in (month_item or {}).items() if name.startswith("@") and mark in marks]
    return datetime.fromtimestamp(min(seconds), UTC) if seconds else None


def count_call(account_id: str, request_id: str, limit: int, now: datetime, month_item: Item | None) -> Update:
    """Counts a call if the month has one left and it was not counted already.

    month_item: as it was found a moment ago; the requests that it need not know any longer are forgotten by the way.
    """
    # A set of requests for each second: an item is paid for by its size, and these are few and short names.
    second, mark = int(now.timestamp()), _mark(request_id)
    condition: ConditionBase = Attr("used").not_exists() | Attr("used").lt(limit)
    for earlier in range(RECOGNISED_SECONDS):
        condition = ~Attr(f"@{second - earlier}").contains(mark) & condition
    marks = [name for name in month_item or {} if name.startswith("@")]
    old = [name for name in marks if int(name[1:]) <= second - RECOGNISED_SECONDS]
    return Update(
        month_item_key(account_id, month_of(now)),
        add={"used": 1, f"day{now.day:02}": 1, f"@{second}": {mark}},
        remove=old[:_FORGOTTEN_AT_ONCE],
        condition=condition,
    )


@dataclass(frozen=True, slots=True)
class AdmittedCall:
    """An admitted call, for its entry."""

    account_id: str
    request_id: str
    key_hash: str
    plan: str
    admitted_at: datetime
    number: int
    """Which one of the month it is; only to spread calls over tallies."""


def entry_of(call: AdmittedCall, outcome: str, charge: Charge) -> Put:
    moment = call.admitted_at.isoformat(timespec="seconds")
    terms = charge.terms
    item: dict[str, Any] = {
        "request": call.request_id,
        "key": call.key_hash,
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
    pk = ledger_pk(call.account_id, month_of(call.admitted_at))
    return Put(Key(pk, f"call#{moment}#{call.request_id}"), item, Attr("pk").not_exists())


def tally_of(call: AdmittedCall, charge: Charge) -> Update:
    pk = ledger_pk(call.account_id, month_of(call.admitted_at))
    sums: dict[str, Any] = {"calls": 1, "images": charge.images, charge.terms.currency.value: charge.amount}
    return Update(Key(pk, f"tally#{call.number % TALLIES:03}"), add=sums)


@dataclass(frozen=True, slots=True)
class Totals:
    calls: int
    images: int
    amounts: dict[Currency, Decimal]
    """Of the currencies in which something was charged."""


def total_of_tallies(tallies: Iterable[Item]) -> Totals:
    items = list(tallies)
    amounts = {
        currency: sum((item.get(currency.value, Decimal(0)) for item in items), Decimal(0)) for currency in Currency
    }
    return Totals(
        calls=sum(int(item["calls"]) for item in items),
        images=sum(int(item["images"]) for item in items),
        amounts={currency: amount for currency, amount in amounts.items() if amount},
    )


def total_of_entries(entries: Iterable[Item]) -> Totals:
    """What the tallies must hold."""
    return total_of_tallies(
        {"calls": 1, "images": entry["images"], entry["currency"]: entry["amount"]} for entry in entries
    )


def _mark(request_id: str) -> str:
    return sha256(request_id.encode()).hexdigest()[:16]
