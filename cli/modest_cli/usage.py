"""`modest usage`: what was called, judged and charged in a month."""

import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from modest.ledger.usage import Usage
from modest.money import format_amount
from modest.months import month_end, month_of
from modest.plans import Plan, Plans
from modest_cli import aws
from modest_cli.arguments import Account, Month
from modest_cli.deployment import Deployment
from modest_cli.errors import OperatorError, told
from modest_cli.output import AsJson, note, print_json, print_table, tracked


def usage(
    *,
    account: Account = "",
    month: Month = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the calls of each day.")] = None,
    as_json: AsJson = False,
    stack: aws.Stack = aws.DEFAULT_STACK,
) -> None:
    """What was called, judged and charged in a month; of one account, each of its days as well."""
    month = month or month_of(datetime.now(UTC))
    with told():
        found = aws.deployment(stack)
        usages = _usages(found, account, month)
        if plot:
            _draw(usages, month, plot)
    if as_json:
        print_json([_as_dict(usage, found.plans) for usage in usages])
        return
    print_table(
        ("account", "plan", "calls", "of", "", "images", "charged"), [_row(usage, found.plans) for usage in usages]
    )
    if account:
        days = [(f"{month}-{day:02}", f"{calls:,}") for usage in usages for day, calls in usage.calls_by_day.items()]
        if days:
            print_table(("day", "calls"), days)


def _usages(found: Deployment, who: str, month: str) -> list[Usage]:
    """Of the accounts that there were in that month."""
    books = aws.books(found)
    accounts = [aws.keyring(found).find(who)[0]] if who else aws.registry(found).accounts()
    there = [account for account in accounts if account.last_plan_in(month)]
    if who and not there:
        raise OperatorError(f"{accounts[0].name} had no plan in {month}.")
    usages = (books.usage(account.id, month) for account in there)
    return [usage for usage in tracked(usages, len(there), "accounts") if usage]


def _plan(usage: Usage, plans: Plans) -> tuple[str, Plan | None]:
    """The one at the end of the month: None if it is not sold any more."""
    name = usage.account.last_plan_in(usage.month) or ""
    return name, plans.get(name)


def _row(usage: Usage, plans: Plans) -> tuple[str, ...]:
    name, plan = _plan(usage, plans)
    return (
        usage.account.name,
        name,
        f"{usage.used:,}",
        f"{plan.quota:,}" if plan else "?",
        f"{usage.used / plan.quota:.1%}" if plan else "?",
        f"{usage.images:,}",
        ", ".join(f"{format_amount(amount, currency)} {currency}" for currency, amount in usage.charges.items()) or "0",
    )


def _as_dict(usage: Usage, plans: Plans) -> dict[str, object]:
    name, plan = _plan(usage, plans)
    return {
        "account": usage.account.id,
        "name": usage.account.name,
        "plan": name,
        "month": usage.month,
        "calls": {"used": usage.used, "limit": plan.quota if plan else None, "settled": usage.settled},
        "images": usage.images,
        "charges": {currency.value: format_amount(amount, currency) for currency, amount in usage.charges.items()},
        "days": {f"{usage.month}-{day:02}": calls for day, calls in usage.calls_by_day.items()},
    }


def _draw(usages: list[Usage], month: str, file: Path) -> None:
    # It takes a second to load, and most calls draw nothing.
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    days = range(1, (month_end(month) - timedelta(days=1)).day + 1)
    figure, axes = plt.subplots(figsize=(9, 3))
    axes.bar(days, [sum(usage.calls_by_day.get(day, 0) for usage in usages) for day in days], color="#1f6f8b")
    axes.set_xticks(days[::2])
    axes.set_ylabel("calls")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    whose = usages[0].account.name if len(usages) == 1 else f"{len(usages)} accounts"
    # Not a formula, whatever dollar signs a name has.
    axes.set_title(f"{month}, {whose}", loc="left", parse_math=False)
    try:
        with warnings.catch_warnings():
            # A name in a script that the font lacks is drawn as boxes.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            figure.savefig(file, dpi=110, bbox_inches="tight", format="png")
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}.") from None
    plt.close(figure)
    note(f"Drawn: {file}")
