"""Says whether a key works, from what the ledger and API Gateway hold about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from modest.accounts.key_records import AccountKey
from modest.accounts.records import Account
from modest_cli.gateway_keys import GatewayKey


class KeyState(StrEnum):
    WORKS = "works"
    REPLACED = "replaced"
    """Replaced by another key, but still valid for some hours."""
    EXPIRED = "expired"
    DISABLED = "disabled"
    INCOMPLETE = "incomplete"
    """API Gateway does not match the ledger: a command was interrupted. Any other command for the account fixes it."""


@dataclass(frozen=True, slots=True)
class KeyStatus:
    key: AccountKey
    state: KeyState


@dataclass(frozen=True, slots=True)
class AccountStatus:
    account: Account
    keys: list[KeyStatus]


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key. The secret is not stored, so it can be shown only now."""

    owner: AccountStatus
    secret: str


def find_state(key: AccountKey, at_gateway: GatewayKey | None, *, right_plan: bool, now: datetime) -> KeyState:
    if not key.enabled:
        return KeyState.DISABLED
    if key.has_ended(now):
        return KeyState.EXPIRED
    if at_gateway is None or not at_gateway.enabled or not right_plan:
        return KeyState.INCOMPLETE
    return KeyState.WORKS if key.until is None else KeyState.REPLACED
