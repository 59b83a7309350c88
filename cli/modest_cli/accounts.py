"""`modest accounts`: on what terms each customer is charged."""

from typing import Annotated

import typer

from modest.accounts.records import Account, PlanHeld
from modest.money import Currency
from modest_cli import aws
from modest_cli.arguments import Discount, Who
from modest_cli.errors import OperatorError, told
from modest_cli.output import AsJson, print_json, print_table

app = typer.Typer(help="On what terms each customer is charged.", no_args_is_help=True, rich_markup_mode="markdown")


@app.command("list")
def list_(*, as_json: AsJson = False, stack: aws.Stack = aws.DEFAULT_STACK) -> None:
    """All accounts and their terms."""
    with told():
        accounts = aws.registry(aws.deployment(stack)).accounts()
    if as_json:
        print_json([_as_dict(account) for account in accounts])
        return
    print_table(
        ("account", "plan", "currency", "discount", "referrer", "since", "id"),
        [
            (
                account.name,
                account.plan,
                account.currency,
                _percent(account),
                account.referrer,
                f"{account.created:%Y-%m-%d}",
                account.id,
            )
            for account in accounts
        ],
    )


@app.command()
def show(who: Who, *, as_json: AsJson = False, stack: aws.Stack = aws.DEFAULT_STACK) -> None:
    """One account: its terms, and every plan that it ever had."""
    with told():
        account, _ = aws.keyring(aws.deployment(stack)).find(who)
    _print(account, as_json=as_json)


@app.command("set")
def set_(
    who: Who,
    *,
    currency: Annotated[Currency | None, typer.Option(help="What it is charged in.")] = None,
    discount: Discount = None,
    referrer: Annotated[str | None, typer.Option(help="Who brought it; a note for yourself.")] = None,
    as_json: AsJson = False,
    stack: aws.Stack = aws.DEFAULT_STACK,
) -> None:
    """Change an account's terms, from its next call on. What was booked stays as it was booked."""
    with told():
        keyring = aws.keyring(aws.deployment(stack))
        account, _ = keyring.find(who)
        try:
            changed = keyring.registry.change(
                account.id, currency=currency, discount_percent=discount, referrer=referrer
            )
        except ValueError as error:
            raise OperatorError(f"That cannot be: {error}.") from None
    _print(changed, as_json=as_json)


def _print(account: Account, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_dict(account))
        return
    plans = [("plan", _described(held)) for held in account.plans]
    print_table(
        ("", ""),
        [
            ("account", account.id),
            ("name", account.name),
            *plans,
            ("currency", account.currency),
            ("discount", _percent(account)),
            ("referrer", account.referrer),
        ],
    )


def _described(held: PlanHeld) -> str:
    until = f", until {held.until:%Y-%m-%d %H:%M} UTC" if held.until else ""
    price = "" if held.price_usd is None else f" at {held.price_usd:f} USD"
    return f"{held.plan}{price}  since {held.since:%Y-%m-%d %H:%M} UTC{until}"


def _percent(account: Account) -> str:
    return f"{account.discount_percent.normalize():f} %"


def _as_dict(account: Account) -> dict[str, object]:
    return {
        "account": account.id,
        "name": account.name,
        "plans": [
            {
                "plan": held.plan,
                "since": held.since.isoformat(),
                "until": held.until.isoformat() if held.until else None,
                "price_usd": None if held.price_usd is None else f"{held.price_usd:f}",
            }
            for held in account.plans
        ],
        "currency": account.currency,
        "discount_percent": str(account.discount_percent),
        "referrer": account.referrer,
    }
