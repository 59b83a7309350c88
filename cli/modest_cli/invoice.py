"""`modest invoice`: what each account owes for a month."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from modest.billing.invoice_files import Format, render
from modest.billing.invoices import Invoice, PlanNotSold, invoices_for
from modest.months import month_end, month_start
from modest_cli import aws
from modest_cli.arguments import Account, InvoicedMonth
from modest_cli.deployment import Deployment
from modest_cli.errors import OperatorError, told
from modest_cli.output import note, tracked


def invoice(
    month: InvoicedMonth,
    *,
    form: Annotated[Format, typer.Option("--format", help="For a spreadsheet, a program or a printer.")] = Format.CSV,
    account: Account = "",
    output: Annotated[
        Path | None, typer.Option(help="A file, or a folder if it has no ending; else it is printed.")
    ] = None,
    stack: aws.Stack = aws.DEFAULT_STACK,
) -> None:
    """What each account owes for a month: its plan's fee, and what was booked for images."""
    now = datetime.now(UTC)
    with told():
        if month_start(month) > now:
            raise OperatorError(f"{month} has not begun.")
        found = aws.deployment(stack)
        invoices, not_sold = _invoices(found, account, month, now)
        text = render(invoices, month, form)
        if output is None:
            print(text, end="")  # noqa: T201 - rich would wrap it
        else:
            file = _write(text, output, f"{invoices[0].number if account else month}.{form}")
            note(f"Written: {file}")
        if remark := standing(month, now, found.invoice_bucket):
            note(remark)
        if not_sold:
            raise OperatorError(_told(not_sold))


def standing(month: str, now: datetime, bucket: str | None) -> str:
    """What keeps invoices made now from being those to send, if anything does."""
    if now < month_end(month):
        return f"Preliminary: {month} is not over."
    if bucket:
        return f"Reckoned anew, at the present terms. As issued, they are in s3://{bucket}/{month}/: send those."
    return ""


def _invoices(found: Deployment, who: str, month: str, now: datetime) -> tuple[list[Invoice], list[PlanNotSold]]:
    books = aws.books(found)
    accounts = [aws.keyring(found).find(who)[0]] if who else aws.registry(found).accounts()
    usages = (books.usage(account.id, month) for account in accounts)
    there = (usage for usage in tracked(usages, len(accounts), "accounts") if usage)
    invoices, not_sold = invoices_for(there, found.plans, now)
    if who and not_sold:
        raise OperatorError(_told(not_sold))
    if who and not invoices:
        raise OperatorError(f"{accounts[0].name} had no plan in {month}.")
    return invoices, not_sold


def _told(not_sold: list[PlanNotSold]) -> str:
    return "Not invoiced: " + " ".join(map(str, not_sold))


def _write(text: str, output: Path, name_in_folder: str) -> Path:
    file = output if output.suffix and not output.is_dir() else output / name_in_folder
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # The line ends of CSV are \r\n on every system.
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}.") from None
    return file
