"""`modest invoice`: prints or writes the invoices for a month."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from modest.billing.invoice_files import Format, render
from modest.billing.invoices import Invoice, PlanNotSold, invoices_for
from modest.months import month_end, month_start
from modest_cli import aws
from modest_cli.arguments import AccountOption, MonthArgument
from modest_cli.deployment import Deployment
from modest_cli.errors import OperatorError, exit_on_error
from modest_cli.output import print_note, with_progress


def invoice(
    month: MonthArgument,
    *,
    form: Annotated[
        Format, typer.Option("--format", help="csv for a spreadsheet, json for a program, html for printing.")
    ] = Format.CSV,
    account: AccountOption = "",
    output: Annotated[
        Path | None, typer.Option(help="File to write to, or a folder if the name has no extension. Default: stdout.")
    ] = None,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Create the invoices for a month: each account's plan fee and its charges for images."""
    now = datetime.now(UTC)
    with exit_on_error():
        if month_start(month) > now:
            raise OperatorError(f"{month} has not begun, so there is nothing to invoice.")
        deployment = aws.load_deployment(stack)
        invoices, not_sold = _make_invoices(deployment, account, month, now)
        text = render(invoices, month, form)
        if output is None:
            print(text, end="")  # noqa: T201 - rich would wrap it
        else:
            file = _write(text, output, f"{invoices[0].number if account else month}.{form}")
            print_note(f"Wrote {file}")
        if caveat := describe_caveat(month, now, deployment.invoice_bucket):
            print_note(caveat)
        if not_sold:
            raise OperatorError(_describe_missing(not_sold))


def describe_caveat(month: str, now: datetime, bucket: str | None) -> str:
    """Returns why these invoices should not be sent to customers, or an empty string if they can be."""
    if now < month_end(month):
        return f"Preliminary: {month} is not over."
    if bucket:
        return f"Recalculated with the current terms. Send the issued invoices instead: s3://{bucket}/{month}/."
    return ""


def _make_invoices(
    deployment: Deployment, who: str, month: str, now: datetime
) -> tuple[list[Invoice], list[PlanNotSold]]:
    books = aws.open_usage_reader(deployment)
    accounts = [aws.open_keyring(deployment).find(who)[0]] if who else aws.open_registry(deployment).accounts()
    usages = (books.usage(account.id, month) for account in accounts)
    known = (usage for usage in with_progress(usages, len(accounts), "reading accounts") if usage)
    invoices, not_sold = invoices_for(known, deployment.plans, now)
    if who and not_sold:
        raise OperatorError(_describe_missing(not_sold))
    if who and not invoices:
        raise OperatorError(f"{accounts[0].name} had no plan in {month}.")
    return invoices, not_sold


def _describe_missing(not_sold: list[PlanNotSold]) -> str:
    return "Not invoiced: " + " ".join(map(str, not_sold))


def _write(text: str, output: Path, name_in_folder: str) -> Path:
    file = output if output.suffix and not output.is_dir() else output / name_in_folder
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # newline="" keeps the \r\n that CSV requires on every system.
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}.") from None
    return file
