"""What an image costs. The only place that says so."""

from dataclasses import dataclass
from decimal import Decimal

from modest.money import Terms, amount_due

IMAGE_PRICE_USD = Decimal("0.0015")
"""For each distinct image judged through a dialect that charges by the image (source: NanoGPT's published price)."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What a call costs, and how that came about."""

    images: int
    image_price_usd: Decimal
    terms: Terms
    amount: Decimal
    """In the terms' currency."""


def by_the_image(images: int, terms: Terms) -> Charge:
    """`images`: distinct ones, judged."""
    return Charge(images, IMAGE_PRICE_USD, terms, amount_due(IMAGE_PRICE_USD * images, terms))


def covered_by_plan(images: int, terms: Terms) -> Charge:
    return Charge(images, Decimal(0), terms, Decimal(0))


def price_of(images: int) -> Decimal:
    return IMAGE_PRICE_USD * images
