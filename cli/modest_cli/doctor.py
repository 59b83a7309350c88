"""`modest doctor`: whether API Gateway holds what the ledger says, and whether the books add up."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from modest.accounts.errors import NotFound
from modest.accounts.records import Account
from modest.ledger.usage import UsageReader
from modest.months import month_before, month_of
from modest.plans import Plans
from modest_cli import aws, findings
from modest_cli.errors import told
from modest_cli.findings import AtGateway, Finding
from modest_cli.gateway_keys import GatewayKeys
from modest_cli.gateway_plans import GatewayPlans
from modest_cli.keyring import Keyring
from modest_cli.output import AsJson, print_json, print_line, tracked

SOMETHING_LEFT = 1

# As often as AWS allows an account to change a usage plan.
_BETWEEN_PLANS_SECONDS = 20


class Doctor:
    def __init__(
        self,
        keyring: Keyring,
        gateway_keys: GatewayKeys,
        gateway_plans: GatewayPlans,
        books: UsageReader,
        plans: Plans,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._keyring = keyring
        self._gateway_keys = gateway_keys
        self._gateway_plans = gateway_plans
        self._books = books
        self._plans = plans
        self._sleep = sleep

    def accounts(self) -> list[Account]:
        return self._keyring.accounts()

    def disagreements(self, accounts: Sequence[Account], now: datetime) -> Iterator[list[Finding]]:
        """First those of the plans, then of each account, then of keys that are no account's."""
        yield [
            finding
            for name, plan in self._plans.items()
            for finding in findings.of_plan(plan, self._gateway_plans.figures(name))
        ]
        gateway = self._at_gateway()
        for account in accounts:
            keys = self._keyring.registry.keys(account.id)
            yield list(findings.of_account(account, keys, gateway, now))
        ids = {account.id for account in accounts}
        # Asked for after API Gateway was: an account made since is listed nowhere above.
        yield [findings.of_stray(key) for key in gateway.not_of(ids) if not self._is_known(key.hash)]

    def mend(self, found: Sequence[Finding], accounts: Sequence[Account]) -> Iterator[str]:
        """Makes API Gateway hold what the ledger and the template say. Names each as it is done."""
        about = {finding.about for finding in found}
        gateway = self._at_gateway()
        for account in accounts:
            if account.id in about:
                self._keyring.mirror(account, gateway.of(account, self._keyring.registry.keys(account.id)))
                yield account.id
        for key in gateway.keys.values():
            if key.id in about:
                self._gateway_keys.delete(key.id)
                yield key.id
        # Last, since each but the first has to wait.
        for number, name in enumerate(name for name in self._plans if name in about):
            if number:
                self._sleep(_BETWEEN_PLANS_SECONDS)
            self._gateway_plans.set(self._plans[name])
            yield name

    def books(self, accounts: Sequence[Account], month: str) -> Iterator[list[Finding]]:
        """Of a month in which no call is under way any more."""
        for account in accounts:
            there = account.plans_in(month)
            yield list(findings.of_books(account, month, self._books.audit(account.id, month))) if there else []

    def _is_known(self, key_hash: str) -> bool:
        try:
            self._keyring.registry.key(key_hash)
        except NotFound:
            return False
        return True

    def _at_gateway(self) -> AtGateway:
        return AtGateway({key.hash: key for key in self._gateway_keys.all()}, self._gateway_keys.plans_by_key())


def doctor(
    *,
    mend: Annotated[bool, typer.Option("--mend", help="Make API Gateway hold what ledger and template say.")] = False,
    as_json: AsJson = False,
    stack: aws.Stack = aws.DEFAULT_STACK,
) -> None:
    """Find where API Gateway and the ledger disagree, and whether last month's books add up.

    Exit code 1 if something is left that is not as it should be.
    """
    now = datetime.now(UTC)
    month = month_before(month_of(now))
    with told():
        found = aws.deployment(stack)
        theirs = Doctor(
            aws.keyring(found), aws.gateway_keys(found), aws.gateway_plans(found), aws.books(found), found.plans
        )
        accounts = theirs.accounts()
        disagreements = _all(theirs.disagreements(accounts, now), len(accounts) + 2, "keys and plans")
        left = disagreements
        if mend and disagreements:
            for _ in tracked(theirs.mend(disagreements, accounts), len({f.about for f in disagreements}), "mending"):
                pass
            left = _all(theirs.disagreements(accounts, now), len(accounts) + 2, "looking again")
        left = left + _all(theirs.books(accounts, month), len(accounts), f"books of {month}")
    _print([finding for finding in disagreements if finding not in left], left, month, as_json=as_json)
    raise typer.Exit(SOMETHING_LEFT if left else 0)


def _print(mended: list[Finding], left: list[Finding], month: str, *, as_json: bool) -> None:
    if as_json:
        print_json([_as_dict(finding, mended=finding in mended) for finding in mended + left])
        return
    for finding in mended:
        print_line(f"mended: {finding.problem}")
    for finding in left:
        print_line(f"{finding.problem} {finding.remedy}")
    if not left:
        print_line(f"API Gateway holds what the ledger says, and the books of {month} add up.")


def _all(some: Iterator[list[Finding]], total: int, what: str) -> list[Finding]:
    return [finding for found in tracked(some, total, what) for finding in found]


def _as_dict(finding: Finding, *, mended: bool) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "about": finding.about,
        "problem": finding.problem,
        "remedy": finding.remedy,
        "mended": mended,
    }
