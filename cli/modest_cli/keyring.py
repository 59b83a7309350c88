"""Customers and their keys, in the ledger and at API Gateway at once.

The ledger is the truth, and each change is one write there; API Gateway is then made to hold the same. So a command
that was cut off half-way is mended by the next one for the same account, whichever it is.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from modest.accounts.errors import NotFound, Taken
from modest.accounts.records import Account, AccountKey
from modest.accounts.registry import Registry
from modest.api_keys import hash_of, is_well_formed, new_key
from modest_cli.errors import OperatorError
from modest_cli.gateway_keys import GatewayKey, GatewayKeys

_HASH_LENGTH = 64


class State(StrEnum):
    WORKS = "works"
    REPLACED = "replaced"
    """By another key; works for some hours yet."""
    EXPIRED = "expired"
    DISABLED = "disabled"
    INCOMPLETE = "incomplete"
    """API Gateway does not hold what the ledger says: a command was cut off half-way. Any other mends it."""


@dataclass(frozen=True, slots=True)
class HeldKey:
    key: AccountKey
    state: State


@dataclass(frozen=True, slots=True)
class Holder:
    account: Account
    keys: list[HeldKey]


@dataclass(frozen=True, slots=True)
class Handed:
    """A key that was made. It is not stored anywhere: this is the only time that it is seen."""

    holder: Holder
    secret: str


class SeveralKeys(OperatorError):
    """It is not clear which key is meant."""


class Keyring:
    def __init__(
        self,
        registry: Registry,
        gateway: GatewayKeys,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.registry = registry
        self._gateway = gateway
        self._now = now

    def create(self, name: str, plan: str) -> Handed:
        """An account with its first key; one whose keys were all deleted gets a new one, and takes its plan anew.

        Raises NotFound, Taken.
        """
        account = self._account_without_keys(name) or self.registry.create(name, plan)
        secret = new_key()
        self.registry.add_key(account.id, hash_of(secret), name, plan=plan)
        return Handed(self.mirror(self.registry.account(account.id)), secret)

    def rotate(self, who: str, *, old_works_for: timedelta) -> Handed:
        """Raises NotFound, SeveralKeys."""
        account, keys = self.find(who)
        secret = new_key()
        self.registry.replace_key(_current(keys, who).hash, hash_of(secret), old_works_for=old_works_for)
        return Handed(self.mirror(account), secret)

    def enable(self, who: str, *, enabled: bool) -> Holder:
        """In force from the next call on. Raises NotFound."""
        account, keys = self.find(who)
        for key in keys:
            self.registry.enable_key(key.hash, enabled=enabled)
        return self.mirror(account)

    def delete(self, who: str) -> Holder:
        """The account stays, with what it used and owes; without a key its plan ends. Raises NotFound."""
        account, keys = self.find(who)
        self.registry.delete_keys(account.id, [key.hash for key in keys])
        return self.mirror(account)

    def move(self, who: str, plan: str) -> Holder:
        """All keys of the account. Each is refused for the moment in which it is on no plan. Raises NotFound."""
        account, _ = self.find(who)
        return self.mirror(self.registry.change(account.id, plan=plan))

    def mirror(self, account: Account, found: Iterable[GatewayKey] = ()) -> Holder:
        """Makes API Gateway hold what the ledger says of the account, whatever state it is in.

        found: keys at API Gateway that are the account's; without any, those that carry its name and tag.
        """
        wanted = {key.hash: key for key in self.registry.keys(account.id)}
        there = {key.hash: key for key in found or self._gateway.of_account(account.id, account.name)}
        for key_hash, key in wanted.items():
            if key.until is not None and key.until <= self._now():
                self.registry.delete_key(key_hash)
            else:
                at_gateway = there.pop(key_hash, None) or self._gateway.create(account.id, account.name, key_hash)
                self._gateway.put_on(account.plan, at_gateway.id)
                if at_gateway.enabled != key.enabled:
                    self._gateway.enable(at_gateway.id, enabled=key.enabled)
        for stray in there.values():
            self._gateway.delete(stray.id)
        return self.holder(account)

    def find(self, who: str) -> tuple[Account, list[AccountKey]]:
        """who: an account's name or id, which means all its keys, or one key or the SHA-256 of one. Raises NotFound."""
        if is_well_formed(who) or (len(who) == _HASH_LENGTH and who.isalnum()):
            key = self.registry.key(hash_of(who) if is_well_formed(who) else who.lower())
            return self.registry.account(key.account_id), [key]
        by_id = who.startswith("acct_")
        account = self.registry.account(who) if by_id else self.registry.account_named(who)
        return account, self.registry.keys(account.id)

    def holder(self, account: Account) -> Holder:
        at_gateway = {key.hash: key for key in self._gateway.of_account(account.id, account.name)}
        plans = {key.id: self._gateway.plan_of(key.id) for key in at_gateway.values()}
        return self._holder(account, at_gateway.get, lambda key: plans[key.id])

    def accounts(self) -> list[Account]:
        return self.registry.accounts()

    def holders(self, accounts: list[Account]) -> Iterator[Holder]:
        at_gateway = {key.hash: key for key in self._gateway.all()}
        plans = self._gateway.plans_by_key()
        for account in accounts:
            yield self._holder(account, at_gateway.get, lambda key: plans.get(key.id))

    def _holder(
        self,
        account: Account,
        at_gateway: Callable[[str], GatewayKey | None],
        plan_of: Callable[[GatewayKey], str | None],
    ) -> Holder:
        def state(key: AccountKey) -> State:
            there = at_gateway(key.hash)
            plan = plan_of(there) if there else None
            return _state(key, there, right_plan=plan == account.plan, now=self._now())

        keys = sorted(self.registry.keys(account.id), key=lambda key: key.created)
        return Holder(account, [HeldKey(key, state(key)) for key in keys])

    def _account_without_keys(self, name: str) -> Account | None:
        try:
            account = self.registry.account_named(name)
        except NotFound:
            return None
        if self.registry.keys(account.id):
            raise Taken(f"There is an account named {account.name} already. `modest keys rotate` gives it a new key.")
        return account


def _current(keys: list[AccountKey], who: str) -> AccountKey:
    """The one that is to be replaced."""
    candidates = keys if len(keys) == 1 else [key for key in keys if key.until is None]
    match candidates:
        case [key]:
            return key
        case []:
            raise NotFound(f"{who} has no key. `modest keys create` gives it one.")
        case _:
            raise SeveralKeys(
                f"{who} has {len(candidates)} keys. Name one by its SHA-256; `modest keys show` has them."
            )


def _state(key: AccountKey, at_gateway: GatewayKey | None, *, right_plan: bool, now: datetime) -> State:
    if not key.enabled:
        return State.DISABLED
    if key.until is not None and key.until <= now:
        return State.EXPIRED
    if at_gateway is None or not at_gateway.enabled or not right_plan:
        return State.INCOMPLETE
    return State.WORKS if key.until is None else State.REPLACED
