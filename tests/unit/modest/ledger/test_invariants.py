"""What is true of the ledger at every moment, whatever happens to any number of parallel calls in any order."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain, count, pairwise, repeat

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.fakes.clock import Clock
from tests.fakes.steps import Crash, Run, pause
from tests.fakes.table import FakeTable, Fault
from tests.helpers.ledgers import LEASE, PLANS, Customer, Shop, few_retries

from modest.accounts.key_limits import KeyLimits
from modest.api_keys import hash_of, new_key
from modest.ledger.admission import Replay
from modest.ledger.chain import ChainWriter
from modest.ledger.entries import second_after
from modest.ledger.idempotency import Answer, Repeatable
from modest.ledger.ledger import Ledger
from modest.ledger.month import used
from modest.ledger.timing import CLOCK_ERROR
from modest.prices import Charge, by_the_image, covered_by_plan
from modest.refusals import IdempotencyInProgress, KeyLimitExceeded, LedgerUnavailable, QuotaExceeded, UnknownKey
from modest.store.table import ConditionFailed, Item

FAULTS = st.lists(st.sampled_from([Fault.NONE] * 6 + list(Fault)), min_size=1, max_size=6)
ENDS = (QuotaExceeded, KeyLimitExceeded, UnknownKey, LedgerUnavailable, IdempotencyInProgress, Crash)
ATTEMPTS = 8
"""Also the seconds that an operation may take, and that a request may be under way."""


@dataclass
class Call:
    request: str
    repeatable: Repeatable | None
    succeeds: bool
    images: int
    phase: str = "admitting"
    charge: Charge | None = None
    run: Run = field(init=False)

    @property
    def answer(self) -> Answer:
        return Answer(200, f"judged for {self.request}".encode())


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("modest.ledger.chain.LINK_CALLS", 2)
        self.clock = Clock()
        self.table = FakeTable(pause=pause)
        self.shop = Shop(self.table, self.clock)
        self.clocks = [lambda: self.clock() - CLOCK_ERROR, lambda: self.clock() + CLOCK_ERROR]
        self.processes = [
            Ledger(self.table, PLANS, lease=LEASE, retries=few_retries(ATTEMPTS), now=now) for now in self.clocks
        ]
        self.calls: list[Call] = []
        self.writers: list[Run] = []
        self.requests = count()
        self.limit = 0
        self.under_way_for = 0

    @initialize(
        plan=st.sampled_from(["Tiny", "Large"]),
        month_ends=st.booleans(),
        limits=st.sampled_from([KeyLimits(), KeyLimits(calls=2), KeyLimits(usd=Decimal("0.006"))]),
    )
    def open(self, plan: str, month_ends: bool, limits: KeyLimits) -> None:
        self.limit = PLANS[plan].quota
        if month_ends:
            self.clock.now = datetime(2026, 11, 30, 23, 59, 58, tzinfo=UTC)
        self.customer = self.shop.customer(plan)
        self.key_limits = limits
        self.shop.registry.limit_key(self.customer.key_hash, limits, None)
        for process in (0, 1):
            self.begin(process, images=1, succeeds=True, key="k")

    @rule(process=st.integers(0, 1), images=st.integers(0, 3))
    def a_call_comes_and_ends(self, process: int, images: int) -> None:
        self.begin(process, images=images, succeeds=True, key=None)
        while not self.calls[-1].run.done:
            self.calls[-1].run.step()

    @property
    def under_way(self) -> list[Call]:
        return [call for call in self.calls if not call.run.done]

    @rule(
        process=st.integers(0, 1),
        images=st.integers(0, 3),
        succeeds=st.booleans(),
        key=st.sampled_from([None, "k", "k"]),
    )
    def begin(self, process: int, images: int, succeeds: bool, key: str | None) -> None:
        repeatable = Repeatable(key, "body") if key else None
        call = Call(f"request-{next(self.requests)}", repeatable, succeeds, images)
        key_hash = self.customer.key_hash
        call.run = Run(lambda: self._carry_out(self.processes[process], key_hash, call))
        self.calls.append(call)

    def _carry_out(self, ledger: Ledger, key_hash: str, call: Call) -> Answer:
        outcome = ledger.admit(key_hash, call.request, call.repeatable, call.images)
        if isinstance(outcome, Replay):
            call.phase = "replayed"
            return outcome.answer
        call.phase = "judging"
        pause()
        call.phase = "settling"
        if call.succeeds:
            call.charge = by_the_image(call.images, outcome.terms)
            ledger.settle(outcome, "ok", call.charge, call.answer)
        else:
            call.charge = covered_by_plan(0, outcome.terms)
            ledger.settle(outcome, "invalid_url", call.charge)
        call.phase = "settled"
        return call.answer

    @precondition(lambda self: self._in("admitting"))
    @rule(data=st.data(), faults=FAULTS)
    def an_admission_goes_on(self, data: st.DataObject, faults: list[Fault]) -> None:
        self._go_on(data.draw(st.sampled_from(self._in("admitting"))).run, faults)

    @precondition(lambda self: self._in("judging", "settling"))
    @rule(data=st.data(), faults=FAULTS)
    def a_settlement_goes_on(self, data: st.DataObject, faults: list[Fault]) -> None:
        call = data.draw(st.sampled_from(self._in("judging", "settling")))
        if call.phase == "judging":
            call.run.step()
        self._go_on(call.run, faults)

    @rule(process=st.integers(0, 1))
    def a_process_extends_the_chain(self, process: int) -> None:
        writer = ChainWriter(self.table, few_retries(ATTEMPTS), self.clocks[process])
        month = f"{self.clocks[process]():%Y-%m}"
        self.writers.append(Run(lambda: writer.extend(self.customer.account_id, month)))

    @property
    def writing(self) -> list[Run]:
        return [run for run in self.writers if not run.done]

    @precondition(lambda self: self.writing)
    @rule(data=st.data(), faults=FAULTS)
    def a_writer_of_the_chain_goes_on_or_crashes(self, data: st.DataObject, faults: list[Fault]) -> None:
        run = data.draw(st.sampled_from(self.writing))
        if data.draw(st.integers(0, 9)):
            self._go_on(run, faults)
        else:
            run.crash()

    @precondition(lambda self: self.under_way)
    @rule()
    def all_take_turns_until_they_end(self) -> None:
        while self.under_way:
            for call in self.under_way:
                call.run.step()

    def _in(self, *phases: str) -> list[Call]:
        return [call for call in self.under_way if call.phase in phases]

    def _go_on(self, run: Run, faults: list[Fault]) -> None:
        """Lets it make one request for each of the faults."""
        for fault in faults:
            if not run.done:
                self.table.faults = chain([fault], repeat(Fault.NONE))
                run.step()
        self.table.faults = repeat(Fault.NONE)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.under_way)).run.crash()

    @precondition(lambda self: self.table.late)
    @rule()
    def late_requests_arrive(self) -> None:
        for carry_out in self.table.late:
            with suppress(ConditionFailed):
                carry_out()
        self.table.late.clear()
        self.under_way_for = 0

    @rule(percent=st.sampled_from([0, 10, 100]))
    def the_operator_changes_the_discount_and_the_key(self, percent: int) -> None:
        old = self.customer
        self.customer = Customer(old.account_id, hash_of(new_key()))
        self.shop.registry.change(old.account_id, discount_percent=Decimal(percent))
        self.shop.registry.replace_key(old.key_hash, self.customer.key_hash, old_works_for=timedelta(0))

    @rule(seconds=st.sampled_from([1, 5, 31, 61, 7200, 86400]))
    def time_passes(self, seconds: int) -> None:
        """Ends what is waiting for the table first, except writers of the chain, which may stand still."""
        while waiting := self._in("admitting", "settling"):
            waiting[0].run.step()
        if self.table.late:
            self.under_way_for += seconds
            if self.under_way_for > ATTEMPTS:
                self.late_requests_arrive()
        self.clock.advance(seconds=seconds)

    @invariant()
    def the_month_is_never_overdrawn(self) -> None:
        assert all(used <= self.limit for used in self._used())

    @invariant()
    def no_limit_of_a_key_is_passed(self) -> None:
        limits = self.key_limits
        for month, item in self._months().items():
            calls, reserved = item.get("k1", 0), item.get("u1", 0)
            charged = sum(entry["amount"] for entry in self._entries() if entry["pk"].endswith(f"#{month}"))
            assert calls == used(item)
            assert limits.calls is None or calls <= limits.calls
            assert limits.usd is None or charged <= reserved <= limits.usd

    @invariant()
    def the_sums_of_each_month_are_exact(self) -> None:
        for month in self._months():
            entries = [entry for entry in self._entries() if entry["pk"].endswith(f"#{month}")]
            assert all(entry["sk"].split("#")[1].startswith(month) for entry in entries)
            usage = self.shop.usage_reader.usage(self.customer.account_id, month)
            assert usage
            assert (usage.settled, usage.images) == (len(entries), sum(entry["images"] for entry in entries))
            assert sum(usage.charges.values()) == sum(entry["amount"] for entry in entries)
            assert sum(each.calls for each in usage.by_key) == usage.used
            assert sum(each.images for each in usage.by_key) == usage.images
            audit = self.shop.usage_reader.audit(self.customer.account_id, month)
            assert audit.holds
            assert len(audit.late) == sum(entry["sk"].startswith("late#") for entry in entries)

    @invariant()
    def the_chain_of_each_month_has_no_gap_and_no_fork(self) -> None:
        for month in self._months():
            links = [item for item in self._items("sum#") if item["pk"].endswith(f"#{month}")]
            starts = [item["sk"].removeprefix("sum#") for item in sorted(links, key=lambda item: str(item["sk"]))]
            ends = sorted(item["to"] for item in links)
            assert starts == [f"{month}-01T00:00:00+00:00", *map(second_after, ends)][: len(links)]

    @invariant()
    def a_call_is_counted_once_before_it_is_judged_and_entered_at_most_once(self) -> None:
        judged = [call for call in self.calls if call.phase in ("judging", "settling", "settled")]
        assert len(judged) <= sum(self._used()) <= len(self.calls)
        entered = [entry["request"] for entry in self._entries()]
        assert len(entered) == len(set(entered))

    @invariant()
    def every_error_is_an_expected_one(self) -> None:
        for run in [call.run for call in self.calls] + self.writers:
            assert run.error is None or isinstance(run.error, ENDS)

    @invariant()
    def a_settled_call_is_in_the_ledger_as_it_was_answered(self) -> None:
        entries = {entry["request"]: (entry["images"], entry["amount"]) for entry in self._entries()}
        for call in self.calls:
            if call.phase == "settled":
                assert call.charge
                assert entries[call.request] == (call.charge.images, call.charge.amount)

    @invariant()
    def a_call_that_certainly_failed_is_not_in_the_ledger(self) -> None:
        entered = {entry["request"] for entry in self._entries()}
        for call in self.calls:
            error = call.run.error
            unsure = isinstance(error, Crash) or (isinstance(error, LedgerUnavailable) and error.perhaps_written)
            if error and not unsure:
                assert call.request not in entered

    @invariant()
    def every_replayed_answer_was_charged(self) -> None:
        charged = {f"judged for {entry['request']}".encode() for entry in self._entries() if entry["outcome"] == "ok"}
        for call in self.calls:
            if call.phase == "replayed":
                assert isinstance(call.run.result, Answer)
                assert call.run.result.body in charged

    @invariant()
    def one_idempotency_key_is_charged_once_a_day(self) -> None:
        repeatable = {call.request for call in self.calls if call.repeatable}
        charged = [
            datetime.fromisoformat(entry["sk"].split("#")[1])
            for entry in self._entries()
            if entry["outcome"] == "ok" and entry["request"] in repeatable
        ]
        apart = timedelta(days=1) - 2 * CLOCK_ERROR
        assert all(after - before >= apart for before, after in pairwise(sorted(charged)))

    def teardown(self) -> None:
        for run in [call.run for call in self.under_way] + self.writing:
            run.crash()
        self.patch.undo()

    def _months(self) -> dict[str, Item]:
        return {item["pk"].rpartition("#")[2]: item for item in self._items("month")}

    def _used(self) -> list[int]:
        """Returns the calls that each month has counted."""
        return [used(item) for item in self._items("month")]

    def _entries(self) -> list[Item]:
        return self._items("call#") + self._items("late#")

    def _items(self, prefix: str) -> list[Item]:
        return [item for key, item in self.table.items.items() if key.sk.startswith(prefix)]


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
