"""Says whether a condition holds, as DynamoDB's documentation does."""

import operator
from collections.abc import Callable
from typing import Any

from modest.store.conditions import Compares, Condition, Exists, Joined, Not
from modest.store.table import Item

_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    "contains": operator.contains,
}


def holds(condition: Condition, item: Item) -> bool:
    match condition:
        case Joined(first, word, second):
            sides = (holds(first, item), holds(second, item))
            return all(sides) if word == "AND" else any(sides)
        case Not(negated):
            return not holds(negated, item)
        case Exists(attribute, exists):
            return (attribute in item) == exists
        case Compares(attribute, relation, value):
            return attribute in item and _RELATIONS[relation](item[attribute], value)
    raise AssertionError(f"{condition!r} is not a condition")
