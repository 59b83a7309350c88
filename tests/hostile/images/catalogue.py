"""Lists hostile images by name, each with what it must lead to."""

from collections.abc import Callable
from dataclasses import dataclass

from modest.errors import PublicError


@dataclass(frozen=True)
class Hostile:
    make: Callable[[], bytes]
    refusal: type[PublicError] | None
    """The error that it must lead to; None if it is judged."""
    heavy: bool
    """Whether it takes noticeable time or memory to make or to judge."""


HOSTILE: dict[str, Hostile] = {}

Make = Callable[[], bytes]


def hostile(refusal: type[PublicError] | None, *, heavy: bool = False) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        add(make.__name__.replace("_", " "), make, refusal, heavy=heavy)
        return make

    return register


def add(name: str, make: Make, refusal: type[PublicError] | None, *, heavy: bool = False) -> None:
    HOSTILE[name] = Hostile(make, refusal, heavy)


def given(data: bytes) -> Make:
    return lambda: data
