"""Accounts and the rate of XNO, and the table's items that hold them.

account#<id>   account        name, plans held, currency, discount, referrer, billing address, policy, keys made,
                              version
accounts       <name>         the account's id: makes names unique and lets accounts be listed
rates          XNO            what one XNO is worth
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from modest.money import Currency, Rate, Terms
from modest.months import month_end, month_start
from modest.plans import Plan
from modest.store.conditions import Attr
from modest.store.table import Item, Key, Put

NAMES_PK = "accounts"
RATE_KEY = Key("rates", Currency.XNO)


@dataclass(frozen=True, slots=True)
class PlanHeld:
    """A period in which an account held a plan at a price."""

    plan: str
    since: datetime
    until: datetime | None = None
    """When the account left. None while the plan is held, and also if another plan followed it directly."""
    price_usd: Decimal | None = None
    """US dollars a month, when the plan was taken. None if that was before prices were stored here."""


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    name: str
    plans: Sequence[PlanHeld]
    """Every plan that it ever held, the present one last."""
    currency: Currency = Currency.USD
    discount_percent: Decimal = Decimal(0)
    referrer: str = ""
    bill_to: str = ""
    """The customer's name and address for invoices, in lines. Empty if the account's name is all that is known."""
    policy: Any = field(default_factory=dict)
    """How its images are judged where a call does not say: a map that `moderate.calls.account_policy` reads."""
    keys_made: int = 0
    """How many keys it was ever given. A key and the one that replaces it count as one."""

    @property
    def plan(self) -> str:
        """The present plan or, if the account has left, the last one."""
        return self.plans[-1].plan

    @property
    def has_left(self) -> bool:
        return self.plans[-1].until is not None

    @property
    def created(self) -> datetime:
        return self.plans[0].since

    def plans_in(self, month: str) -> list[PlanHeld]:
        """Returns the plans held at any time in a month: none before the account was made, or after it left.

        Raises ValueError unless `month` is written as `2026-11`.
        """
        follows = [held.since for held in self.plans[1:]] + [datetime.max.replace(tzinfo=UTC)]
        return [
            held
            for held, next_one in zip(self.plans, follows, strict=True)
            if held.since < month_end(month) and (held.until or next_one) > month_start(month)
        ]

    def last_plan_in(self, month: str) -> str | None:
        """Returns None if the account held no plan in that month."""
        held = self.plans_in(month)
        return held[-1].plan if held else None

    def with_plan(self, plan: Plan, now: datetime) -> "Account":
        """Returns the account on this plan from now on. Nothing changes if it holds the plan at the same price."""
        last = self.plans[-1]
        if (last.plan, last.price_usd) == (plan.name, plan.price_usd) and not self.has_left:
            return self
        return replace(self, plans=[*self.plans, PlanHeld(plan.name, now, price_usd=plan.price_usd)])

    def without_plan(self, now: datetime) -> "Account":
        """Returns the account with its plan ended. Nothing changes if it has left before."""
        if self.has_left:
            return self
        return replace(self, plans=[*self.plans[:-1], replace(self.plans[-1], until=now)])

    def terms(self, rate: Rate | None) -> Terms:
        """Returns the terms of a call made now. Raises ValueError if the account is charged in XNO without a rate."""
        return Terms(self.currency, self.discount_percent, rate if self.currency is Currency.XNO else None)


@dataclass(frozen=True, slots=True)
class AccountVersion:
    """An account as it was read, so that a change can tell whether it is still the same."""

    account: Account
    number: int

    def replaced_by(self, account: Account) -> Put:
        """Returns a write that stores the next version, and fails if this one is no longer current.

        Changing keys also creates a new version, because whether a key is the account's last depends on the others.
        """
        item = account_to_item(account) | {"version": self.number + 1}
        return Put(account_item_key(account.id), item, Attr("version").eq(self.number))


def account_item_key(account_id: str) -> Key:
    return Key(f"account#{account_id}", "account")


def name_item_key(name: str) -> Key:
    """Returns the key of the item that leads from an account's name, ignoring case, to the account."""
    return Key(NAMES_PK, name.casefold())


def account_to_item(account: Account) -> dict[str, Any]:
    return {
        "account": account.id,
        "name": account.name,
        "plans": [_plan_to_item(held) for held in account.plans],
        "currency": account.currency,
        "discount": account.discount_percent,
        "referrer": account.referrer,
        "bill_to": account.bill_to,
        "policy": account.policy,
        "keys_made": account.keys_made,
    }


def account_from_item(item: Item) -> Account:
    return Account(
        id=item["account"],
        name=item["name"],
        plans=[_plan_from_item(held) for held in item["plans"]],
        currency=Currency(item["currency"]),
        discount_percent=item["discount"],
        referrer=item["referrer"],
        bill_to=item.get("bill_to", ""),
        policy=item.get("policy", {}),
        keys_made=int(item["keys_made"]),
    )


def _plan_to_item(held: PlanHeld) -> dict[str, Any]:
    item: dict[str, Any] = {"plan": held.plan, "since": held.since.isoformat()}
    item |= {"until": held.until.isoformat()} if held.until else {}
    return item | ({} if held.price_usd is None else {"price_usd": held.price_usd})


def _plan_from_item(item: Mapping[str, Any]) -> PlanHeld:
    return PlanHeld(
        plan=item["plan"],
        since=datetime.fromisoformat(item["since"]),
        until=datetime.fromisoformat(item["until"]) if "until" in item else None,
        price_usd=item.get("price_usd"),
    )


def rate_to_item(rate: Rate) -> dict[str, Any]:
    return {"usd": rate.usd, "day": rate.day.isoformat()}


def rate_from_items(items: Mapping[Key, Item]) -> Rate | None:
    """Returns None if no rate is set. items: what was read, RATE_KEY among it."""
    item = items.get(RATE_KEY)
    return Rate(item["usd"], date.fromisoformat(item["day"])) if item else None
