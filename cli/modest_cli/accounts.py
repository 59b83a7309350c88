"""`modest accounts`: shows and changes the billing terms and the policy of each account."""

from typing import Annotated

import typer

from moderate.calls.account_policy import InvalidAccountPolicy
from modest.accounts.records import Account, PlanHeld
from modest.money import Currency
from modest_cli import account_policies, aws
from modest_cli.arguments import (
    AccountArgument,
    ClassLimitOption,
    DiscountOption,
    NsfwOption,
    PolicyOption,
    QuestionableOption,
)
from modest_cli.errors import OperatorError, exit_on_error
from modest_cli.output import AsJson, lines, print_json, print_table

app = typer.Typer(
    help="Show and change the billing terms and the policy of each account.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command("list")
def list_(*, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """List all accounts, their billing terms and their policies."""
    with exit_on_error():
        accounts = aws.open_registry(aws.load_deployment(stack)).accounts()
    if as_json:
        print_json([_as_dict(account) for account in accounts])
        return
    print_table(
        ("account", "plan", "currency", "discount", "referrer", "policy", "since", "id"),
        [
            (
                account.name,
                account.plan,
                account.currency,
                _format_percent(account),
                account.referrer,
                account_policies.describe(account.policy),
                f"{account.created:%Y-%m-%d}",
                account.id,
            )
            for account in accounts
        ],
    )


@app.command()
def show(who: AccountArgument, *, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """Show an account's billing terms, its policy and every plan that it has had."""
    with exit_on_error():
        account, _ = aws.open_keyring(aws.load_deployment(stack)).find(who)
    _print(account, as_json=as_json)


@app.command("set")
def set_(
    who: AccountArgument,
    *,
    currency: Annotated[
        Currency | None,
        typer.Option(help="The currency to charge in. XNO is Nano, the currency that NanoGPT is paid in."),
    ] = None,
    discount: DiscountOption = None,
    referrer: Annotated[
        str | None, typer.Option(help="Who referred the customer. This is a note for yourself.")
    ] = None,
    bill_to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINE",
            help="A line of the name and address that invoices are for. Repeat it for each line. '' removes all.",
        ),
    ] = None,
    policy: PolicyOption = None,
    questionable_from: QuestionableOption = None,
    nsfw_from: NsfwOption = None,
    class_limit: ClassLimitOption = None,
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Change an account's billing terms, or how its images are judged.

    The change applies from the account's next call on. Calls that have already been judged and charged do not change.
    A call that names a policy itself is judged by that and by the scores of the deployment.
    """

    def next_policy(stored: object) -> dict[str, object]:
        return account_policies.change(
            stored,
            policy=policy,
            questionable_from=questionable_from,
            nsfw_from=nsfw_from,
            class_limits=class_limit or [],
        )

    with exit_on_error():
        keyring = aws.open_keyring(aws.load_deployment(stack))
        account, _ = keyring.find(who)
        try:
            changed = keyring.registry.change(
                account.id,
                currency=currency,
                discount_percent=discount,
                referrer=referrer,
                bill_to="\n".join(bill_to) if bill_to else None,
                policy=next_policy if policy or questionable_from or nsfw_from or class_limit else None,
            )
        except InvalidAccountPolicy as error:
            raise OperatorError(f"The policy of {account.name} would be invalid: {error}.") from None
        except ValueError as error:
            raise OperatorError(f"These terms are not valid: {error}.") from None
    _print(changed, as_json=as_json)


def _print(account: Account, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_dict(account))
        return
    plans = [("plan", _describe(held)) for held in account.plans]
    print_table(
        ("", ""),
        [
            ("account", account.id),
            ("name", account.name),
            *plans,
            ("currency", account.currency),
            ("discount", _format_percent(account)),
            ("referrer", account.referrer),
            ("bill to", lines(account.bill_to)),
            ("policy", account_policies.describe(account.policy)),
        ],
    )


def _describe(held: PlanHeld) -> str:
    until = f", until {held.until:%Y-%m-%d %H:%M} UTC" if held.until else ""
    price = "" if held.price_usd is None else f" at {held.price_usd:f} USD"
    return f"{held.plan}{price}, since {held.since:%Y-%m-%d %H:%M} UTC{until}"


def _format_percent(account: Account) -> str:
    return f"{account.discount_percent.normalize():f}%"


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
        "bill_to": account.bill_to,
        "policy": account_policies.as_dict(account.policy),
    }
