"""`modest rate`: shows or sets the exchange rate of XNO (Nano)."""

from modest_cli import aws
from modest_cli.arguments import UsdArgument
from modest_cli.errors import OperatorError, exit_on_error
from modest_cli.output import AsJson, print_json, print_table


def rate(usd: UsdArgument = None, *, as_json: AsJson = False, stack: aws.StackOption = aws.DEFAULT_STACK) -> None:
    """Show or set the exchange rate of XNO (Nano, the currency that NanoGPT is paid in).

    Calls use a new rate within a minute.
    """
    with exit_on_error():
        registry = aws.open_registry(aws.load_deployment(stack))
        try:
            found = registry.rate() if usd is None else registry.set_rate(usd)
        except ValueError as error:
            raise OperatorError(f"This rate is not valid: {error}.") from None
        if found is None:
            raise OperatorError(
                "No rate is set, so no account can be charged in XNO. Set one, such as `modest rate 0.87`."
            )
    if as_json:
        print_json({"currency": "XNO", "usd": str(found.usd), "day": found.day.isoformat()})
        return
    print_table(("", ""), [("1 XNO", f"{found.usd:f} USD"), ("set on", f"{found.day}")])
