"""`modest keys`: creates, lists, replaces and removes API keys."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import typer

from modest.accounts.key_limits import NO_LIMITS, KeyLimits
from modest.accounts.key_records import AccountKey
from modest_cli import aws
from modest_cli.arguments import (
    AccountArgument,
    HoursOption,
    OptionalAccountArgument,
)
from modest_cli.errors import exit_on_error
from modest_cli.key_options import CallsOption, UntilOption, UsdOption, end_of, limits_of
from modest_cli.key_tables import as_dict, print_account, print_issued, print_statuses
from modest_cli.output import AsJson, escape, print_json, print_note, with_progress

app = typer.Typer(help="Create, list, replace and remove API keys.", no_args_is_help=True, rich_markup_mode="markdown")


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new account.")],
    plan: Annotated[str, typer.Option(help="Usage plan: free, basic, pro or mega.")],
    *,
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Create an account and its API key. The key is shown only once.

    If the account already exists but no longer has a key, it gets a new key.
    """
    with exit_on_error():
        deployment = aws.load_deployment(stack)
        issued = aws.open_keyring(deployment).create(name, deployment.plan(plan).name)
    print_issued(issued, deployment.url, as_json=as_json)


@app.command("list")
def list_(*, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """List all accounts and their keys."""
    with exit_on_error():
        keyring = aws.open_keyring(aws.load_deployment(stack))
        accounts = keyring.accounts()
        statuses = list(with_progress(keyring.list_statuses(accounts), len(accounts), "reading accounts"))
    print_statuses(statuses, as_json=as_json)


@app.command()
def show(who: AccountArgument, *, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """Show an account and its keys."""
    with exit_on_error():
        keyring = aws.open_keyring(aws.load_deployment(stack))
        status = keyring.get_status(keyring.find(who)[0])
    if as_json:
        print_json(as_dict(status))
        return
    print_account(status)


@app.command()
def add(
    who: AccountArgument,
    *,
    name: Annotated[str, typer.Option(help="The key's name, which no other key of the account has.")],
    calls: CallsOption = None,
    usd: UsdOption = None,
    until: UntilOption = None,
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Give an account another key, with limits of its own if you like. The key is shown only once.

    The account's quota and charges are shared by all its keys, of which it may have 20.
    """
    with exit_on_error():
        deployment = aws.load_deployment(stack)
        limits, end = limits_of(NO_LIMITS, calls, usd), end_of(None, until)
        issued = aws.open_keyring(deployment).add(who, name, limits, end)
    print_issued(issued, deployment.url, as_json=as_json)


@app.command()
def limit(
    who: AccountArgument,
    *,
    calls: CallsOption = None,
    usd: UsdOption = None,
    until: UntilOption = None,
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Change what a key may take in a month, or when it ends. What you leave out stays as it is.

    Calls and dollars that the key has taken in this month count, the dollars only since it has a limit of them.
    """

    def change(key: AccountKey) -> tuple[KeyLimits, datetime | None]:
        return limits_of(key.limits, calls, usd), end_of(key.expires, until)

    if calls is usd is until is None:
        raise typer.BadParameter("Give --calls, --usd or --until.")
    with exit_on_error():
        status = aws.open_keyring(aws.load_deployment(stack)).limit(who, change)
    print_statuses([status], as_json=as_json)


@app.command()
def rotate(
    who: AccountArgument,
    *,
    old_works_for: HoursOption = Decimal(24),
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Replace a key. The account, its plan and this month's usage do not change."""
    with exit_on_error():
        deployment = aws.load_deployment(stack)
        issued = aws.open_keyring(deployment).rotate(who, old_works_for=timedelta(hours=float(old_works_for)))
    print_issued(issued, deployment.url, as_json=as_json)


@app.command()
def move(
    who: AccountArgument,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="The new usage plan: free, basic, pro or mega.")],
    *,
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Move an account to another plan, or to the current price of its plan.

    A key can be on only one plan, so it is removed from the old plan before it is added to the new one. In between, and
    for the few seconds until API Gateway applies the change, calls are answered with 401. If the command is
    interrupted, run it again.
    """
    with exit_on_error():
        deployment = aws.load_deployment(stack)
        status = aws.open_keyring(deployment).move(who, deployment.plan(plan).name)
    print_statuses([status], as_json=as_json)


@app.command()
def disable(who: AccountArgument, *, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """Refuse calls with a key, or with all keys of an account.

    The account's plan continues and is invoiced until its last key is deleted.
    """
    with exit_on_error():
        status = aws.open_keyring(aws.load_deployment(stack)).set_enabled(who, enabled=False)
    print_statuses([status], as_json=as_json)


@app.command()
def enable(who: AccountArgument, *, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """Accept calls with a disabled key again, or with all keys of an account."""
    with exit_on_error():
        status = aws.open_keyring(aws.load_deployment(stack)).set_enabled(who, enabled=True)
    print_statuses([status], as_json=as_json)


@app.command()
def delete(
    who: OptionalAccountArgument = None,
    *,
    all_of_stack: Annotated[
        bool, typer.Option("--all-of-stack", help="Delete all keys of the deployment from API Gateway.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Delete a key, or all keys of an account, permanently.

    The account stays, with its usage and charges. Its plan ends with its last key, and this month is the last one
    that is invoiced.

    With --all-of-stack, the keys of all accounts are deleted from API Gateway, which would keep them when the stack is
    deleted. Keys on a usage plan of another deployment stay: its ledger may be a copy. The ledger keeps all keys: for a
    stack that uses it, `modest doctor --repair` creates them again.
    """
    if (who is None) is not all_of_stack:
        raise typer.BadParameter("Give either an account or --all-of-stack.")
    if not yes:
        whose = f"the stack {escape(stack)}, so that all calls are refused" if who is None else escape(who)
        typer.confirm(f"Delete every key of {whose}?", abort=True, err=True)
    with exit_on_error():
        keyring = aws.open_keyring(aws.load_deployment(stack))
        if who is not None:
            print_statuses([keyring.delete(who)], as_json=as_json)
            return
        deleted = keyring.delete_all_at_gateway()
    if as_json:
        print_json({"deleted": deleted})
    else:
        print_note(f"Keys deleted from API Gateway: {deleted}")
