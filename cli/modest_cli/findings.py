"""Compares the ledger with API Gateway and with its own counters, and describes every difference found."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from modest.accounts.key_records import AccountKey
from modest.accounts.records import Account
from modest.ledger.audit import Audit
from modest.ledger.totals import Totals
from modest.plans import Plan
from modest_cli import account_policies
from modest_cli.gateway_keys import GatewayKey
from modest_cli.gateway_plans import PlanLimits
from modest_cli.keyring import HASH_SHOWN

_REPAIR = "`modest doctor --repair`"


class Kind(StrEnum):
    MISSING = "missing"
    WRONG_PLAN = "wrong_plan"
    DISABLED_AT_GATEWAY = "disabled_at_gateway"
    ENABLED_AT_GATEWAY = "enabled_at_gateway"
    EXPIRED = "expired"
    UNKNOWN = "unknown_to_ledger"
    PLAN_DIFFERS = "plan_differs"
    BOOKS_DIFFER = "books_differ"
    INVALID_POLICY = "invalid_policy"


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    about: str
    """The id of an account, the name of a plan, or the id of a key in API Gateway."""
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class GatewayState:
    """The keys in API Gateway and the plans that they are on."""

    keys: Mapping[str, GatewayKey]
    """Maps hashes to keys, including those of other deployments."""
    plans: Mapping[str, str]
    """Maps the id of a key to the name of its plan."""

    def keys_of(self, account: Account, keys: Iterable[AccountKey]) -> list[GatewayKey]:
        """Returns the keys that have the account's tag or the hash of one of its keys: either may be edited by hand."""
        hashes = {key.hash for key in keys}
        return [key for key in self.keys.values() if key.account_id == account.id or key.hash in hashes]

    def keys_not_of(self, account_ids: Collection[str]) -> list[GatewayKey]:
        """Returns the keys on a plan of this deployment that carry none of these accounts' tags."""
        return [key for key in self.keys.values() if key.id in self.plans and key.account_id not in account_ids]


def check_account(account: Account, keys: list[AccountKey], gateway: GatewayState, now: datetime) -> Iterator[Finding]:
    def report(kind: Kind, key_hash: str, problem: str, remedy: str) -> Finding:
        return Finding(
            kind, account.id, f"{account.name}: key {key_hash[:HASH_SHOWN]} {problem}.", f"{_REPAIR} {remedy}."
        )

    for key in keys:
        at_gateway = gateway.keys.get(key.hash)
        if key.until is not None and key.until <= now:
            yield report(Kind.EXPIRED, key.hash, f"expired on {key.until:%Y-%m-%d} but still exists", "removes it")
            continue
        if at_gateway is None:
            problem = "is not in API Gateway, so calls with it are answered with 401"
            yield report(Kind.MISSING, key.hash, problem, "creates it there")
            continue
        plan = gateway.plans.get(at_gateway.id)
        if plan != account.plan:
            effect = "the limits of the wrong plan apply" if plan else "calls with it are answered with 401"
            problem = f"is on {plan or 'no plan'} in API Gateway but on {account.plan} in the ledger, so {effect}"
            yield report(Kind.WRONG_PLAN, key.hash, problem, "moves it")
        if key.enabled and not at_gateway.enabled:
            problem = "is disabled only in API Gateway, so calls with it are answered with 401"
            yield report(Kind.DISABLED_AT_GATEWAY, key.hash, problem, "enables it")
        if at_gateway.enabled and not key.enabled:
            problem = "is disabled only in the ledger, so its calls start the function before they are refused"
            yield report(Kind.ENABLED_AT_GATEWAY, key.hash, problem, "disables it there too")
    known = {key.hash for key in keys}
    for stray in gateway.keys_of(account, keys):
        if stray.hash not in known:
            problem = "is in API Gateway but not in the ledger, which refuses its calls"
            yield report(Kind.UNKNOWN, stray.hash, problem, "removes it")


def report_stray(key: GatewayKey) -> Finding:
    problem = "is in API Gateway, but neither the key nor its account is in the ledger"
    return Finding(
        Kind.UNKNOWN, key.id, f"{key.name}: key {key.hash[:HASH_SHOWN]} {problem}.", f"{_REPAIR} removes it."
    )


def check_plan(plan: Plan, at_gateway: PlanLimits) -> Iterator[Finding]:
    wanted = PlanLimits.from_plan(plan)
    if at_gateway != wanted:
        yield Finding(
            Kind.PLAN_DIFFERS,
            plan.name,
            f"plan {plan.name}: API Gateway has {at_gateway}; the template has {wanted}.",
            f"{_REPAIR} applies the template.",
        )


def check_policy(account: Account) -> Iterator[Finding]:
    if error := account_policies.error_in(account.policy):
        yield Finding(
            Kind.INVALID_POLICY,
            account.id,
            f"{account.name}: its policy is invalid: {error}. Calls are answered with 500, unless they name a policy.",
            "Set it with `modest accounts set`, or take it back with `default` as the value.",
        )


def check_books(account: Account, month: str, audit: Audit) -> Iterator[Finding]:
    if audit.holds:
        return
    wrong = audit.wrong_link
    where = (
        f" The first that disagrees is sum#{wrong.link.start}, up to {wrong.link.end}: it has "
        f"{describe_totals(wrong.link.totals)} instead of {describe_totals(wrong.entries)}."
        if wrong
        else ""
    )
    yield Finding(
        Kind.BOOKS_DIFFER,
        account.id,
        f"{account.name}: what is counted for {month} ({describe_totals(audit.counted)}) differs from the ledger's "
        f"entries ({describe_totals(audit.entries)}).{where} Calls admitted: {audit.used}.",
        "Invoices are computed from what is counted. Correct this account's invoice to match the entries, which never "
        "change.",
    )


def describe_totals(totals: Totals) -> str:
    amounts = "".join(f", {amount:f} {currency}" for currency, amount in totals.amounts.items())
    return f"calls: {totals.calls}, images: {totals.images}{amounts}"
