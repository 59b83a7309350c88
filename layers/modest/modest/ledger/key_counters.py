"""Counts what each key of an account takes, in the month's item and so in the same write as the month's calls.

    k<number>   calls that were admitted with the key
    u<number>   US dollars that they could have cost, if the key has a limit of dollars

Dollars are reserved before a call is judged, for all its distinct images, and are never given back. So no failure,
crash or race gets a key past its limit, and a key whose images often cannot be judged is stopped early.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from modest.accounts.key_limits import KeyLimits
from modest.allowance import Allowance
from modest.refusals import KeyLimitExceeded
from modest.store.conditions import Attr, Condition
from modest.store.table import Item


@dataclass(frozen=True, slots=True)
class KeyCounter:
    """What one call takes of its key's limits."""

    number: int
    """The key's number in its account. A key and the one that replaces it have the same."""
    limits: KeyLimits
    usd: Decimal = Decimal(0)
    """What the call may cost at most. It counts only if the key has a limit of dollars."""

    def calls_in(self, month_item: Item) -> int:
        return int(month_item.get(self._calls, 0))

    def usd_in(self, month_item: Item) -> Decimal:
        return Decimal(month_item.get(self._usd, 0))

    def refusal(self, month_item: Item, allowance: Allowance) -> KeyLimitExceeded | None:
        """Returns None if the call passes no limit of its key. allowance: what is left of the caller's month."""
        calls, usd = self.limits.calls, self.limits.usd
        if calls is not None and self.calls_in(month_item) >= calls:
            return KeyLimitExceeded.of_calls(calls, allowance)
        if usd is not None and self.usd and self.usd_in(month_item) + self.usd > usd:
            return KeyLimitExceeded.of_usd(usd, self.usd_in(month_item), self.usd, allowance)
        return None

    @property
    def grows(self) -> Item:
        """What the call adds to the month's item."""
        return {self._calls: 1} | ({self._usd: self.usd} if self.limits.usd is not None and self.usd else {})

    def conditions(self) -> Iterator[Condition]:
        """They hold as long as there is no refusal. The call was looked at before: alone, it passes no limit."""
        if self.limits.calls is not None:
            yield Attr(self._calls).not_exists() | Attr(self._calls).lt(self.limits.calls)
        if self.limits.usd is not None and self.usd:
            yield Attr(self._usd).not_exists() | Attr(self._usd).lte(self.limits.usd - self.usd)

    @property
    def _calls(self) -> str:
        return f"k{self.number}"

    @property
    def _usd(self) -> str:
        return f"u{self.number}"
