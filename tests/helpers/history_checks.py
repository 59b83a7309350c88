"""What must be true of each history, whatever happened in it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations
from random import Random

import pytest
from tests.fakes.store import Written
from tests.fakes.world import Crashed, Process, RemoteTable, finish
from tests.helpers.histories import Call, History, Play, Reading

from modest.ledger.admission import Admission, Replay
from modest.ledger.entries import SEALED
from modest.ledger.usage import UsageReader
from modest.refusals import LedgerUnavailable, NotAdmitted, UnknownKey

LINKS = (1, 1, 2, 5)
CLOSED_AFTER, CLOCK_ERROR, LONGEST_WRITE = timedelta(seconds=60), timedelta(seconds=5), 1
SHORTEST_LEASE = 19
"""By the clocks of two processes that are wrong by 5 s each, and in whole seconds."""


def mistakes_in(seed: int) -> list[str]:
    """Plays a history, with links so short that it has some, and returns what was wrong with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modest.ledger.chain.LINK_CALLS", LINKS[seed % len(LINKS)])
        patch.setattr("modest.store.retries.random", Random(seed))
        history = Play(seed).run()
        mistakes = Checks(history).run()
    finish(history.world)
    return mistakes


class Checks:
    def __init__(self, history: History) -> None:
        self._history = history
        self._items = history.store.items
        self._admissions: dict[Call, list[Written]] = {}
        self._entries: dict[Call, list[Written]] = {}
        for written in history.store.written:
            if isinstance(written.about, Call):
                if written.key.sk == "month":
                    self._admissions.setdefault(written.about, []).append(written)
                elif written.key.sk.startswith(("call#", "late#")):
                    self._entries.setdefault(written.about, []).append(written)
        self._unlinked = {call for call, (entry, *_) in self._entries.items() if self._stood_still(call, entry)}

    def run(self) -> list[str]:
        wrong = [f"{request} was told of a call that is under way" for request in self._history.unfree]
        for call in self._history.calls:
            wrong += [f"{call.request} {what}" for what in self._check_call(call)]
        for reading in self._history.readings:
            wrong += [f"{reading}: {what}" for what in self._check_reading(reading)]
        for month in {written.key.pk for written, *_ in self._admissions.values()}:
            wrong += [f"{month} {what}" for what in self._check_month(month)]
        wrong += self._check_repetitions()
        return wrong + [repr(task.error) for task in self._history.world.tasks if not _is_expected(task.error)]

    def _check_call(self, call: Call) -> Iterator[str]:
        counted, entries = self._admissions.get(call, []), self._entries.get(call, [])
        if len(counted) > 1:
            yield f"was counted {len(counted)} times"
        if len(entries) > 1:
            yield f"was charged {len(entries)} times"
        if isinstance(call.result, Admission) and not counted:
            yield "was not counted"
        if isinstance(call.result, NotAdmitted) and counted:
            yield "was refused and counted"
        if call.settled is True and not entries:
            yield "was lost"
        if not isinstance(call.result, Admission) and entries:
            yield "was charged without having been admitted"
        refused = isinstance(call.settled, Exception) and not getattr(call.settled, "perhaps_written", False)
        if refused and entries:
            yield "was charged, against what was said"
        if isinstance(call.result, Replay) and not self._is_charged(call.result.answer.body):
            yield "got an answer that nobody paid for"
        if entries:
            yield from self._check_entry(call, entries[0], counted[0])

    def _check_entry(self, call: Call, entry: Written, counted: Written) -> Iterator[str]:
        item, charge = self._items[entry.key], call.charge
        assert charge
        if (item["images"], item["amount"]) != (charge.images, charge.amount):
            yield "has another entry than it was answered"
        if _month(entry) != _month(counted):
            yield "is counted in one month and charged in another"
        if SEALED in item and list(map(bytes.fromhex, self._opened(entry))) != call.digests:
            yield "has digests that cannot be read"

    def _check_reading(self, reading: Reading) -> Iterator[str]:
        entered = [(call, entry) for call, (entry, *_) in self._entries.items() if _month(entry) == reading.month]
        must = {call for call, entry in entered if entry.time <= reading.began_at}
        may = {call for call, entry in entered if entry.time <= reading.ended_at}
        if reading.holds is None:
            must -= self._unlinked
        elif not reading.holds and not self._unlinked:
            yield "the audit finds a mistake"
        places = {call.place: call for call in may if call.succeeds}
        added = {call for place, call in places.items() if reading.places // place % 4}
        if sum(call.place for call in added) != reading.places:
            yield "a call is in the sum twice, or came from nowhere"
        if any(call.succeeds and call not in added for call in must):
            yield "a call is not in the sum"
        if sum((call.charge.amount for call in added if call.charge), Decimal(0)) != reading.amount:
            yield "the amount is that of other calls"
        if not len(must) <= reading.calls <= len(may):
            yield "the number of calls is wrong"
        if reading.used < reading.calls:
            yield "more calls were settled than admitted"

    def _check_month(self, pk: str) -> Iterator[str]:
        month_item = self._items[next(key for key in self._items if key.pk == pk)]
        counted = sum(written.key.pk == pk for each in self._admissions.values() for written in each)
        if (
            month_item["used"] != counted
            or sum(value for name, value in month_item.items() if name[0] == "d") != counted
        ):
            yield "does not count its calls"
        if counted > self._history.quota:
            yield "has more calls than were sold"
        start = f"{pk.rpartition('#')[2]}-01T00:00:00+00:00"
        links = sorted(
            key for key in self._items if key.sk.startswith("sum#") and key.pk == pk.replace("month", "ledger")
        )
        for key in links:
            if key.sk != f"sum#{start}":
                yield "has a chain with a gap or a fork"
            start = (datetime.fromisoformat(self._items[key]["to"]) + timedelta(seconds=1)).isoformat()

    def _check_repetitions(self) -> Iterator[str]:
        """No history lasts a day."""
        charged = [call.repeatable for call in self._entries if call.repeatable and call.succeeds]
        if len(charged) != len(set(charged)):
            yield "two calls with one Idempotency-Key were charged"
        claims: dict[Call, Written] = {}
        for written in self._history.store.written:
            if written.key.sk == "idempotency" and isinstance(written.about, Call):
                claims.setdefault(written.about, written)
        judged = [call for call in claims if isinstance(call.result, Admission)]
        for first, second in combinations(judged, 2):
            free = first.comes_at + SHORTEST_LEASE
            if entries := self._entries.get(first):
                free = min(free, entries[0].time)
            if first.repeatable == second.repeatable and claims[second].time < free:
                yield f"{first.request} and {second.request} had one Idempotency-Key at once"

    def _stood_still(self, call: Call, entry: Written) -> bool:
        """Says whether its process stood still after its last look at the clock, so that a link may lack its entry."""
        second = datetime.fromisoformat(entry.key.sk.split("#")[1])
        closed = self._history.world.at_time(entry.time) - second > CLOSED_AFTER - CLOCK_ERROR
        return closed and entry.time - call.settles_at > LONGEST_WRITE

    def _is_charged(self, answer: bytes) -> bool:
        return any(call.request.encode() == answer and call.succeeds for call in self._entries)

    def _opened(self, entry: Written) -> list[str]:
        world, opened = self._history.world, []
        process = Process(world)
        reader = UsageReader(RemoteTable(self._history.store, process), retries=process.retries())
        world.start(process, lambda: opened.extend(reader.digests_of(self._items[entry.key]) or []))
        world.run()
        return opened


def _month(written: Written) -> str:
    return written.key.pk.rpartition("#")[2]


def _is_expected(error: BaseException | None) -> bool:
    return error is None or isinstance(error, Crashed | LedgerUnavailable | UnknownKey)
