"""What may be wrong between the ledger, API Gateway and the books, and what each finding means."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from modest.accounts.records import Account, AccountKey
from modest.ledger.usage import Audit
from modest.plans import Plan
from modest_cli.gateway_keys import GatewayKey
from modest_cli.gateway_plans import Figures

_HASH_SHOWN = 12
_MEND = "`modest doctor --mend`"


class Kind(StrEnum):
    MISSING = "missing"
    WRONG_PLAN = "wrong_plan"
    DISABLED_THERE = "disabled_at_gateway"
    ENABLED_THERE = "enabled_at_gateway"
    EXPIRED = "expired"
    UNKNOWN = "unknown_to_ledger"
    PLAN_DIFFERS = "plan_differs"
    BOOKS_DIFFER = "books_differ"


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    about: str
    """An account's id, a plan's name, or the id of a key at API Gateway."""
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class AtGateway:
    """What API Gateway holds."""

    keys: Mapping[str, GatewayKey]
    """By their hash, those of other deployments as well."""
    plans: Mapping[str, str]
    """Id of a key -> plan's name."""

    def of(self, account: Account, keys: Iterable[AccountKey]) -> list[GatewayKey]:
        """The account's by its tag, or its keys' by their hash: either may have been changed by hand."""
        hashes = {key.hash for key in keys}
        return [key for key in self.keys.values() if key.account_id == account.id or key.hash in hashes]

    def not_of(self, account_ids: Collection[str]) -> list[GatewayKey]:
        """On a plan of this deployment, and of another account or none, by its tag."""
        return [key for key in self.keys.values() if key.id in self.plans and key.account_id not in account_ids]


def of_account(account: Account, keys: list[AccountKey], gateway: AtGateway, now: datetime) -> Iterator[Finding]:
    def found(kind: Kind, key_hash: str, problem: str, remedy: str) -> Finding:
        return Finding(
            kind, account.id, f"{account.name}: key {key_hash[:_HASH_SHOWN]} {problem}.", f"{_MEND} {remedy}."
        )

    for key in keys:
        there = gateway.keys.get(key.hash)
        if key.until is not None and key.until <= now:
            yield found(Kind.EXPIRED, key.hash, f"ran out on {key.until:%Y-%m-%d} and is still kept", "removes it")
            continue
        if there is None:
            problem = "is not at API Gateway, so that calls with it are answered 401"
            yield found(Kind.MISSING, key.hash, problem, "puts it there")
            continue
        plan = gateway.plans.get(there.id)
        if plan != account.plan:
            effect = "is held to another plan's rate" if plan else "is answered 401"
            problem = f"is on {plan or 'no plan'} at API Gateway and on {account.plan} in the ledger, and {effect}"
            yield found(Kind.WRONG_PLAN, key.hash, problem, "moves it")
        if key.enabled and not there.enabled:
            problem = "is disabled at API Gateway alone, so that calls with it are answered 401"
            yield found(Kind.DISABLED_THERE, key.hash, problem, "enables it")
        if there.enabled and not key.enabled:
            problem = "is disabled in the ledger alone: its calls are refused, but only after they started the function"
            yield found(Kind.ENABLED_THERE, key.hash, problem, "disables it there too")
    known = {key.hash for key in keys}
    for stray in gateway.of(account, keys):
        if stray.hash not in known:
            problem = "is at API Gateway and not in the ledger, which refuses its calls"
            yield found(Kind.UNKNOWN, stray.hash, problem, "removes it")


def of_stray(key: GatewayKey) -> Finding:
    problem = "is at API Gateway, and neither it nor its account is in the ledger"
    return Finding(Kind.UNKNOWN, key.id, f"{key.name}: key {key.hash[:_HASH_SHOWN]} {problem}.", f"{_MEND} removes it.")


def of_plan(plan: Plan, there: Figures) -> Iterator[Finding]:
    wanted = Figures.of(plan)
    if there != wanted:
        yield Finding(
            Kind.PLAN_DIFFERS,
            plan.name,
            f"plan {plan.name}: API Gateway has {there}, the template {wanted}.",
            f"{_MEND} sets what the template says.",
        )


def of_books(account: Account, month: str, audit: Audit) -> Iterator[Finding]:
    if not audit.holds:
        yield Finding(
            Kind.BOOKS_DIFFER,
            account.id,
            f"{account.name}: in {month} the counters say {_sums(audit, entries=False)}, and the ledger's entries "
            f"{_sums(audit, entries=True)}, of {audit.used} calls admitted.",
            "Invoices are made from the counters: correct this one by the entries, which nothing ever changes.",
        )


def _sums(audit: Audit, *, entries: bool) -> str:
    sums = audit.entries if entries else audit.counters
    amounts = "".join(f", {amount:f} {currency}" for currency, amount in sums.amounts.items())
    return f"{sums.calls} calls, {sums.images} images{amounts}"
