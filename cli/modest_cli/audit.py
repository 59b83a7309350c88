"""`modest audit`: adds up every entry of a month and compares the sums with what is invoiced."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import typer

from modest.accounts.records import Account
from modest.ledger.audit import Audit
from modest.ledger.entries import second_of
from modest_cli import aws, findings
from modest_cli.arguments import AccountOption, MonthArgument, refuse_month_to_come
from modest_cli.errors import exit_on_error
from modest_cli.exit_codes import ExitCode
from modest_cli.findings import describe_totals
from modest_cli.output import AsJson, print_json, print_line, print_note, with_progress

Audits = Sequence[tuple[Account, Audit]]


def audit(
    month: MonthArgument,
    *,
    account: AccountOption = "",
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Add up every entry of a month, which takes minutes for a million, and check what usage and invoices count."""
    with exit_on_error():
        refuse_month_to_come(month, datetime.now(UTC))
        deployment = aws.load_deployment(stack)
        everybody = [aws.open_keyring(deployment).find(account)[0]] if account else None
        accounts = [each for each in everybody or aws.open_registry(deployment).accounts() if each.plans_in(month)]
        books = aws.open_usage_reader(deployment)
        reading = ((each, books.audit(each.id, month)) for each in accounts)
        audits = list(with_progress(reading, len(accounts), f"auditing {month}"))
    if as_json:
        print_json([_as_dict(each, found) for each, found in audits])
    else:
        for line in _describe(audits, month):
            print_line(line)
        if not audits:
            print_note(f"No account had a plan in {month}.")
    raise typer.Exit(ExitCode.DONE if all(found.holds for _, found in audits) else ExitCode.FOUND)


def _describe(audits: Audits, month: str) -> Iterator[str]:
    for account, found in audits:
        for finding in findings.check_books(account, month, found):
            yield f"{finding.problem} {finding.remedy}"
        if found.holds:
            yield (
                f"{account.name}: the books add up ({describe_totals(found.entries)}). Calls admitted: {found.used}. "
                f"Settled late: {len(found.late)}."
            )
        for entry in found.late:
            yield f"{account.name}: settled late, and counted: {entry['request']}, admitted at {second_of(entry)}."


def _as_dict(account: Account, found: Audit) -> dict[str, object]:
    totals = found.entries
    return {
        "account": account.id,
        "name": account.name,
        "adds_up": found.holds,
        "calls": {"admitted": found.used, "settled": totals.calls, "counted": found.counted.calls},
        "images": totals.images,
        "charges": {currency.value: f"{amount:f}" for currency, amount in totals.amounts.items()},
        "wrong_link": found.wrong_link.link.start if found.wrong_link else None,
        "late": [{"request": entry["request"], "admitted_at": second_of(entry)} for entry in found.late],
    }
