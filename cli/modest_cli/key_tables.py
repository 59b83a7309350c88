"""Prints keys and their accounts."""

from rich.text import Text

from modest.accounts.key_records import AccountKey
from modest.money import shortest
from modest_cli.key_status import AccountStatus, IssuedKey, KeyState, KeyStatus
from modest_cli.keyring import HASH_SHOWN
from modest_cli.output import print_json, print_note, print_table

_COLOURS = {
    KeyState.WORKS: "green",
    KeyState.REPLACED: "yellow",
    KeyState.EXPIRED: "dim",
    KeyState.DISABLED: "red",
    KeyState.INCOMPLETE: "bold red",
}


def print_account(status: AccountStatus) -> None:
    account = status.account
    rows = [("account", account.id), ("name", account.name), ("plan", account.plan)]
    rows += [("since", f"{account.created:%Y-%m-%d}")]
    for key_status in status.keys:
        key = key_status.key
        rows += [(f"key {key.name}", f"{key.hash}  {_describe_state(key_status)}")]
        rows += [("", ", ".join(_limits(key)))] if _limits(key) else []
    print_table(("", ""), rows)


def print_issued(issued: IssuedKey, url: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**as_dict(issued.owner), "key": issued.secret})
        return
    account = issued.owner.account
    facts: list[tuple[str | Text, ...]] = [("account", account.id), ("name", account.name), ("plan", account.plan)]
    print_table(("", ""), [*facts, ("key", Text(issued.secret, "bold"))])
    print_note("Copy the key now. It is not shown again, because only its SHA-256 is stored. Try it:")
    print_note(f"  curl -H 'x-api-key: …' {url}/v1/usage")


def print_statuses(statuses: list[AccountStatus], *, as_json: bool) -> None:
    if as_json:
        print_json([as_dict(status) for status in statuses])
        return
    print_table(
        ("account", "plan", "name", "key", "state", "limits a month", "created", "id"),
        (row for status in statuses for row in _rows(status)),
    )


def _rows(status: AccountStatus) -> list[tuple[str | Text, ...]]:
    account = status.account
    rows: list[tuple[str | Text, ...]] = [
        (
            account.name,
            account.plan,
            key_status.key.name,
            key_status.key.hash[:HASH_SHOWN],
            Text(_describe_state(key_status), _COLOURS[key_status.state]),
            ", ".join(_limits(key_status.key)),
            f"{key_status.key.created:%Y-%m-%d}",
            account.id,
        )
        for key_status in status.keys
    ]
    return rows or [(account.name, account.plan, "", "", "no key", "", "", account.id)]


def _describe_state(status: KeyStatus) -> str:
    state, ends = status.state, status.key.ends
    if ends is None or state not in (KeyState.WORKS, KeyState.REPLACED):
        return state.value
    return f"{state}, {'works ' * (state is KeyState.REPLACED)}until {ends:%Y-%m-%d %H:%M} UTC"


def _limits(key: AccountKey) -> list[str]:
    calls, usd = key.limits.calls, key.limits.usd
    limits = [] if calls is None else [f"{calls:,} calls"]
    return limits + ([] if usd is None else [f"${shortest(usd)}"])


def as_dict(status: AccountStatus) -> dict[str, object]:
    account = status.account
    return {
        "account": account.id,
        "name": account.name,
        "plan": account.plan,
        "created": account.created.isoformat(),
        "keys": [
            {
                "name": key_status.key.name,
                "sha256": key_status.key.hash,
                "state": key_status.state,
                "created": key_status.key.created.isoformat(),
                "until": key_status.key.ends.isoformat() if key_status.key.ends else None,
                "calls": key_status.key.limits.calls,
                "usd": None if key_status.key.limits.usd is None else shortest(key_status.key.limits.usd),
            }
            for key_status in status.keys
        ],
    }
