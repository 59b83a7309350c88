"""Defines what a key may take of its account in each UTC month."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from modest.money import SMALLEST, Currency

MAX_CALLS = 10**12
MAX_USD = Decimal(10**9)


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What is None has no limit. Raises ValueError, with a sentence for an operator."""

    calls: int | None = None
    usd: Decimal | None = None
    """US dollars, less the account's discount, for images that are charged one by one."""

    def __post_init__(self) -> None:
        if self.calls is not None and not 1 <= self.calls <= MAX_CALLS:
            raise ValueError(f"A key may be given from 1 to {MAX_CALLS:,} calls a month, not {self.calls:,}.")
        if self.usd is not None and not SMALLEST[Currency.USD] <= self.usd <= MAX_USD:
            raise ValueError(
                f"A key may be given from {SMALLEST[Currency.USD]:f} to {MAX_USD:,} US dollars a month, "
                f"not {self.usd:f}."
            )


NO_LIMITS = KeyLimits()


def limits_to_item(limits: KeyLimits) -> dict[str, Any]:
    stored: dict[str, Any] = {} if limits.calls is None else {"calls": limits.calls}
    return stored | ({} if limits.usd is None else {"usd": limits.usd})


def limits_from_item(item: Mapping[str, Any]) -> KeyLimits:
    return KeyLimits(int(item["calls"]) if "calls" in item else None, item.get("usd"))
