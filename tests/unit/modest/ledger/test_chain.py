"""The chain of a month's sums, extended by processes whose clocks differ, while calls take as long as they may."""

from datetime import timedelta
from functools import partial
from itertools import chain, repeat

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.fakes.clock import Clock
from tests.fakes.steps import Run, pause
from tests.fakes.table import FakeTable, Fault
from tests.helpers.ledgers import LEASE, PLANS, Shop, admitted, few_retries, request_id

from modest.ledger.admission import Admission
from modest.ledger.chain import ChainWriter, link_from_item
from modest.ledger.entries import second_after
from modest.ledger.ledger import Ledger
from modest.ledger.timing import CLOCK_ERROR, last_closed_second, longest_call
from modest.prices import by_the_image
from modest.store.table import Item

ATTEMPTS = 5
LONGEST_CALL = 44


class ChainMachine(RuleBasedStateMachine):
    """Settled calls are never missing from the sums and never in them twice, wherever a writer stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("modest.ledger.chain.LINK_CALLS", 2)
        self.clock = Clock()
        self.table = FakeTable(pause=pause)
        self.shop = Shop(self.table, self.clock)
        self.clocks = [lambda: self.clock() - CLOCK_ERROR, lambda: self.clock() + CLOCK_ERROR]
        retries = partial(few_retries, ATTEMPTS)
        self.processes = [Ledger(self.table, PLANS, lease=LEASE, retries=retries(), now=now) for now in self.clocks]
        self.chains = [ChainWriter(self.table, retries(), now) for now in self.clocks]
        self.customer = self.shop.customer()
        self.judging: list[tuple[Ledger, Admission]] = []
        self.writers: list[Run] = []

    @rule(process=st.sampled_from([0, 1]), calls=st.integers(1, 4), slow=st.integers(0, 1))
    def calls_come(self, process: int, calls: int, slow: int) -> None:
        """All but the slow ones end at once."""
        ledger = self.processes[process]
        admissions = [admitted(ledger.admit(self.customer.key_hash, request_id())) for _ in range(calls)]
        self.judging += [(ledger, admission) for admission in admissions[:slow]]
        for admission in admissions[slow:]:
            ledger.settle(admission, "ok", by_the_image(1, admission.terms))

    @rule(first=st.sampled_from([0, 1]), second=st.sampled_from([0, 1]), seconds=st.sampled_from([1, LONGEST_CALL, 61]))
    def a_call_is_judged_while_others_end_and_the_chain_is_extended(
        self, first: int, second: int, seconds: int
    ) -> None:
        self.calls_come(first, 3, slow=1)
        self.time_passes(seconds)
        self.a_process_extends_the_chain(second, steps=99)
        ledger, admission = self.judging.pop()
        ledger.settle(admission, "ok", by_the_image(1, admission.terms))

    @precondition(lambda self: self.judging)
    @rule(data=st.data(), faults=st.lists(st.sampled_from(Fault), max_size=2))
    def a_call_ends(self, data: st.DataObject, faults: list[Fault]) -> None:
        place = data.draw(st.integers(0, len(self.judging) - 1))
        ledger, admission = self.judging.pop(place)
        self.table.faults = chain(faults, repeat(Fault.NONE))
        run = Run(lambda: ledger.settle(admission, "ok", by_the_image(1, admission.terms)))
        while not run.done:
            run.step()
        self.table.faults = repeat(Fault.NONE)

    @rule(seconds=st.sampled_from([1, 10, LONGEST_CALL, 61]))
    def time_passes(self, seconds: int) -> None:
        for carry_out in self.table.late:
            Run(carry_out).step()
        self.table.late.clear()
        self.clock.advance(seconds=seconds)

    @rule(process=st.sampled_from([0, 1]), steps=st.sampled_from([0, 1, 2, 99, 99]))
    def a_process_extends_the_chain(self, process: int, steps: int) -> None:
        month = f"{self.clock():%Y-%m}"
        self.writers.append(Run(lambda: self.chains[process].extend(self.customer.account_id, month)))
        self._go_on(self.writers[-1], steps)

    @rule()
    def both_processes_extend_it_at_once(self) -> None:
        for process in (0, 1):
            self.a_process_extends_the_chain(process, steps=0)
        both = self.writers[-2:]
        while not all(run.done for run in both):
            for run in both:
                self._go_on(run, 1)

    @precondition(lambda self: self._writing())
    @rule(data=st.data(), steps=st.sampled_from([1, 99]))
    def a_writer_goes_on(self, data: st.DataObject, steps: int) -> None:
        self._go_on(data.draw(st.sampled_from(self._writing())), steps)

    @precondition(lambda self: self._writing())
    @rule(data=st.data())
    def a_writer_crashes(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self._writing())).crash()

    def _go_on(self, run: Run, steps: int) -> None:
        for _ in range(steps):
            if not run.done:
                run.step()

    @invariant()
    def the_sums_are_exact(self) -> None:
        entries, reader = self._items("call#") + self._items("late#"), self.shop.usage_reader
        usage = reader.usage(self.customer.account_id, "2026-11")
        assert usage
        assert (usage.settled, usage.images) == (len(entries), len(entries))
        assert sum(usage.charges.values()) == sum(entry["amount"] for entry in entries)
        audit = reader.audit(self.customer.account_id, "2026-11")
        assert audit.holds
        assert len(audit.late) == len(self._items("late#"))

    @invariant()
    def the_chain_has_no_gap_and_no_fork(self) -> None:
        links = sorted(map(link_from_item, self._items("sum#")), key=lambda link: link.end)
        starts = ["2026-11-01T00:00:00+00:00", *(second_after(link.end) for link in links)]
        assert [link.start for link in links] == starts[: len(links)]

    def teardown(self) -> None:
        for run in self._writing():
            run.crash()
        self.patch.undo()

    def _writing(self) -> list[Run]:
        return [run for run in self.writers if not run.done]

    def _items(self, prefix: str) -> list[Item]:
        return [item for key, item in self.table.items.items() if key.sk.startswith(prefix)]


MOMENTS = st.timedeltas(timedelta(0), timedelta(seconds=70))
ERRORS = st.timedeltas(-CLOCK_ERROR, CLOCK_ERROR)


@settings(max_examples=500)
@given(MOMENTS, MOMENTS, ERRORS, ERRORS, ERRORS, st.sampled_from([1, 5, 30]).map(lambda s: timedelta(seconds=s)))
@example(timedelta(0), timedelta(seconds=48.999), -CLOCK_ERROR, -CLOCK_ERROR, CLOCK_ERROR, timedelta(seconds=1))
def test_no_second_is_closed_for_anybody_before_every_entry_on_time_is_written(  # noqa: PLR0917 - six moments
    came: timedelta, took: timedelta, at_first: timedelta, at_last: timedelta, other: timedelta, write: timedelta
) -> None:
    """at_first, at_last, other: by how much the clocks are wrong, of the call's process and of one that looks."""
    now = Clock().now + came
    admitted_at = (now + at_first).replace(microsecond=0)
    if now + took + at_last - admitted_at <= longest_call(write):
        assert last_closed_second(now + took + write + other) < admitted_at


TestChain = ChainMachine.TestCase
TestChain.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
