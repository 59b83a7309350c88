"""The plans that are sold. Their figures live in the deployment's template alone and come here as JSON."""

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
    """Calls a second."""
    burst: int
    price_usd: Decimal
    """For a month."""


Plans = Mapping[str, Plan]


def plans_from_json(text: str) -> Plans:
    """`{"Free": {"quota": 3000, "rate": 1, "burst": 1, "price_usd": 0}, ...}`, cheapest first. Raises ValueError."""
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
