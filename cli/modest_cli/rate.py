"""`modest rate`: what an XNO is worth."""

from modest_cli import aws
from modest_cli.arguments import Usd
from modest_cli.errors import OperatorError, told
from modest_cli.output import AsJson, print_json, print_table


def rate(usd: Usd = None, *, as_json: AsJson = False, stack: aws.Stack = aws.DEFAULT_STACK) -> None:
    """What an XNO is worth: shows it, or sets it. Calls take a new rate up within a minute."""
    with told():
        registry = aws.registry(aws.deployment(stack))
        try:
            found = registry.rate() if usd is None else registry.set_rate(usd)
        except ValueError as error:
            raise OperatorError(f"That cannot be: {error}.") from None
        if found is None:
            raise OperatorError("No rate is set, so no account can be charged in XNO. `modest rate 0.87` sets one.")
    if as_json:
        print_json({"currency": "XNO", "usd": str(found.usd), "day": found.day.isoformat()})
        return
    print_table(("", ""), [("1 XNO", f"{found.usd:f} USD"), ("set on", f"{found.day}")])
