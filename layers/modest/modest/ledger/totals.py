"""Adds up what calls were charged."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from modest.money import Currency
from modest.store.table import Item

KEY_NUMBER, KEY_NAME = "key_number", "key_name"
ADDED_UP = ("images", "image_price_usd", "currency", "amount", KEY_NUMBER, KEY_NAME)
"""The attributes of an entry that its month's totals follow from."""

_AT = " at "


@dataclass(frozen=True, slots=True)
class Totals:
    """The exact sums of some settled calls."""

    calls: int = 0
    images: int = 0
    images_at: dict[tuple[Currency, Decimal], int] = field(default_factory=dict)
    """How many images were charged one by one, by currency and by list price in US dollars."""
    amounts: dict[Currency, Decimal] = field(default_factory=dict)
    """Only the currencies in which something was charged."""
    by_key: dict[int, "KeyTotals"] = field(default_factory=dict)
    """The same by the number of the key that the calls were made with, because a deleted key's name may be given again.
    """

    def to_item(self) -> dict[str, Any]:
        images_at = {f"{currency}{_AT}{price:f}": images for (currency, price), images in self.images_at.items()}
        by_key = {str(number): totals.to_item() for number, totals in self.by_key.items()}
        return {"calls": self.calls, "images": self.images, "by_key": by_key} | images_at | _by_text(self.amounts)

    @classmethod
    def from_item(cls, item: Item) -> "Totals":
        charged = [(name.partition(_AT), int(images)) for name, images in item.items() if _AT in name]
        return cls(
            calls=int(item["calls"]),
            images=int(item["images"]),
            images_at={(Currency(currency), Decimal(price)): images for (currency, _, price), images in charged},
            amounts=_by_currency(item),
            by_key={int(number): KeyTotals.from_item(of_key) for number, of_key in item["by_key"].items()},
        )


@dataclass(frozen=True, slots=True)
class KeyTotals:
    """The exact sums of some settled calls that were made with one key, or with one that replaced it."""

    name: str
    calls: int = 0
    images: int = 0
    amounts: dict[Currency, Decimal] = field(default_factory=dict)
    """Only the currencies in which something was charged."""

    def plus(self, images: int, currency: Currency, amount: Decimal) -> "KeyTotals":
        """Returns the sums with one more call."""
        more = {currency: self.amounts.get(currency, Decimal(0)) + amount} if amount else {}
        return KeyTotals(self.name, self.calls + 1, self.images + images, self.amounts | more)

    def to_item(self) -> dict[str, Any]:
        return {"name": self.name, "calls": self.calls, "images": self.images} | _by_text(self.amounts)

    @classmethod
    def from_item(cls, item: Item) -> "KeyTotals":
        return cls(item["name"], int(item["calls"]), int(item["images"]), _by_currency(item))


class Sums:
    """Totals that grow."""

    def __init__(self, totals: Totals | None = None) -> None:
        start = totals or Totals()
        self._calls = start.calls
        self._images = start.images
        self._images_at = Counter(start.images_at)
        self._amounts = dict(start.amounts)
        self._by_key = dict(start.by_key)

    def add(self, entry: Item) -> None:
        currency, images, price = Currency(entry["currency"]), int(entry["images"]), entry["image_price_usd"]
        self._calls += 1
        self._images += images
        if images and price:
            self._images_at[currency, price.normalize()] += images
        if entry["amount"]:
            self._amounts[currency] = self._amounts.get(currency, Decimal(0)) + entry["amount"]
        number = int(entry[KEY_NUMBER])
        of_key = self._by_key.get(number) or KeyTotals(entry[KEY_NAME])
        self._by_key[number] = of_key.plus(images, currency, entry["amount"])

    @property
    def totals(self) -> Totals:
        return Totals(self._calls, self._images, dict(self._images_at), dict(self._amounts), dict(self._by_key))


def add_up(entries: Iterable[Item], start: Totals | None = None) -> Totals:
    sums = Sums(start)
    for entry in entries:
        sums.add(entry)
    return sums.totals


def _by_text(amounts: Mapping[Currency, Decimal]) -> dict[str, Decimal]:
    return {currency.value: amount for currency, amount in amounts.items()}


def _by_currency(item: Item) -> dict[Currency, Decimal]:
    return {currency: item[currency.value] for currency in Currency if currency.value in item}
