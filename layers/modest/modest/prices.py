"""Computes what a call costs. No other module states the price of an image."""

from dataclasses import dataclass
from decimal import Decimal

from modest.money import Terms, amount_due

IMAGE_PRICE_USD = Decimal("0.0015")
"""The list price of one judged image, where images are charged one by one (source: NanoGPT's published price)."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What a call costs, and what that follows from."""

    images: int
    """Distinct images that were judged."""
    image_price_usd: Decimal
    """The list price of each, before any discount."""
    terms: Terms
    amount: Decimal
    """In the currency of the terms, rounded to its smallest unit."""


def most_by_the_image(images: int, discount_percent: Decimal) -> Decimal:
    """Returns the US dollars that a call can cost at most. images: how many distinct ones it sends."""
    return amount_due(IMAGE_PRICE_USD * images, Terms(discount_percent=discount_percent))


def by_the_image(images: int, terms: Terms) -> Charge:
    """Charges each image. images: how many distinct ones were judged."""
    return Charge(images, IMAGE_PRICE_USD, terms, amount_due(IMAGE_PRICE_USD * images, terms))


def covered_by_plan(images: int, terms: Terms) -> Charge:
    """Records the images and charges nothing for them."""
    return Charge(images, Decimal(0), terms, Decimal(0))
