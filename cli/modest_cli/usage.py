"""`modest usage`: shows the calls, images and charges of a month."""

import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from modest.accounts.key_limits import NO_LIMITS
from modest.ledger.usage import Usage, UsageByKey
from modest.money import Currency, format_amount, shortest
from modest.months import month_end, month_of
from modest.plans import Plan, Plans
from modest_cli import aws
from modest_cli.arguments import AccountOption, MonthOption, refuse_month_to_come
from modest_cli.deployment import Deployment
from modest_cli.errors import OperatorError, exit_on_error
from modest_cli.output import AsJson, print_json, print_note, print_table, with_progress


def usage(
    *,
    account: AccountOption = "",
    month: MonthOption = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Also plot the calls of each day to this file.")
    ] = None,
    by_key: Annotated[
        bool, typer.Option("--by-key", help="Show each key's share, and how much of its limits.")
    ] = False,
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Show a month's calls, images and charges. With --account, also show the calls of each day."""
    now = datetime.now(UTC)
    month = month or month_of(now)
    with exit_on_error():
        refuse_month_to_come(month, now)
        deployment = aws.load_deployment(stack)
        usages = _read_usages(deployment, account, month)
        if plot:
            _plot(usages, month, plot)
    if as_json:
        print_json([_as_dict(usage, deployment.plans) for usage in usages])
        return
    if by_key:
        print_table(
            ("account", "key", "calls", "limit", "images", "charged", "reserved", "limit"),
            [_make_key_row(usage, used) for usage in usages for used in usage.by_key],
        )
    else:
        print_table(
            ("account", "plan", "calls", "quota", "used", "images", "charged"),
            [_make_row(usage, deployment.plans) for usage in usages],
        )
    if not usages:
        print_note(f"No account had a plan in {month}.")
    if account:
        days = [(f"{month}-{day:02}", f"{calls:,}") for usage in usages for day, calls in usage.calls_by_day.items()]
        if days:
            print_table(("day", "calls"), days)


def _read_usages(deployment: Deployment, who: str, month: str) -> list[Usage]:
    """Returns the usage of every account that had a plan in that month."""
    books = aws.open_usage_reader(deployment)
    accounts = [aws.open_keyring(deployment).find(who)[0]] if who else aws.open_registry(deployment).accounts()
    active = [account for account in accounts if account.last_plan_in(month)]
    if who and not active:
        raise OperatorError(f"{accounts[0].name} had no plan in {month}.")
    usages = (books.usage(account.id, month) for account in active)
    return [usage for usage in with_progress(usages, len(active), "reading accounts") if usage]


def _find_plan(usage: Usage, plans: Plans) -> tuple[str, Plan | None]:
    """Returns the plan at the end of the month and its name. The plan is None if it is no longer sold."""
    name = usage.account.last_plan_in(usage.month) or ""
    return name, plans.get(name)


def _make_row(usage: Usage, plans: Plans) -> tuple[str, ...]:
    name, plan = _find_plan(usage, plans)
    return (
        usage.account.name,
        name,
        f"{usage.used:,}",
        f"{plan.quota:,}" if plan else "?",
        f"{usage.used / plan.quota:.1%}" if plan else "?",
        f"{usage.images:,}",
        _format_charges(usage.charges),
    )


def _make_key_row(usage: Usage, used: UsageByKey) -> tuple[str, ...]:
    limits = used.key.limits if used.key else NO_LIMITS
    return (
        usage.account.name,
        used.name if used.key else f"{used.name} (deleted)",
        f"{used.calls:,}",
        "" if limits.calls is None else f"{limits.calls:,}",
        f"{used.images:,}",
        _format_charges(used.charges),
        "" if limits.usd is None else f"${shortest(used.reserved_usd)}",
        "" if limits.usd is None else f"${shortest(limits.usd)}",
    )


def _format_charges(charges: Mapping[Currency, Decimal]) -> str:
    return ", ".join(f"{format_amount(amount, currency)} {currency}" for currency, amount in charges.items()) or "0"


def _as_dict(usage: Usage, plans: Plans) -> dict[str, object]:
    name, plan = _find_plan(usage, plans)
    return {
        "account": usage.account.id,
        "name": usage.account.name,
        "plan": name,
        "month": usage.month,
        "calls": {"used": usage.used, "limit": plan.quota if plan else None, "settled": usage.settled},
        "images": usage.images,
        "charges": _charges_as_dict(usage.charges),
        "keys": [_key_as_dict(used) for used in usage.by_key],
        "days": {f"{usage.month}-{day:02}": calls for day, calls in usage.calls_by_day.items()},
    }


def _key_as_dict(used: UsageByKey) -> dict[str, object]:
    limits = used.key.limits if used.key else NO_LIMITS
    return {
        "name": used.name,
        "sha256": used.key.hash if used.key else None,
        "calls": {"used": used.calls, "limit": limits.calls},
        "images": used.images,
        "charges": _charges_as_dict(used.charges),
        "usd": {"reserved": shortest(used.reserved_usd), "limit": None if limits.usd is None else shortest(limits.usd)},
    }


def _charges_as_dict(charges: Mapping[Currency, Decimal]) -> dict[str, str]:
    return {currency.value: format_amount(amount, currency) for currency, amount in charges.items()}


def _plot(usages: list[Usage], month: str, file: Path) -> None:
    # matplotlib loads slowly, so only --plot imports it.
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
    subject = usages[0].account.name if len(usages) == 1 else f"{len(usages)} accounts"
    # A dollar sign in a name must not start a formula.
    axes.set_title(f"{month}, {subject}", loc="left", parse_math=False)
    try:
        with warnings.catch_warnings():
            # Characters that the font lacks are drawn as boxes.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            figure.savefig(file, dpi=110, bbox_inches="tight", format="png")
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}.") from None
    plt.close(figure)
    print_note(f"Wrote {file}")
