"""Random histories of one account: calls, readers, an operator, and whatever may go wrong between them.

Each is checked against what the ledger promises: every call is counted once before it is judged, no month beyond its
quota; it is charged once or not at all, as its answer said; and every sum holds exactly what was settled.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from hashlib import sha256
from random import Random

from tests.fakes.store import Store
from tests.fakes.world import LATENCIES, PUT_FAILURES, Process, RemoteTable, Task, World

from modest.accounts.registry import Registry
from modest.ledger.admission import Admission, Replay
from modest.ledger.idempotency import Answer, Repeatable
from modest.ledger.ledger import Ledger
from modest.ledger.timing import CLOCK_ERROR
from modest.ledger.usage import UsageReader
from modest.plans import Plan
from modest.prices import Charge
from modest.refusals import IdempotencyInProgress, LedgerUnavailable, NotAdmitted, QuotaExceeded, UnknownKey

KEYS = ("one", "another")
PRICE = Decimal("0.0015")
LEASE = timedelta(seconds=30)
WRONG = CLOCK_ERROR.total_seconds() - 0.1
"""Requests that nobody waits for any more arrive a little later than the ledger allows for, beside such clocks."""
STARTS = (
    datetime(2026, 11, 23, 3, 52, 4, 642000, tzinfo=UTC),
    datetime(2026, 11, 30, 23, 59, 1, 17, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 58, 30, tzinfo=UTC),
    datetime(2027, 2, 28, 23, 59, 59, 999999, tzinfo=UTC),
)
SLOW = (0.05, 0.3, 2, 24, 25, 40, 47, 48.5, 49, 49.9, 51, 55, 60, 90)


@dataclass(eq=False)
class Call:
    number: int
    comes_at: float
    takes: float
    succeeds: bool
    repeatable: Repeatable | None
    result: Admission | Replay | Exception | None = None
    settles_at: float = 0
    settled: bool | Exception = False
    charge: Charge | None = None
    task: Task | None = None
    ended_at: float | None = None

    @property
    def request(self) -> str:
        return f"request-{self.number}#{self.number}"

    @property
    def place(self) -> int:
        """A power of four, charged as so many images: a sum of these says which calls are in it, and how often."""
        return 1 << 2 * self.number

    @property
    def digests(self) -> list[bytes]:
        return [sha256(f"{self.number} {image}".encode()).digest() for image in range(self.number % 3)]


@dataclass
class History:
    """What happened, for the checks."""

    world: World
    store: Store
    quota: int
    calls: list[Call]
    account_id: str = ""
    readings: list["Reading"] = field(default_factory=list)
    unfree: list[str] = field(default_factory=list)
    """Calls that were refused because of another, although none was under way."""


@dataclass(frozen=True)
class Reading:
    month: str
    began_at: float
    ended_at: float
    used: int
    calls: int
    places: int
    amount: Decimal
    holds: bool | None = None
    """What an audit says."""


class Play:
    def __init__(self, seed: int) -> None:
        self._random = random = Random(seed)
        world = World(random, random.choice(STARTS))
        self.history = History(world, Store(), random.choice((3, 8, 1000, 1000)), [])
        self._share = random.choice((0, 0, 0.1, 0.25, 0.5))
        self._failures = [failure for failure in PUT_FAILURES if random.random() < 2 / 3]
        self._crashes = random.random() < 1 / 3
        self._suspends = random.random() < 1 / 2
        self._plans = {"P": Plan("P", self.history.quota, rate=60, burst=60, price_usd=Decimal(0))}
        self._operator = Process(world)
        self._registry = Registry(self._near(), self._plans, retries=self._operator.retries(), now=self._operator.now)

    def run(self) -> History:
        world, random = self.history.world, self._random
        world.start(self._operator, self._open)
        world.run()
        self._processes = [self._new_process() for _ in range(random.randint(1, 4))]
        span = random.choice((1, 20, 90, 200, 300, 600))
        for number in range(random.randint(3, 40)):
            call = self._new_call(number, world.time + self._moment(span))
            self.history.calls.append(call)
            world.at(call.comes_at, partial(self._send, call))
        for _ in range(random.randint(0, 6)):
            world.at(world.time + random.random() * (span + 130), self._read_any)
        for _ in range(random.choice((0, 0, 2))):
            world.at(world.time + random.random() * span, self._set_a_clock)
        world.at(world.time + random.random() * span * 3, self._replace_the_key)
        world.run()
        world.time += 200
        for month in self._months():
            for audits in (False, True):
                self._start_reading(month, audits=audits)
        world.run()
        return self.history

    def _open(self) -> None:
        self.history.account_id = self._registry.create("acme", "P").id
        self._registry.add_key(self.history.account_id, KEYS[0], "theirs")

    def _replace_the_key(self) -> None:
        def replace() -> None:
            self._registry.replace_key(KEYS[0], KEYS[1], old_works_for=timedelta(seconds=10))

        self.history.world.start(self._operator, replace)

    def _near(self) -> RemoteTable:
        return RemoteTable(self.history.store, self._operator)

    def _new_process(self) -> tuple[Process, Ledger]:
        behind = self._random.choice((-WRONG, WRONG, self._random.uniform(-WRONG, WRONG)))
        process = Process(self.history.world, behind, suspends=self._suspends)
        table = RemoteTable(self.history.store, process, self._share, self._failures)
        kept = timedelta(days=self._random.choice((0, 30)))
        retries = process.retries()
        return process, Ledger(table, self._plans, lease=LEASE, digests_kept=kept, retries=retries, now=process.now)

    def _new_call(self, number: int, comes_at: float) -> Call:
        random = self._random
        repeatable = Repeatable(random.choice("ab"), "body") if random.random() < 1 / 3 else None
        takes = random.choice(SLOW) if random.random() < 1 / 2 else 0.1
        return Call(number, comes_at, takes, random.random() < 4 / 5, repeatable)

    def _moment(self, span: float) -> float:
        """Calls come alone, or many at once; these bursts are as far apart as what is closed in between."""
        random = self._random
        burst = random.choice((0, 1, 20, 50, 55, 61, 62, 75, 130)) + random.random() / 50
        return random.choice((burst, random.random() * span))

    def _set_a_clock(self) -> None:
        process, _ = self._random.choice(self._processes)
        process.behind = self._random.uniform(-WRONG, WRONG)

    def _send(self, call: Call) -> None:
        place = self._random.randrange(len(self._processes))
        process, ledger = self._processes[place]
        call.task = self.history.world.start(process, lambda: self._carry_out(call, ledger), call)
        if self._crashes and self._random.random() < 1 / 5:
            self._processes[place] = self._new_process()
            self.history.world.at(self.history.world.time + self._random.random() * 2, lambda: crash(process))

    def _carry_out(self, call: Call, ledger: Ledger) -> None:
        world = self.history.world
        try:
            call.result = ledger.admit(KEYS[world.random.random() < 1 / 5], call.request, call.repeatable)
            if isinstance(call.result, Admission):
                world.wait(call.takes)
                self._settle(call, call.result, ledger)
            if world.random.random() < 1 / 4:
                ledger.usage(KEYS[0])
        except (NotAdmitted, UnknownKey, LedgerUnavailable) as error:
            call.result = call.result or error
            if isinstance(error, IdempotencyInProgress) and not self._others_under_way(call):
                self.history.unfree.append(call.request)
        call.ended_at = call.ended_at or world.time

    def _settle(self, call: Call, admission: Admission, ledger: Ledger) -> None:
        images, amount = (call.place, Decimal(7 * call.number + 1) / 10**6) if call.succeeds else (0, Decimal(0))
        call.charge = Charge(images, PRICE, admission.terms, amount)
        answer = Answer(200, call.request.encode()) if call.succeeds else None
        call.settles_at = self.history.world.time
        outcome = "ok" if call.succeeds else "invalid_url"
        try:
            ledger.settle(admission, outcome, call.charge, answer, digests=call.digests)
            call.settled = True
        except (IdempotencyInProgress, LedgerUnavailable) as error:
            call.settled = error
        call.ended_at = self.history.world.time

    def _others_under_way(self, call: Call) -> bool:
        return any(
            _may_hold_record(other, call.comes_at)
            for other in self.history.calls
            if other is not call and other.task and other.repeatable == call.repeatable
        )

    def _read_any(self) -> None:
        if months := self._months():
            self._start_reading(self._random.choice(months), audits=self._random.random() < 1 / 3)

    def _start_reading(self, month: str, *, audits: bool) -> None:
        process = Process(self.history.world)
        latencies = (*LATENCIES, 1.5, 8)
        table = RemoteTable(self.history.store, process, latencies=latencies)
        reader = UsageReader(table, retries=process.retries(600))
        self.history.world.start(process, lambda: self._read(reader, month, audits=audits))

    def _read(self, reader: UsageReader, month: str, *, audits: bool) -> None:
        world, account_id, began = self.history.world, self.history.account_id, self.history.world.time
        if audits:
            audit = reader.audit(account_id, month)
            sums, used, holds = audit.entries, audit.used, audit.holds
            calls, images, amounts = sums.calls, sums.images, sums.amounts
        else:
            usage = reader.usage(account_id, month)
            assert usage
            used, holds, calls, images, amounts = usage.used, None, usage.settled, usage.images, usage.charges
        amount = sum(amounts.values(), Decimal(0))
        self.history.readings.append(Reading(month, began, world.time, used, calls, images, amount, holds))

    def _months(self) -> list[str]:
        return sorted(key.pk.rpartition("#")[2] for key in self.history.store.items if key.sk == "month")


def crash(process: Process) -> None:
    process.dead = True


def _may_hold_record(call: Call, at: float) -> bool:
    """Calls that crashed, or did not reach the table in the end, hold it until their lease has run out."""
    if call.ended_at is None or call.ended_at >= at:
        return True
    lost = any(isinstance(each, LedgerUnavailable | QuotaExceeded) for each in (call.result, call.settled))
    return lost and call.ended_at + LEASE.total_seconds() + 3 * WRONG >= at
