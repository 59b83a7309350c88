"""API keys of accounts, and the table's items that hold them.

account#<id>   key#<sha256>   name, number, limits, whether it is enabled, when it was made, when it expires
key#<sha256>   key            the account's id, which never changes
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modest.accounts.key_limits import NO_LIMITS, KeyLimits, limits_from_item, limits_to_item
from modest.accounts.records import account_item_key
from modest.store.table import Item, Key, Range


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


def api_key_item_key(account_id: str, key_hash: str) -> Key:
    return Key(f"account#{account_id}", f"key#{key_hash}")


def all_keys(account_id: str) -> Range:
    """An account's keys, disabled, expired and replaced ones included."""
    return Range(account_item_key(account_id).pk, "key#", "key$")


def pointer_item_key(key_hash: str) -> Key:
    """Returns the key of the item that leads from an API key to its account."""
    return Key(f"key#{key_hash}", "key")


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
