"""What is true of the ledger at every moment, whatever happens to any number of parallel calls in any order."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain, count, pairwise, repeat

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.fakes.clock import Clock
from tests.fakes.steps import Crash, Run, pause
from tests.fakes.table import FakeTable, Fault
from tests.helpers.ledgers import PLANS, Customer, Shop, few_retries

from modest.api_keys import hash_of, new_key
from modest.ledger.admission import Replay
from modest.ledger.entries import RECOGNISED_SECONDS, used
from modest.ledger.idempotency import Answer, Repeatable
from modest.ledger.ledger import Ledger
from modest.months import month_of
from modest.prices import Charge, by_the_image, covered_by_plan
from modest.refusals import IdempotencyInProgress, LedgerUnavailable, QuotaExceeded, UnknownKey
from modest.store.table import ConditionFailed, Item

FAULTS = st.lists(st.sampled_from([Fault.NONE] * 6 + list(Fault)), min_size=1, max_size=6)
ENDS = (QuotaExceeded, UnknownKey, LedgerUnavailable, IdempotencyInProgress, Crash)
ATTEMPTS = 8


@dataclass
class Call:
    request: str
    began: datetime
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
        self.clock = Clock()
        self.table = FakeTable(pause=pause)
        self.shop = Shop(self.table, self.clock)
        self.processes = [self._process() for _ in range(2)]
        self.calls: list[Call] = []
        self.requests = count()
        self.limit = 0

    def _process(self) -> Ledger:
        return self.shop.ledger(few_retries(ATTEMPTS))

    @initialize(plan=st.sampled_from(["Tiny", "Large"]), month_ends=st.booleans())
    def open(self, plan: str, month_ends: bool) -> None:
        self.limit = PLANS[plan].quota
        if month_ends:
            self.clock.now = datetime(2026, 11, 30, 23, 59, 58, tzinfo=UTC)
        self.customer = self.shop.customer(plan)
        for process in (0, 1):
            self.begin(process, images=1, succeeds=True, key="k")

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
        self._begin(process, Call(f"request-{next(self.requests)}", self.clock.now, repeatable, succeeds, images))

    @precondition(lambda self: self._recent())
    @rule(process=st.integers(0, 1), data=st.data())
    def begin_again_with_the_same_request_id(self, process: int, data: st.DataObject) -> None:
        first = data.draw(st.sampled_from(self._recent()))
        self._begin(process, Call(first.request, first.began, first.repeatable, first.succeeds, first.images))

    def _recent(self) -> list[Call]:
        now, recognised = self.clock.now, timedelta(seconds=RECOGNISED_SECONDS - 1)
        same_month = [call for call in self.calls if month_of(call.began) == month_of(now)]
        return [call for call in same_month if now - call.began < recognised]

    def _begin(self, process: int, call: Call) -> None:
        key_hash = self.customer.key_hash
        call.run = Run(lambda: self._carry_out(self.processes[process], key_hash, call))
        self.calls.append(call)

    def _carry_out(self, ledger: Ledger, key_hash: str, call: Call) -> Answer:
        outcome = ledger.admit(key_hash, call.request, call.repeatable)
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
        self._go_on(data.draw(st.sampled_from(self._in("admitting"))), faults)

    @precondition(lambda self: self._in("judging", "settling"))
    @rule(data=st.data(), faults=FAULTS)
    def a_settlement_goes_on(self, data: st.DataObject, faults: list[Fault]) -> None:
        call = data.draw(st.sampled_from(self._in("judging", "settling")))
        if call.phase == "judging":
            call.run.step()
        self._go_on(call, faults)

    @precondition(lambda self: self.under_way)
    @rule()
    def all_take_turns_until_they_end(self) -> None:
        while self.under_way:
            for call in self.under_way:
                call.run.step()

    def _in(self, *phases: str) -> list[Call]:
        return [call for call in self.under_way if call.phase in phases]

    def _go_on(self, call: Call, faults: list[Fault]) -> None:
        """Lets a call make one request for each of the faults."""
        for fault in faults:
            if not call.run.done:
                self.table.faults = chain([fault], repeat(Fault.NONE))
                call.run.step()
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

    @rule(percent=st.sampled_from([0, 10, 100]))
    def the_operator_changes_the_discount_and_the_key(self, percent: int) -> None:
        old = self.customer
        self.customer = Customer(old.account_id, hash_of(new_key()))
        self.shop.registry.change(old.account_id, discount_percent=Decimal(percent))
        self.shop.registry.replace_key(old.key_hash, self.customer.key_hash, old_works_for=timedelta(0))

    @rule(seconds=st.sampled_from([1, 5, 31, 7200, 86400]))
    def time_passes(self, seconds: int) -> None:
        """Ends all admissions first: the ledger never waits for whole seconds."""
        while self._in("admitting"):
            self._in("admitting")[0].run.step()
        self.late_requests_arrive()
        self.clock.advance(seconds=seconds)

    @invariant()
    def the_month_is_never_overdrawn(self) -> None:
        assert all(used <= self.limit for used in self._used())

    @invariant()
    def each_entry_is_in_the_month_of_its_call_and_the_books_of_each_month_add_up(self) -> None:
        for item in self._entries() + self._items("tally#"):
            month = item["pk"].rpartition("#")[2]
            assert item["sk"].startswith((f"call#{month}-", "tally#"))
            assert self.shop.usage_reader.audit(self.customer.account_id, month).holds

    @invariant()
    def a_request_is_counted_once_and_entered_at_most_once(self) -> None:
        assert sum(self._used()) <= len({call.request for call in self.calls})
        entered = [entry["request"] for entry in self._entries()]
        assert len(entered) == len(set(entered))

    @invariant()
    def every_error_is_an_expected_one(self) -> None:
        assert all(call.run.error is None or isinstance(call.run.error, ENDS) for call in self.calls)

    @invariant()
    def a_settled_call_is_in_the_ledger_as_it_was_answered(self) -> None:
        entries = {entry["request"]: (entry["images"], entry["amount"]) for entry in self._entries()}
        for call in self.calls:
            if call.phase == "settled":
                # The first of two calls with one request id is charged, on the terms of its time.
                charges = [other.charge for other in self.calls if other.request == call.request and other.charge]
                assert entries[call.request] in [(charge.images, charge.amount) for charge in charges]

    @invariant()
    def a_call_that_certainly_failed_is_not_in_the_ledger(self) -> None:
        entered = {entry["request"] for entry in self._entries()}
        for call in self.calls:
            error = call.run.error
            unsure = isinstance(error, Crash) or (isinstance(error, LedgerUnavailable) and error.perhaps_written)
            if error and not unsure and len([other for other in self.calls if other.request == call.request]) == 1:
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
        assert all((after - before).total_seconds() >= 86400 for before, after in pairwise(sorted(charged)))

    def teardown(self) -> None:
        for call in self.under_way:
            call.run.crash()

    def _used(self) -> list[int]:
        """Returns the calls that each month has counted."""
        return [used(item) for item in self._items("month")]

    def _entries(self) -> list[Item]:
        return self._items("call#")

    def _items(self, prefix: str) -> list[Item]:
        return [item for key, item in self.table.items.items() if key.sk.startswith(prefix)]


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
