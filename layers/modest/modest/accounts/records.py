"""Accounts and the keys that point to them, and where in the table they lie.

account#<id>   account        name, plans held, currency, discount, referrer
account#<id>   key#<sha256>   name, whether it is enabled, until when it works
key#<sha256>   key            the account's id, which never changes
accounts       <name>         the account's id: names are unique, and accounts can be listed
rates          XNO            what one XNO is worth
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from modest.money import Currency, Rate, Terms
from modest.months import month_end, month_start
from modest.plans import Plan
from modest.store.table import Item, Key

NAMES = "accounts"
RATE = Key("rates", Currency.XNO)


@dataclass(frozen=True, slots=True)
class PlanHeld:
    plan: str
    since: datetime
    until: datetime | None = None
    """When the account left. None while the plan is held, and where the next one took its place."""
    price_usd: Decimal | None = None
    """For a month, as it was when the plan was taken; None if that was before prices were kept here."""


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    name: str
    plans: Sequence[PlanHeld]
    """All it ever had, the present one last."""
    currency: Currency = Currency.USD
    discount_percent: Decimal = Decimal(0)
    referrer: str = ""

    @property
    def plan(self) -> str:
        """The present one, or the last before the account left."""
        return self.plans[-1].plan

    @property
    def has_left(self) -> bool:
        return self.plans[-1].until is not None

    @property
    def created(self) -> datetime:
        return self.plans[0].since

    def plans_in(self, month: str) -> list[PlanHeld]:
        """Those held at some time in a month: none before the account was made, none after it left."""
        follows = [held.since for held in self.plans[1:]] + [datetime.max.replace(tzinfo=UTC)]
        return [
            held
            for held, next_one in zip(self.plans, follows, strict=True)
            if held.since < month_end(month) and (held.until or next_one) > month_start(month)
        ]

    def last_plan_in(self, month: str) -> str | None:
        held = self.plans_in(month)
        return held[-1].plan if held else None

    def taking(self, plan: Plan, now: datetime) -> "Account":
        """On this plan from now on; as it is where it holds it already, at this price."""
        last = self.plans[-1]
        if (last.plan, last.price_usd) == (plan.name, plan.price_usd) and not self.has_left:
            return self
        return replace(self, plans=[*self.plans, PlanHeld(plan.name, now, price_usd=plan.price_usd)])

    def leaving(self, now: datetime) -> "Account":
        if self.has_left:
            return self
        return replace(self, plans=[*self.plans[:-1], replace(self.plans[-1], until=now)])

    def terms(self, rate: Rate | None) -> Terms:
        return Terms(self.currency, self.discount_percent, rate if self.currency is Currency.XNO else None)


@dataclass(frozen=True, slots=True)
class AccountKey:
    hash: str
    account_id: str
    name: str
    enabled: bool
    created: datetime
    until: datetime | None = None
    """When a key that was replaced stops working."""

    def works(self, now: datetime) -> bool:
        return self.enabled and (self.until is None or now < self.until)


def account_key(account_id: str) -> Key:
    return Key(f"account#{account_id}", "account")


def key_key(account_id: str, key_hash: str) -> Key:
    return Key(f"account#{account_id}", f"key#{key_hash}")


def pointer_key(key_hash: str) -> Key:
    return Key(f"key#{key_hash}", "key")


def name_key(name: str) -> Key:
    return Key(NAMES, name.casefold())


def account_item(account: Account) -> dict[str, Any]:
    return {
        "account": account.id,
        "name": account.name,
        "plans": [_plan_item(held) for held in account.plans],
        "currency": account.currency,
        "discount": account.discount_percent,
        "referrer": account.referrer,
    }


def account_from(item: Item) -> Account:
    return Account(
        id=item["account"],
        name=item["name"],
        plans=[_plan_from(held) for held in item["plans"]],
        currency=Currency(item["currency"]),
        discount_percent=item["discount"],
        referrer=item["referrer"],
    )


def _plan_item(held: PlanHeld) -> dict[str, Any]:
    item: dict[str, Any] = {"plan": held.plan, "since": held.since.isoformat()}
    item |= {"until": held.until.isoformat()} if held.until else {}
    return item | ({} if held.price_usd is None else {"price_usd": held.price_usd})


def _plan_from(item: Mapping[str, Any]) -> PlanHeld:
    return PlanHeld(
        plan=item["plan"],
        since=datetime.fromisoformat(item["since"]),
        until=datetime.fromisoformat(item["until"]) if "until" in item else None,
        price_usd=item.get("price_usd"),
    )


def key_item(key: AccountKey) -> dict[str, Any]:
    item = {
        "account": key.account_id,
        "name": key.name,
        "enabled": key.enabled,
        "created": key.created.isoformat(),
    }
    return item | ({"until": key.until.isoformat()} if key.until else {})


def key_from(item: Item) -> AccountKey:
    return AccountKey(
        hash=item["sk"].removeprefix("key#"),
        account_id=item["account"],
        name=item["name"],
        enabled=item["enabled"],
        created=datetime.fromisoformat(item["created"]),
        until=datetime.fromisoformat(item["until"]) if "until" in item else None,
    )


def rate_item(rate: Rate) -> dict[str, Any]:
    return {"usd": rate.usd, "day": rate.day.isoformat()}


def rate_from(items: Mapping[Key, Item]) -> Rate | None:
    item = items.get(RATE)
    return Rate(item["usd"], date.fromisoformat(item["day"])) if item else None
