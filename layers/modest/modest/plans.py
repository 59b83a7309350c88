"""Reads the plans on sale. Only the deployment's template states their figures; here they arrive as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    quota: int
    """Calls a month."""
    rate: float
    """Calls a second, in the long run."""
    burst: int
    """Calls at once."""
    price_usd: Decimal
    """US dollars a month."""


Plans = Mapping[str, Plan]
"""By name, the cheapest first."""


def plans_from_json(text: str) -> Plans:
    """Reads `{"Free": {"quota": 3000, "rate": 1, "burst": 1, "price_usd": 0}, ...}`. Prices stay exact.

    Raises ValueError.
    """
    try:
        figures = json.loads(text, parse_float=Decimal)
        return {
            name: Plan(
                name,
                quota=int(plan["quota"]),
                rate=float(plan["rate"]),
                burst=int(plan["burst"]),
                price_usd=Decimal(plan["price_usd"]),
            )
            for name, plan in figures.items()
        }
    except (AttributeError, KeyError, TypeError, ArithmeticError) as error:
        raise ValueError(f"not a set of plans: {type(error).__name__} {error}") from error
