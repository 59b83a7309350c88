"""Says what must hold of an item so that a write is carried out, and writes it as DynamoDB reads it.

boto3 has the same and more, but to import it would take a twentieth of each start of the service.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Placeholder = Callable[[Any], str]
"""Returns what stands in an expression for the name of an attribute, or for a value."""


class Condition:
    """Two conditions are joined with `&` and `|`, and one is turned around with `~`."""

    __slots__ = ()

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        """Returns the condition as DynamoDB reads it."""
        raise NotImplementedError

    def __and__(self, other: "Condition") -> "Condition":
        return Joined(self, "AND", other)

    def __or__(self, other: "Condition") -> "Condition":
        return Joined(self, "OR", other)

    def __invert__(self) -> "Condition":
        return Not(self)


@dataclass(frozen=True, slots=True)
class Exists(Condition):
    attribute: str
    exists: bool

    def expression(self, name: Placeholder, value: Placeholder) -> str:  # noqa: ARG002 - it has none
        return f"attribute_{'exists' if self.exists else 'not_exists'}({name(self.attribute)})"


@dataclass(frozen=True, slots=True)
class Compares(Condition):
    """Never holds if the item has no such attribute."""

    attribute: str
    relation: Literal["=", "<", "<=", "contains"]
    value: Any

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        first, second = name(self.attribute), value(self.value)
        return f"contains({first}, {second})" if self.relation == "contains" else f"{first} {self.relation} {second}"


@dataclass(frozen=True, slots=True)
class Joined(Condition):
    first: Condition
    word: Literal["AND", "OR"]
    second: Condition

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        return f"({self.first.expression(name, value)} {self.word} {self.second.expression(name, value)})"


@dataclass(frozen=True, slots=True)
class Not(Condition):
    condition: Condition

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        return f"(NOT {self.condition.expression(name, value)})"


class Attr:
    """Makes the conditions that are about one attribute."""

    def __init__(self, name: str) -> None:
        self._name = name

    def exists(self) -> Condition:
        return Exists(self._name, exists=True)

    def not_exists(self) -> Condition:
        return Exists(self._name, exists=False)

    def eq(self, value: Any) -> Condition:
        return Compares(self._name, "=", value)

    def lt(self, value: Any) -> Condition:
        return Compares(self._name, "<", value)

    def lte(self, value: Any) -> Condition:
        return Compares(self._name, "<=", value)

    def contains(self, member: Any) -> Condition:
        """Holds if the attribute is a set that has the member."""
        return Compares(self._name, "contains", member)
