"""Says what must hold of an item so that a write is carried out, and writes it as DynamoDB reads it.

boto3 has the same and more, but to import it would take a twentieth of each start of the service.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Placeholder = Callable[[Any], str]
"""Returns what stands in an expression for the name of an attribute, or for a value."""


class Condition(ABC):
    """Two conditions are joined with `&` and `|`, and one is turned around with `~`."""

    __slots__ = ()

    @abstractmethod
    def expression(self, name: Placeholder, value: Placeholder) -> str:
        """Returns the condition as DynamoDB reads it."""

    def __and__(self, other: "Condition") -> "Condition":
        return Both(self, other)

    def __or__(self, other: "Condition") -> "Condition":
        return Either(self, other)

    def __invert__(self) -> "Condition":
        return Not(self)


@dataclass(frozen=True, slots=True)
class Exists(Condition):
    attribute: str

    def expression(self, name: Placeholder, value: Placeholder) -> str:  # noqa: ARG002
        return f"attribute_exists({name(self.attribute)})"


@dataclass(frozen=True, slots=True)
class Missing(Condition):
    attribute: str

    def expression(self, name: Placeholder, value: Placeholder) -> str:  # noqa: ARG002
        return f"attribute_not_exists({name(self.attribute)})"


@dataclass(frozen=True, slots=True)
class Compares(Condition):
    """Never holds if the item has no such attribute."""

    attribute: str
    relation: Literal["=", "<", "<="]
    value: Any

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        return f"{name(self.attribute)} {self.relation} {value(self.value)}"


@dataclass(frozen=True, slots=True)
class Contains(Condition):
    """Holds if the attribute is a set that has the value."""

    attribute: str
    value: Any

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        return f"contains({name(self.attribute)}, {value(self.value)})"


@dataclass(frozen=True, slots=True)
class Both(Condition):
    first: Condition
    second: Condition

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        return f"({self.first.expression(name, value)} AND {self.second.expression(name, value)})"


@dataclass(frozen=True, slots=True)
class Either(Condition):
    first: Condition
    second: Condition

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        return f"({self.first.expression(name, value)} OR {self.second.expression(name, value)})"


@dataclass(frozen=True, slots=True)
class Not(Condition):
    condition: Condition

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        return f"(NOT {self.condition.expression(name, value)})"


@dataclass(frozen=True, slots=True)
class Attr:
    """Makes the conditions that are about one attribute."""

    name: str

    def exists(self) -> Condition:
        return Exists(self.name)

    def not_exists(self) -> Condition:
        return Missing(self.name)

    def eq(self, value: Any) -> Condition:
        return Compares(self.name, "=", value)

    def lt(self, value: Any) -> Condition:
        return Compares(self.name, "<", value)

    def lte(self, value: Any) -> Condition:
        return Compares(self.name, "<=", value)

    def contains(self, value: Any) -> Condition:
        return Contains(self.name, value)
