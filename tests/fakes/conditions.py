"""Says whether a condition holds, as DynamoDB's documentation does."""

import operator
from collections.abc import Callable
from typing import Any

from modest.store.conditions import Both, Compares, Condition, Contains, Either, Exists, Missing, Not
from modest.store.table import Item

_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {"=": operator.eq, "<": operator.lt, "<=": operator.le}


def holds(condition: Condition, item: Item) -> bool:  # noqa: PLR0911 - a return for each kind
    match condition:
        case Both(first, second):
            return holds(first, item) and holds(second, item)
        case Either(first, second):
            return holds(first, item) or holds(second, item)
        case Not(negated):
            return not holds(negated, item)
        case Exists(attribute):
            return attribute in item
        case Missing(attribute):
            return attribute not in item
        case Contains(attribute, value):
            return attribute in item and value in item[attribute]
        case Compares(attribute, relation, value):
            return attribute in item and _RELATIONS[relation](item[attribute], value)
    raise AssertionError(f"{condition!r} is not a condition")
