"""What an image costs. The only place that says so."""

from decimal import Decimal

IMAGE_PRICE_USD = Decimal("0.0015")
"""For each distinct image judged through a dialect that charges by the image (source: NanoGPT's published price)."""


def price_of(images: int) -> Decimal:
    return IMAGE_PRICE_USD * images
