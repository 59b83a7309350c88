"""`modest keys`: creates, lists, replaces and removes API keys."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import typer
from rich.text import Text

from modest_cli import aws
from modest_cli.arguments import AccountArgument, HoursOption, OptionalAccountArgument
from modest_cli.errors import exit_on_error
from modest_cli.keyring import HASH_SHOWN, AccountStatus, IssuedKey, KeyState
from modest_cli.output import AsJson, escape, print_json, print_note, print_table, with_progress

app = typer.Typer(help="Create, list, replace and remove API keys.", no_args_is_help=True, rich_markup_mode="markdown")

_COLOURS = {
    KeyState.WORKS: "green",
    KeyState.REPLACED: "yellow",
    KeyState.EXPIRED: "dim",
    KeyState.DISABLED: "red",
    KeyState.INCOMPLETE: "bold red",
}


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
    _print_issued(issued, deployment.url, as_json=as_json)


@app.command("list")
def list_(*, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """List all accounts and their keys."""
    with exit_on_error():
        keyring = aws.open_keyring(aws.load_deployment(stack))
        accounts = keyring.accounts()
        statuses = list(with_progress(keyring.list_statuses(accounts), len(accounts), "reading accounts"))
    _print(statuses, as_json=as_json)


@app.command()
def show(who: AccountArgument, *, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """Show an account and its keys."""
    with exit_on_error():
        keyring = aws.open_keyring(aws.load_deployment(stack))
        status = keyring.get_status(keyring.find(who)[0])
    if as_json:
        print_json(_as_dict(status))
        return
    account = status.account
    rows = [("account", account.id), ("name", account.name), ("plan", account.plan)]
    rows += [("since", f"{account.created:%Y-%m-%d}")]
    rows += [
        ("key", f"{key_status.key.hash}  {_describe_state(key_status.state, key_status.key.until)}")
        for key_status in status.keys
    ]
    print_table(("", ""), rows)


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
    _print_issued(issued, deployment.url, as_json=as_json)


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
    _print([status], as_json=as_json)


@app.command()
def disable(who: AccountArgument, *, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """Refuse calls with a key, or with all keys of an account.

    The account's plan continues and is invoiced until its last key is deleted.
    """
    with exit_on_error():
        status = aws.open_keyring(aws.load_deployment(stack)).set_enabled(who, enabled=False)
    _print([status], as_json=as_json)


@app.command()
def enable(who: AccountArgument, *, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """Accept calls with a disabled key again, or with all keys of an account."""
    with exit_on_error():
        status = aws.open_keyring(aws.load_deployment(stack)).set_enabled(who, enabled=True)
    _print([status], as_json=as_json)


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
            _print([keyring.delete(who)], as_json=as_json)
            return
        deleted = keyring.delete_all_at_gateway()
    if as_json:
        print_json({"deleted": deleted})
    else:
        print_note(f"Keys deleted from API Gateway: {deleted}")


def _print_issued(issued: IssuedKey, url: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**_as_dict(issued.owner), "key": issued.secret})
        return
    account = issued.owner.account
    facts: list[tuple[str | Text, ...]] = [("account", account.id), ("name", account.name), ("plan", account.plan)]
    print_table(("", ""), [*facts, ("key", Text(issued.secret, "bold"))])
    print_note("Copy the key now. It is not shown again, because only its SHA-256 is stored. Try it:")
    print_note(f"  curl -H 'x-api-key: …' {url}/v1/usage")


def _print(statuses: list[AccountStatus], *, as_json: bool) -> None:
    if as_json:
        print_json([_as_dict(status) for status in statuses])
        return
    print_table(
        ("account", "plan", "key", "state", "created", "id"), (row for status in statuses for row in _rows(status))
    )


def _rows(status: AccountStatus) -> list[tuple[str | Text, ...]]:
    account = status.account
    rows: list[tuple[str | Text, ...]] = [
        (
            account.name,
            account.plan,
            key_status.key.hash[:HASH_SHOWN],
            Text(_describe_state(key_status.state, key_status.key.until), _COLOURS[key_status.state]),
            f"{key_status.key.created:%Y-%m-%d}",
            account.id,
        )
        for key_status in status.keys
    ]
    return rows or [(account.name, account.plan, "", "no key", "", account.id)]


def _describe_state(state: KeyState, until: datetime | None) -> str:
    return f"{state}, works until {until:%Y-%m-%d %H:%M} UTC" if state is KeyState.REPLACED and until else state.value


def _as_dict(status: AccountStatus) -> dict[str, object]:
    account = status.account
    return {
        "account": account.id,
        "name": account.name,
        "plan": account.plan,
        "created": account.created.isoformat(),
        "keys": [
            {
                "sha256": key_status.key.hash,
                "state": key_status.state,
                "created": key_status.key.created.isoformat(),
                "until": key_status.key.until.isoformat() if key_status.key.until else None,
            }
            for key_status in status.keys
        ],
    }
