"""Accounts, their API keys and the rate of XNO, and the table's items that hold them.

account#<id>   account        name, plans held, currency, discount, referrer, billing address, policy, version
account#<id>   key#<sha256>   name, number, limits, whether it is enabled, when it was made, when it expires
key#<sha256>   key            the account's id, which never changes
accounts       <name>         the account's id: makes names unique and lets accounts be listed
rates          XNO            what one XNO is worth
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Attr

from modest.accounts.key_limits import NO_LIMITS, KeyLimits, limits_from_item, limits_to_item
from modest.money import Currency, Rate, Terms
from modest.months import month_end, month_start
from modest.plans import Plan
from modest.store.table import Item, Key, Put, Range

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


@dataclass(frozen=True, slots=True)
class AccountKey:
    """An API key of an account. Only its hash is known."""

    hash: str
    """The hex SHA-256 of the key."""
    account_id: str
    name: str
    """No other key of the account has it, except one that this key replaced."""
    number: int
    """Its number in the account, by which months count its calls. A key and the one that replaces it have the same."""
    enabled: bool
    created: datetime
    limits: KeyLimits = NO_LIMITS
    expires: datetime | None = None
    """When the key stops working, if the operator has set an end."""
    until: datetime | None = None
    """When the key stops working, if it was replaced."""

    @property
    def ends(self) -> datetime | None:
        """When it stops working, for whichever reason."""
        return min((end for end in (self.expires, self.until) if end), default=None)

    def has_ended(self, now: datetime) -> bool:
        return self.ends is not None and self.ends <= now

    def works(self, now: datetime) -> bool:
        return self.enabled and not self.has_ended(now)


def account_item_key(account_id: str) -> Key:
    return Key(f"account#{account_id}", "account")


def api_key_item_key(account_id: str, key_hash: str) -> Key:
    return Key(f"account#{account_id}", f"key#{key_hash}")


def all_keys(account_id: str) -> Range:
    """An account's keys, disabled, expired and replaced ones included."""
    return Range(account_item_key(account_id).pk, "key#", "key$")


def pointer_item_key(key_hash: str) -> Key:
    """Returns the key of the item that leads from an API key to its account."""
    return Key(f"key#{key_hash}", "key")


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


def api_key_to_item(key: AccountKey) -> dict[str, Any]:
    item: dict[str, Any] = {
        "account": key.account_id,
        "name": key.name,
        "number": key.number,
        "enabled": key.enabled,
        "created": key.created.isoformat(),
        "limits": limits_to_item(key.limits),
    }
    ends = {"expires": key.expires, "until": key.until}
    return item | {name: end.isoformat() for name, end in ends.items() if end}


def api_key_from_item(item: Item) -> AccountKey:
    return AccountKey(
        hash=item["sk"].removeprefix("key#"),
        account_id=item["account"],
        name=item["name"],
        number=int(item["number"]),
        enabled=item["enabled"],
        created=datetime.fromisoformat(item["created"]),
        limits=limits_from_item(item["limits"]),
        expires=datetime.fromisoformat(item["expires"]) if "expires" in item else None,
        until=datetime.fromisoformat(item["until"]) if "until" in item else None,
    )


def rate_to_item(rate: Rate) -> dict[str, Any]:
    return {"usd": rate.usd, "day": rate.day.isoformat()}


def rate_from_items(items: Mapping[Key, Item]) -> Rate | None:
    """Returns None if no rate is set. items: what was read, RATE_KEY among it."""
    item = items.get(RATE_KEY)
    return Rate(item["usd"], date.fromisoformat(item["day"])) if item else None
