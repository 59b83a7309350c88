"""Defines the counters of an account's month, and the ledger's entries that add up to them.

    month#<id>#<month>    month                  calls admitted: in the month, on each day; marks of the last seconds
    ledger#<id>#<month>   call#<time>#<request>  one entry for each settled call, never changed
    ledger#<id>#<month>   tally#<nnn>            sums of entries: calls, images, images at each price, amounts

IAM limits by partition what the function may write. Therefore the month is not in the account's partition, where the
operator's settings are.

An entry and its tally are written in one transaction, so they always agree. Parallel transactions on one item make each
other fail. Therefore the month's item is in no transaction, and there are many tallies, of which a call's number in the
month picks one. Two calls share a tally only if they are TALLIES calls apart, which takes two seconds on the largest
plan. If they settle in the same instant, one of them fails and is retried.
"""

from collections import Counter
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
"""How long a month recognises a request that it has counted. The ledger stops retrying long before that."""

_REMOVED_AT_ONCE = 100
_AT = " at "


def month_item_key(account_id: str, month: str) -> Key:
    return Key(f"month#{account_id}#{month}", "month")


def ledger_pk(account_id: str, month: str) -> str:
    return f"ledger#{account_id}#{month}"


def used(month_item: Item) -> int:
    return int(month_item.get("used", 0))


def admitted_at(month_item: Item, request_id: str) -> datetime | None:
    """Returns the second in which this request was counted, or None if it was not counted in the last few seconds."""
    mark = _mark(request_id)
    seconds = [int(name[1:]) for name, marks in month_item.items() if name.startswith("@") and mark in marks]
    return datetime.fromtimestamp(min(seconds), UTC) if seconds else None


def count_call(account_id: str, request_id: str, limit: int, now: datetime, month_item: Item) -> Update:
    """Returns the write that counts a call. It fails if the month has none left, or has counted this one.

    The same write removes expired marks from the month, which was read as `month_item` a moment ago.
    """
    # One set of marks for each second: DynamoDB charges by an item's size, and this needs few and short names.
    second, mark = int(now.timestamp()), _mark(request_id)
    condition: ConditionBase = Attr("used").not_exists() | Attr("used").lt(limit)
    for earlier in range(RECOGNISED_SECONDS):
        condition = ~Attr(f"@{second - earlier}").contains(mark) & condition
    marks = [name for name in month_item if name.startswith("@")]
    expired = [name for name in marks if int(name[1:]) <= second - RECOGNISED_SECONDS]
    return Update(
        month_item_key(account_id, month_of(now)),
        add={"used": 1, f"day{now.day:02}": 1, f"@{second}": {mark}},
        remove=expired[:_REMOVED_AT_ONCE],
        condition=condition,
    )


@dataclass(frozen=True, slots=True)
class AdmittedCall:
    """What a call's entry says about its admission."""

    account_id: str
    request_id: str
    key_hash: str
    plan: str
    admitted_at: datetime
    """In UTC, to the second. It decides which month the call belongs to."""
    number: int
    """The call's number in the month. It only picks the tally."""


def write_entry(call: AdmittedCall, outcome: str, charge: Charge, judged_by: Item) -> Put:
    """Returns the write of a call's entry. It fails if the entry exists.

    judged_by: the policy and cuts of its verdicts; empty if it was not judged.
    """
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
    if judged_by:
        item["judged_by"] = judged_by
    pk = ledger_pk(call.account_id, month_of(call.admitted_at))
    return Put(Key(pk, f"call#{moment}#{call.request_id}"), item, Attr("pk").not_exists())


def add_to_tally(call: AdmittedCall, charge: Charge) -> Update:
    pk = ledger_pk(call.account_id, month_of(call.admitted_at))
    sums = _sums(charge.images, charge.image_price_usd, charge.terms.currency.value, charge.amount)
    return Update(Key(pk, f"tally#{call.number % TALLIES:03}"), add=sums)


@dataclass(frozen=True, slots=True)
class Totals:
    """The exact sums of a month's settled calls."""

    calls: int
    images: int
    images_at: dict[tuple[Currency, Decimal], int]
    """How many images were charged one by one, by currency and by list price in US dollars."""
    amounts: dict[Currency, Decimal]
    """Only the currencies in which something was charged."""


def total_of_tallies(tallies: Iterable[Item]) -> Totals:
    items = list(tallies)
    amounts = {
        currency: sum((item.get(currency.value, Decimal(0)) for item in items), Decimal(0)) for currency in Currency
    }
    images_at: Counter[tuple[Currency, Decimal]] = Counter()
    for item in items:
        for name, images in item.items():
            currency, at, price = name.partition(_AT)
            if at:
                images_at[Currency(currency), Decimal(price)] += int(images)
    return Totals(
        calls=sum(int(item["calls"]) for item in items),
        images=sum(int(item["images"]) for item in items),
        images_at=dict(images_at),
        amounts={currency: amount for currency, amount in amounts.items() if amount},
    )


def total_of_entries(entries: Iterable[Item]) -> Totals:
    """Returns the totals that the tallies must hold."""
    return total_of_tallies(
        _sums(entry["images"], entry["image_price_usd"], entry["currency"], entry["amount"]) for entry in entries
    )


def _sums(images: int, price_usd: Decimal, currency: str, amount: Decimal) -> dict[str, Any]:
    """Returns what a call adds to its tally."""
    images_at = {f"{currency}{_AT}{price_usd.normalize():f}": images} if images and price_usd else {}
    return {"calls": 1, "images": images, currency: amount} | images_at


def _mark(request_id: str) -> str:
    return sha256(request_id.encode()).hexdigest()[:16]
