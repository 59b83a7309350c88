"""`modest doctor`: checks that API Gateway matches the ledger and that the books add up."""

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
from modest_cli.errors import exit_on_error
from modest_cli.exit_codes import ExitCode
from modest_cli.findings import Finding, GatewayState
from modest_cli.gateway_keys import GatewayKeys
from modest_cli.gateway_plans import GatewayPlans
from modest_cli.keyring import Keyring
from modest_cli.output import AsJson, print_json, print_line, with_progress

# AWS allows an account to update a usage plan once every 20 seconds.
_PLAN_UPDATE_INTERVAL_SECONDS = 20


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

    def check_gateway(self, accounts: Sequence[Account], now: datetime) -> Iterator[list[Finding]]:
        """Yields the findings for the plans, then those for each account, then those for keys without an account."""
        yield [
            finding
            for name, plan in self._plans.items()
            for finding in findings.check_plan(plan, self._gateway_plans.limits(name))
        ]
        gateway = self._read_gateway()
        for account in accounts:
            keys = self._keyring.registry.keys(account.id)
            yield [*findings.check_policy(account), *findings.check_account(account, keys, gateway, now)]
        ids = {account.id for account in accounts}
        # The ledger is asked once more, because an account may have been created since the accounts were listed.
        yield [findings.report_stray(key) for key in gateway.keys_not_of(ids) if not self._is_known(key.hash)]

    def repair(self, found: Sequence[Finding], accounts: Sequence[Account]) -> Iterator[str]:
        """Makes API Gateway match the ledger and the template. Yields what each finding is about once it is fixed."""
        about = {finding.about for finding in found}
        gateway = self._read_gateway()
        for account in accounts:
            if account.id in about:
                self._keyring.sync(account, gateway.keys_of(account, self._keyring.registry.keys(account.id)))
                yield account.id
        for key in gateway.keys.values():
            if key.id in about:
                self._gateway_keys.delete(key.id)
                yield key.id
        # Plans come last, because each one after the first has to wait.
        for number, name in enumerate(name for name in self._plans if name in about):
            if number:
                self._sleep(_PLAN_UPDATE_INTERVAL_SECONDS)
            self._gateway_plans.update(self._plans[name])
            yield name

    def check_books(self, accounts: Sequence[Account], month: str) -> Iterator[list[Finding]]:
        """Yields the findings for each account's books of a month. No call of that month may still be running."""
        for account in accounts:
            if account.plans_in(month):
                yield list(findings.check_books(account, month, self._books.audit(account.id, month)))
            else:
                yield []

    def _is_known(self, key_hash: str) -> bool:
        try:
            self._keyring.registry.key(key_hash)
        except NotFound:
            return False
        return True

    def _read_gateway(self) -> GatewayState:
        return GatewayState({key.hash: key for key in self._gateway_keys.list_all()}, self._gateway_keys.plans_by_key())


def doctor(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make API Gateway match the ledger and the template.")
    ] = False,
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Check that API Gateway matches the ledger and that last month's books add up."""
    now = datetime.now(UTC)
    month = month_before(month_of(now))
    with exit_on_error():
        deployment = aws.load_deployment(stack)
        checker = Doctor(
            aws.open_keyring(deployment),
            aws.open_gateway_keys(deployment),
            aws.open_gateway_plans(deployment),
            aws.open_usage_reader(deployment),
            deployment.plans,
        )
        accounts = checker.accounts()
        found = _collect(checker.check_gateway(accounts, now), len(accounts) + 2, "checking keys and plans")
        left = found
        if repair and found:
            for _ in with_progress(
                checker.repair(found, accounts), len({finding.about for finding in found}), "repairing"
            ):
                pass
            left = _collect(checker.check_gateway(accounts, now), len(accounts) + 2, "checking again")
        left = left + _collect(checker.check_books(accounts, month), len(accounts), f"auditing {month}")
    _print([finding for finding in found if finding not in left], left, month, as_json=as_json)
    raise typer.Exit(ExitCode.FOUND if left else ExitCode.DONE)


def _print(repaired: list[Finding], left: list[Finding], month: str, *, as_json: bool) -> None:
    if as_json:
        print_json([_as_dict(finding, repaired=finding in repaired) for finding in repaired + left])
        return
    for finding in repaired:
        print_line(f"repaired: {finding.problem}")
    for finding in left:
        print_line(f"{finding.problem} {finding.remedy}")
    if not left:
        print_line(f"API Gateway matches the ledger, and the books of {month} add up.")


def _collect(batches: Iterator[list[Finding]], total: int, description: str) -> list[Finding]:
    return [finding for batch in with_progress(batches, total, description) for finding in batch]


def _as_dict(finding: Finding, *, repaired: bool) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "about": finding.about,
        "problem": finding.problem,
        "remedy": finding.remedy,
        "repaired": repaired,
    }
