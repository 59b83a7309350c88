"""`modest call`: shows what the ledger has of one call, so that its verdicts can be explained."""

from typing import Annotated, Any

import typer

from modest.ledger.entries import second_of
from modest.store.table import Item
from modest_cli import aws
from modest_cli.arguments import AccountArgument, MonthArgument
from modest_cli.errors import OperatorError, exit_on_error
from modest_cli.output import AsJson, print_json, print_table


def call(
    month: MonthArgument,
    account: AccountArgument,
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="The X-Request-Id of the call's answer.")],
    *,
    as_json: AsJson = False,
    stack: aws.StackOption = aws.DEFAULT_STACK,
) -> None:
    """Show a call's entry: what it cost, by what it was judged, and the SHA-256 of its images while they are kept."""
    with exit_on_error():
        deployment = aws.load_deployment(stack)
        found, _ = aws.open_keyring(deployment).find(account)
        books = aws.open_usage_reader(deployment)
        entries = books.entries(found.id, month)
        entry = next((each for each in entries if each["request"].rpartition(".")[0] == request), None)
        if entry is None:
            raise OperatorError(f"{found.name} has no settled call {request} in {month}.")
        facts = _facts(entry, books.digests_of(entry))
    if as_json:
        print_json(facts)
    else:
        print_table(("", ""), [(name, _text(value)) for name, value in facts.items()])


def _facts(entry: Item, digests: list[str] | None) -> dict[str, Any]:
    rules = entry.get("judged_by", {})
    return {
        "request": entry["request"],
        "admitted_at": second_of(entry),
        "outcome": entry["outcome"],
        "images": int(entry["images"]),
        "charged": f"{entry['amount']:f} {entry['currency']}",
        **{name: _plain(value) for name, value in rules.items()},
        "sha256": digests,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return list(map(_plain, value))
    return value if isinstance(value, str) else float(value)


def _text(value: object) -> str:
    if value is None:
        return "not kept any more"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
