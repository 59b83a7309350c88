"""`modest keys`: hand out keys, look after them, take them back."""

from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from modest_cli import aws
from modest_cli.arguments import Who
from modest_cli.errors import told
from modest_cli.keyring import Handed, Holder, State
from modest_cli.output import AsJson, note, print_json, print_table, tracked

app = typer.Typer(
    help="Hand out keys, look after them, take them back.", no_args_is_help=True, rich_markup_mode="markdown"
)

_COLOURS = {
    State.WORKS: "green",
    State.REPLACED: "yellow",
    State.EXPIRED: "dim",
    State.DISABLED: "red",
    State.INCOMPLETE: "bold red",
}
_HASH_SHOWN = 12


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Of the new account.")],
    plan: Annotated[str, typer.Option(help="What it is sold.")],
    *,
    as_json: AsJson = False,
    stack: aws.Stack = aws.DEFAULT_STACK,
) -> None:
    """Make an account and its key, which is shown this once."""
    with told():
        found = aws.deployment(stack)
        handed = aws.keyring(found).create(name, found.plan(plan).name)
    _print_handed(handed, found.url, as_json=as_json)


@app.command("list")
def list_(*, as_json: AsJson = False, stack: aws.Stack = aws.DEFAULT_STACK) -> None:
    """All accounts and their keys."""
    with told():
        keyring = aws.keyring(aws.deployment(stack))
        accounts = keyring.accounts()
        holders = list(tracked(keyring.holders(accounts), len(accounts), "accounts"))
    _print(holders, as_json=as_json)


@app.command()
def show(who: Who, *, as_json: AsJson = False, stack: aws.Stack = aws.DEFAULT_STACK) -> None:
    """One account and its keys."""
    with told():
        keyring = aws.keyring(aws.deployment(stack))
        holder = keyring.holder(keyring.find(who)[0])
    if as_json:
        print_json(_as_dict(holder))
        return
    account = holder.account
    rows = [("account", account.id), ("name", account.name), ("plan", account.plan)]
    rows += [("since", f"{account.created:%Y-%m-%d}")]
    rows += [("key", f"{held.key.hash}  {_described(held.state, held.key.until)}") for held in holder.keys]
    print_table(("", ""), rows)


@app.command()
def rotate(
    who: Who,
    *,
    old_works_for: Annotated[
        float, typer.Option(min=0, help="Hours for which the old key goes on working; 0 for a leaked one.")
    ] = 24,
    as_json: AsJson = False,
    stack: aws.Stack = aws.DEFAULT_STACK,
) -> None:
    """Replace a key. Account, plan and what was used this month stay."""
    with told():
        found = aws.deployment(stack)
        handed = aws.keyring(found).rotate(who, old_works_for=timedelta(hours=old_works_for))
    _print_handed(handed, found.url, as_json=as_json)


@app.command()
def move(
    who: Who,
    plan: Annotated[str, typer.Argument(help="The plan to be on from now on.")],
    *,
    as_json: AsJson = False,
    stack: aws.Stack = aws.DEFAULT_STACK,
) -> None:
    """Put an account on another plan, or on the same one at its present price.

    A key is on one plan at a time: it is taken off the old one, then put on the new one. Calls in between, and for the
    seconds that API Gateway needs to take notice, are answered 401. Cut off half-way, run it again.
    """
    with told():
        found = aws.deployment(stack)
        holder = aws.keyring(found).move(who, found.plan(plan).name)
    _print([holder], as_json=as_json)


@app.command()
def disable(who: Who, *, as_json: AsJson = False, stack: aws.Stack = aws.DEFAULT_STACK) -> None:
    """Refuse a key from the next call on. Its plan goes on and is invoiced; deleting the last key ends it."""
    with told():
        holder = aws.keyring(aws.deployment(stack)).enable(who, enabled=False)
    _print([holder], as_json=as_json)


@app.command()
def enable(who: Who, *, as_json: AsJson = False, stack: aws.Stack = aws.DEFAULT_STACK) -> None:
    """Accept a disabled key again."""
    with told():
        holder = aws.keyring(aws.deployment(stack)).enable(who, enabled=True)
    _print([holder], as_json=as_json)


@app.command()
def delete(
    who: Who,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    stack: aws.Stack = aws.DEFAULT_STACK,
) -> None:
    """Remove a key for good. The account stays, with what it used and owes.

    Without a key its plan ends: it is invoiced for this month and for none after it.
    """
    if not yes:
        typer.confirm(f"Delete every key of {who}?", abort=True, err=True)
    with told():
        holder = aws.keyring(aws.deployment(stack)).delete(who)
    _print([holder], as_json=as_json)


def _print_handed(handed: Handed, url: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**_as_dict(handed.holder), "key": handed.secret})
        return
    account = handed.holder.account
    facts: list[tuple[str | Text, ...]] = [("account", account.id), ("name", account.name), ("plan", account.plan)]
    print_table(("", ""), [*facts, ("key", Text(handed.secret, "bold"))])
    note(f"The key is shown this once; only its SHA-256 is stored. Try it:\n  curl -H 'x-api-key: …' {url}/v1/usage")


def _print(holders: list[Holder], *, as_json: bool) -> None:
    if as_json:
        print_json([_as_dict(holder) for holder in holders])
        return
    print_table(("account", "plan", "key", "state", "made", "id"), (row for holder in holders for row in _rows(holder)))


def _rows(holder: Holder) -> list[tuple[str | Text, ...]]:
    account = holder.account
    rows: list[tuple[str | Text, ...]] = [
        (
            account.name,
            account.plan,
            held.key.hash[:_HASH_SHOWN],
            Text(_described(held.state, held.key.until), _COLOURS[held.state]),
            f"{held.key.created:%Y-%m-%d}",
            account.id,
        )
        for held in holder.keys
    ]
    return rows or [(account.name, account.plan, "", "no key", "", account.id)]


def _described(state: State, until: datetime | None) -> str:
    return f"{state}, works until {until:%Y-%m-%d %H:%M} UTC" if state is State.REPLACED and until else state.value


def _as_dict(holder: Holder) -> dict[str, object]:
    account = holder.account
    return {
        "account": account.id,
        "name": account.name,
        "plan": account.plan,
        "created": account.created.isoformat(),
        "keys": [
            {
                "sha256": held.key.hash,
                "state": held.state,
                "created": held.key.created.isoformat(),
                "until": held.key.until.isoformat() if held.key.until else None,
            }
            for held in holder.keys
        ],
    }
