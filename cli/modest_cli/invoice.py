"""`modest invoice`: prints or writes the invoices for a month."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from modest.billing.invoice_files import Format, render
from modest.billing.invoice_pages import LACKING, is_owed, pages
from modest.billing.invoice_record import Facts, describe
from modest.billing.invoices import PlanNotSold, invoices_for
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
        Format, typer.Option("--format", help="csv for a spreadsheet, json for a program, html to print and send.")
    ] = Format.CSV,
    account: AccountOption = "",
    output: Annotated[
        Path | None,
        typer.Option(
            help="File to write to, or a folder if the name has no extension. A folder gets one HTML file per account. "
            "Default: stdout."
        ),
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
        if output is None:
            # Bytes, because no terminal or pipe may change the encoding or the ends of lines.
            typer.echo(render(invoices, month, form), nl=False)
        else:
            _write(invoices, month, form, output, name=invoices[0]["invoice"] if account else month)
        if not invoices and not not_sold:
            print_note(f"No account had a plan in {month}, so there are no invoices.")
        for lack in describe_lacks(invoices):
            print_note(lack)
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


def describe_lacks(invoices: list[Facts]) -> Iterator[str]:
    """Yields what the invoices that are to be paid lack before they can be sent."""
    owed = [facts for facts in invoices if is_owed(facts)]
    if any(facts["issuer"] is None for facts in owed):
        yield (
            f"No issuer is set, so each invoice lacks {LACKING}. "
            "Fill in what `modest issuer example` prints, then run `modest issuer set FILE`."
        )
    if nameless := sum(not facts["bill_to"] for facts in owed):
        yield (
            f"Invoices that show only the account's name, without an address: {nameless}. "
            "`modest accounts set ACCOUNT --bill-to LINE` sets it, with one --bill-to for each line."
        )


def _make_invoices(
    deployment: Deployment, who: str, month: str, now: datetime
) -> tuple[list[Facts], list[PlanNotSold]]:
    books = aws.open_usage_reader(deployment)
    accounts = [aws.open_keyring(deployment).find(who)[0]] if who else aws.open_registry(deployment).accounts()
    usages = (books.usage(account.id, month) for account in accounts)
    known = (usage for usage in with_progress(usages, len(accounts), "reading accounts") if usage)
    invoices, not_sold = invoices_for(known, deployment.plans, now)
    if who and not_sold:
        raise OperatorError(_describe_missing(not_sold))
    if who and not invoices:
        raise OperatorError(f"{accounts[0].name} had no plan in {month}.")
    return describe(invoices, aws.open_issuer_store(deployment).read()), not_sold


def _describe_missing(not_sold: list[PlanNotSold]) -> str:
    return "Not invoiced: " + " ".join(map(str, not_sold))


def _write(invoices: list[Facts], month: str, form: Format, output: Path, *, name: str) -> None:
    """name: of the file if `output` is a folder, unless each account has a file there."""
    if output.suffix and not output.is_dir():
        _write_file(output, render(invoices, month, form))
    elif form is not Format.HTML:
        _write_file(output / f"{name}.{form}", render(invoices, month, form))
    else:
        owed = dict(pages(invoices))
        for page, content in owed.items():
            _write_file(output / page, content)
        if len(owed) < len(invoices):
            print_note(f"Invoices without a file, because nothing is due: {len(invoices) - len(owed)}")


def _write_file(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}.") from None
    print_note(f"Wrote {file}")
