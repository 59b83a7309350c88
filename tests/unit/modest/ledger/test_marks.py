"""Marks: how a write of an admission that is repeated counts once, and how few of them a month has to hold."""

from contextlib import suppress
from itertools import chain, repeat

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.fakes.clock import Clock
from tests.fakes.steps import Crash, Run, pause
from tests.fakes.table import FakeTable, Fault
from tests.helpers.ledgers import few_retries

from modest.accounts.key_limits import NO_LIMITS
from modest.ledger.key_counters import KeyCounter
from modest.ledger.month import Counted, MonthCounter, month_item_key
from modest.ledger.timing import CLOCK_ERROR
from modest.refusals import LedgerUnavailable
from modest.store.table import ConditionFailed, Item

ACCOUNT, LIMIT, ATTEMPTS = "acct_1", 9, 5
FAULTS = st.lists(st.sampled_from([Fault.LATE, Fault.LOST_ANSWER, Fault.NONE, Fault.NONE, *Fault]), max_size=2)
KEY = KeyCounter(1, NO_LIMITS)
MONTH = month_item_key(ACCOUNT, "2026-11")


class CountingMachine(RuleBasedStateMachine):
    """Two processes count calls; answers and requests are lost, and some arrive seconds later."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.table = FakeTable(pause=pause)
        self.retries = [few_retries(ATTEMPTS) for _ in range(2)]
        self.clocks = [lambda: self.clock() - CLOCK_ERROR, lambda: self.clock() + CLOCK_ERROR]
        self.processes = [
            MonthCounter(self.table, retries, now) for retries, now in zip(self.retries, self.clocks, strict=True)
        ]
        self.calls: list[Run] = []
        self.late_for = 0

    @rule(process=st.sampled_from([0, 1]), faults=FAULTS)
    def a_call_comes(self, process: int, faults: list[Fault]) -> None:
        """It makes one request for each of the faults."""
        now = self.clocks[process]()
        seen = dict(self.table.items.get(MONTH, {}))
        counter, retries = self.processes[process], self.retries[process]
        call = Run(lambda: counter.count(ACCOUNT, LIMIT, KEY, now, seen, deadline=retries.deadline()))
        self.calls.append(call)
        call.step()
        self._go_on(call, faults)

    @precondition(lambda self: self._under_way())
    @rule(data=st.data(), faults=FAULTS)
    def a_call_goes_on(self, data: st.DataObject, faults: list[Fault]) -> None:
        self._go_on(data.draw(st.sampled_from(self._under_way())), faults)

    def _go_on(self, call: Run, faults: list[Fault]) -> None:
        for fault in faults:
            if not call.done:
                self.table.faults = chain([fault], repeat(Fault.NONE))
                call.step()
        self.table.faults = repeat(Fault.NONE)

    @precondition(lambda self: self._under_way())
    @rule(data=st.data())
    def a_process_crashes(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self._under_way())).crash()

    @rule()
    def late_requests_arrive(self) -> None:
        for carry_out in self.table.late:
            with suppress(ConditionFailed):
                carry_out()
        self.table.late.clear()
        self.late_for = 0

    @rule(seconds=st.sampled_from([1, 4, 60]))
    def time_passes(self, seconds: int) -> None:
        while running := self._under_way():
            running[0].step()
        self.late_for += seconds
        if self.late_for > ATTEMPTS:
            self.late_requests_arrive()
        self.clock.advance(seconds=seconds)

    @invariant()
    def each_call_is_counted_once(self) -> None:
        counted = sum(isinstance(call.result, Counted) and call.result.was_counted for call in self.calls)
        refused = sum(isinstance(call.result, Counted) and not call.result.was_counted for call in self.calls)
        used = int(self._month().get("used", 0))
        assert counted <= used <= min(LIMIT, len(self.calls) - refused)
        assert not refused or used == LIMIT

    @invariant()
    def every_error_is_an_expected_one(self) -> None:
        assert all(isinstance(call.error, None.__class__ | LedgerUnavailable | Crash) for call in self.calls)

    def teardown(self) -> None:
        for call in self._under_way():
            call.crash()

    def _under_way(self) -> list[Run]:
        return [call for call in self.calls if not call.done]

    def _month(self) -> Item:
        return self.table.items.get(MONTH, {})


TestCounting = CountingMachine.TestCase
TestCounting.settings = settings(max_examples=150, stateful_step_count=15, deadline=None)
