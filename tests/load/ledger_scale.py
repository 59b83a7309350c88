"""The ledger of the largest plan, on DynamoDB Local: `python -m tests.load.ledger_scale` prints what it takes.

A month of 1.4 million entries is written straight into the engine's database, since requests would take an hour. Then
one account makes 60 calls a second for five minutes, with different numbers of instances alive. The clock is moved, so
how long that takes depends on the machine, and what it costs does not.
"""

import json
import sqlite3
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from tests.fakes.clock import Clock
from tests.helpers.capacity import measured, size_of
from tests.helpers.ledgers import Customer, admitted, dynamodb_table, request_id, slow_client
from tests.integration.dynamodb_local.server import dynamodb_local

from modest.accounts.registry import Registry
from modest.api_keys import hash_of, new_key
from modest.billing.invoice_files import Format, render
from modest.billing.invoice_record import describe
from modest.billing.invoices import invoices_for
from modest.ledger.admission import Admission
from modest.ledger.chain import Link, next_link, start_after
from modest.ledger.entries import as_second
from modest.ledger.ledger import Ledger
from modest.ledger.month import month_item_key
from modest.ledger.totals import ADDED_UP, Totals
from modest.ledger.usage import UsageReader
from modest.plans import Plan
from modest.prices import by_the_image
from modest.store.dynamodb import DynamoDBTable
from modest.store.retries import operator_retries
from modest.store.table import Item, Put

CALLS = 1_400_000
MONTH, START, DAYS = "2026-10", datetime(2026, 10, 1, tzinfo=UTC), 31
A_SECOND, SECONDS = 60, 300
RULES: Item = {
    "policy": "balanced",
    "questionable_from": Decimal("0.3"),
    "nsfw_from": Decimal("0.6"),
    "threshold": Decimal("0.6"),
}
USD_WRITE, USD_READ = 0.625, 0.125
MAX_REQUESTS, MAX_MS, MAX_INVOICE_SECONDS, MAX_ITEM = 10, 300, 30, 4096
MAX_USD = 1.70
PLANS = {"Mega": Plan("Mega", quota=2 * CALLS, rate=60, burst=60, price_usd=Decimal(94))}


class Scale:
    """A deployment with one customer, on the largest plan."""

    def __init__(self, table: DynamoDBTable) -> None:
        self.table = table
        self.clock = Clock()
        self.registry = Registry(table, PLANS, retries=operator_retries(), now=self.clock)
        self.reader = UsageReader(table)

    def ledger(self) -> Ledger:
        return Ledger(self.table, PLANS, lease=timedelta(seconds=30), retries=operator_retries(), now=self.clock)

    def customer(self) -> Customer:
        account = self.registry.create(f"customer {request_id()}", "Mega")
        customer = Customer(account.id, hash_of(new_key()))
        self.registry.add_key(account.id, customer.key_hash, "their key")
        return customer


@contextmanager
def running(folder: Path | None = None, *, seeded: bool = False) -> Iterator[DynamoDBTable]:
    with dynamodb_local(folder) as endpoint:
        client = slow_client(endpoint)
        yield DynamoDBTable(client, "ledger") if seeded else dynamodb_table(client)


def settle(ledger: Ledger, admission: Admission) -> None:
    ledger.settle(admission, "ok", by_the_image(1, admission.terms), judged_by=RULES)


def moments(calls: int, first: int = 0) -> Iterator[str]:
    """Yields the seconds of calls that are spread over the month, from the first one's number on."""
    return (as_second(START + number * timedelta(days=DAYS) / calls) for number in range(first, calls))


def seed(folder: Path, customer: Customer, calls: int) -> None:
    """Copies the one entry of the month until there are so many, and writes their chain."""
    (database,) = folder.glob("*.db")
    with sqlite3.connect(database) as rows:
        where = "WHERE CAST(rangeKey AS TEXT) LIKE 'call#%' AND CAST(hashKey AS TEXT) LIKE ?"
        (entry,) = rows.execute(f'SELECT * FROM "ledger" {where}', (f"%{customer.account_id}#{MONTH}",)).fetchall()  # noqa: S608
        key, sk, of_key, _, size, text = entry
        _, second, request = sk.decode().split("#")

        def entries() -> Iterator[tuple[bytes, int, bytes]]:
            for number, moment in enumerate(moments(calls, 1), 1):
                call_id = request[:-16] + f"{number:016x}"
                new = text.replace(second.encode(), moment.encode()).replace(request.encode(), call_id.encode())
                yield f"call#{moment}#{call_id}".encode(), size, new

        def links() -> Iterator[tuple[bytes, int, bytes]]:
            counted = {name: TypeDeserializer().deserialize(json.loads(text)[name]) for name in ADDED_UP}
            for link in chain_of_equal_calls(counted, calls):
                item = {"pk": key.decode(), "sk": f"sum#{link.start}", "to": link.end} | link.totals.to_item()
                new = json.dumps({name: TypeSerializer().serialize(value) for name, value in item.items()})
                yield item["sk"].encode(), len(new), new.encode()

        added = (
            (key, new_sk, of_key, number.to_bytes(20, "big"), new_size, new)
            for number, (new_sk, new_size, new) in enumerate(chain(entries(), links()))
        )
        rows.executemany('INSERT INTO "ledger" VALUES (?, ?, ?, ?, ?, ?)', added)


def chain_of_equal_calls(counted: Item, calls: int) -> Iterator[Link]:
    """counted: what a link takes of each call's entry."""
    link: Link | None = None
    while True:
        before = link.totals if link else Totals()
        rest = moments(calls, before.calls)
        link = next_link(start_after(link, MONTH), before, ({**counted, "sk": f"call#{moment}#"} for moment in rest))
        if link is None:
            return
        yield link


def timed(action: Callable[[], object], times: int = 5) -> float:
    """Returns the median in milliseconds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        found.append((time.perf_counter() - start) * 1000)
    return sorted(found)[times // 2]


@dataclass(frozen=True, slots=True)
class LargeMonth:
    """What it takes to answer for a month."""

    requests: int
    read_units: float
    usage_ms: float
    invoice_seconds: float


def measure_large_month(folder: Path, calls: int) -> LargeMonth:
    """Raises AssertionError if anything is not counted. folder: an empty one."""
    with running(folder) as table:
        scale = Scale(table)
        scale.registry.set_rate(Decimal(1))
        scale.clock.now = START
        customer = scale.customer()
        ledger = scale.ledger()
        settle(ledger, admitted(ledger.admit(customer.key_hash, request_id())))
    seed(folder, customer, calls)
    with running(folder, seeded=True) as table:
        scale = Scale(table)
        month_key = month_item_key(customer.account_id, MONTH)
        table.write([Put(month_key, {"used": calls, **{f"d{day:02}": calls // DAYS for day in range(1, DAYS + 1)}})])
        scale.clock.now = START + timedelta(days=DAYS, minutes=2)
        ledger = scale.ledger()
        with measured(table._client) as usage:
            found = ledger.usage(customer.key_hash, MONTH)
        assert found.usage.settled == calls
        ms = timed(lambda: ledger.usage(customer.key_hash, MONTH))
        start = time.perf_counter()
        read = scale.reader.usage(customer.account_id, MONTH)
        invoices, _ = invoices_for([read] if read else [], PLANS, scale.clock.now)
        assert render(describe(invoices, None), MONTH, Format.HTML)
        seconds = time.perf_counter() - start
    return LargeMonth(len(usage.requests), usage.read_units, ms, seconds)


def report_large_month(folder: Path) -> None:
    month = measure_large_month(folder, CALLS)
    print(
        f"usage of {CALLS:,} entries: {month.requests} requests, {month.read_units} read units, "
        f"{month.usage_ms:.0f} ms; its invoice: {month.invoice_seconds:.2f} s"
    )
    assert month.requests <= MAX_REQUESTS
    assert month.usage_ms <= MAX_MS
    assert month.invoice_seconds <= MAX_INVOICE_SECONDS


def report_burst(instances: int, seconds: int) -> None:
    with running() as table:
        scale = Scale(table)
        observer = DynamoDBTable(slow_client(table._client.meta.endpoint_url), "ledger")
        customer = scale.customer()
        ledgers = [scale.ledger() for _ in range(instances)]
        month = month_item_key(customer.account_id, "2026-11")
        # As at the end of a month.
        table.write([Put(month, {f"d{day:02}": 45_000 for day in range(1, 31)})])
        judging: deque[tuple[Ledger, Admission]] = deque()
        largest, calls = 0, A_SECOND * seconds
        with measured(table._client) as capacity:
            for number in range(calls):
                ledger = ledgers[number % instances]
                # An instance has one call at a time.
                if len(judging) == instances:
                    settle(*judging.popleft())
                judging.append((ledger, admitted(ledger.admit(customer.key_hash, request_id()))))
                scale.clock.advance(seconds=1 / A_SECOND)
                if number % A_SECOND == 0:
                    largest = max(largest, size_of(observer.read([month])[month]))
            while judging:
                settle(*judging.popleft())
        with measured(table._client) as reading:
            usage = scale.reader.usage(customer.account_id, "2026-11")
        assert usage
        assert usage.settled == usage.used == calls
    write, read = capacity.write_units / calls, capacity.read_units / calls
    usd = write * USD_WRITE + read * USD_READ
    print(
        f"{A_SECOND} calls a second for {seconds} s, {instances} instances: the month's item has {largest} bytes; a "
        f"call takes {write:.3f} write units and {read:.3f} read units, ${usd:.2f} a million; then usage takes "
        f"{len(reading.requests)} requests"
    )
    assert largest <= MAX_ITEM
    assert usd <= MAX_USD or instances > A_SECOND


def main() -> None:
    report_burst(20, SECONDS)
    for instances in (40, 120):
        report_burst(instances, SECONDS // 5)
    with tempfile.TemporaryDirectory() as folder:
        report_large_month(Path(folder))


if __name__ == "__main__":
    main()
