"""Turns Python's values into DynamoDB's and back, as boto3 does."""

from collections.abc import Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

# What a number of DynamoDB can hold. Another one raises an exception and is never rounded.
_NUMBERS = Context(prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])
_OF_SETS = {"S", "N", "B"}


def to_attribute(value: Any) -> dict[str, Any]:  # noqa: PLR0911 - a return for each type
    """Raises TypeError for a value that DynamoDB has no type for, and decimal.DecimalException for such a number."""
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": _number(value)}
        case bytes():
            return {"B": value}
        case set() | frozenset():
            return _set(value)
        case Mapping():
            return {"M": {name: to_attribute(part) for name, part in value.items()}}
        case list() | tuple():
            return {"L": [to_attribute(part) for part in value]}
        case None:
            return {"NULL": True}
        case _:
            raise TypeError(f"DynamoDB has no type for {type(value).__name__}")


def from_attribute(attribute: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - a return for each type
    """Raises TypeError for a type that is not DynamoDB's."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL" | "B":
            return value
        case "N":
            return _NUMBERS.create_decimal(value)
        case "SS" | "BS":
            return set(value)
        case "NS":
            return set(map(_NUMBERS.create_decimal, value))
        case "M":
            return {name: from_attribute(part) for name, part in value.items()}
        case "L":
            return [from_attribute(part) for part in value]
        case "NULL":
            return None
        case _:
            raise TypeError(f"DynamoDB has no type {kind}")


def _number(value: int | Decimal) -> str:
    number = _NUMBERS.create_decimal(value)
    if not number.is_finite():
        raise TypeError(f"DynamoDB has no number {number}")
    return str(number)


def _set(value: set[Any] | frozenset[Any]) -> dict[str, Any]:
    members = [to_attribute(member) for member in value]
    kinds = {kind for member in members for kind in member}
    if len(kinds) != 1 or not kinds <= _OF_SETS:
        raise TypeError("a set of DynamoDB has members of one type: texts, numbers or bytes, and at least one")
    (kind,) = kinds
    return {f"{kind}S": [member[kind] for member in members]}
