"""Counts an account's calls of a month, in one item.

    month#<id>#<month>   month   used: calls admitted; d01 to d31: those of each day; k1, u1, …: what each key took
                                 (`modest.ledger.key_counters`); a, b: marks

One conditional update counts a call, and no number of parallel calls can get past its condition. The item stays so
small that the update costs one write unit. IAM limits by partition what the function may write. Therefore the month is
not in the account's partition, where the operator's settings are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import and_

from modest.ledger.key_counters import KeyCounter
from modest.ledger.marks import Marking, OwnMarks, choose
from modest.months import month_of
from modest.store.conditions import Attr
from modest.store.retries import Deadline, RetryPolicy
from modest.store.table import ConditionFailed, Item, Key, Table, TableFailure, Update


def month_item_key(account_id: str, month: str) -> Key:
    return Key(f"month#{account_id}#{month}", "month")


def used(month_item: Item) -> int:
    return int(month_item.get("used", 0))


def calls_by_day(month_item: Item) -> dict[int, int]:
    days = {int(name[1:]): int(calls) for name, calls in month_item.items() if name[0] == "d" and name[1:].isdigit()}
    return dict(sorted(days.items()))


def count_call(month: Key, limit: int, key: KeyCounter, now: datetime, marking: Marking) -> Update:
    """Returns the write that counts a call. It fails if month or key have none left, or have counted this one."""
    uncounted = ~Attr(marking.into).contains(marking.mark)
    left = Attr("used").not_exists() | Attr("used").lt(limit)
    return Update(
        month,
        add={"used": 1, f"d{now.day:02}": 1, marking.into: {marking.mark}, **key.grows},
        delete={marking.removed_from: set(marking.removed)} if marking.removed else {},
        condition=reduce(and_, [uncounted, left, *key.conditions()]),
    )


@dataclass(frozen=True, slots=True)
class Counted:
    was_counted: bool
    month_item: Item
    """As it was found afterwards."""


class MonthCounter:
    """Counts calls for one process."""

    def __init__(self, table: Table, retries: RetryPolicy, now: Callable[[], datetime]) -> None:
        self._table = table
        self._retries = retries
        self._now = now
        self._longest_write = timedelta(seconds=retries.longest_seconds)
        self._own = OwnMarks()

    def count(
        self, account_id: str, limit: int, key: KeyCounter, now: datetime, month_item: Item, *, deadline: Deadline
    ) -> Counted:
        """
        limit: how many calls the month has.
        month_item: as it was a moment ago.

        Raises LedgerUnavailable.
        """
        month = month_item_key(account_id, month_of(now))
        own = self._own.take(month)
        marking = choose(month_item, own, now, self._longest_write)
        self._own.put(month, marking.into, own[marking.into])
        update = count_call(month, limit, key, now, marking)
        attempts = 0

        def attempt() -> Item:
            nonlocal attempts
            # The retries' clock stands still while a machine is suspended, and others may have removed the mark by now.
            if attempts and self._now() - now > self._longest_write:
                raise TableFailure("OutOfTime", perhaps_written=True, worth_retrying=False)
            attempts += 1
            return self._table.update(update)

        try:
            after = self._retries.run(attempt, deadline)
        except ConditionFailed as failed:
            # An attempt whose answer was lost may have counted the call.
            found = failed.found.get(month, {})
            return Counted(marking.is_in(found), found)
        if attempts == 1:
            self._own.put(month, marking.into, {marking.mark})
        return Counted(was_counted=True, month_item=after)
