"""The local gateway's plans in real time. What must pass follows from when the gateway was asked, at any speed."""

import asyncio
import json
import re
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, NamedTuple

import httpx2
import pytest
from tests.helpers.local_gateway import GENEROUS, Bench, LocalGateway
from tests.helpers.recorded_gateway import MARK
from tests.helpers.reference import processor_seconds
from tests.helpers.support import gateway_event, serve

from moderate.web.lambda_events import lambda_handler
from modest.api_keys import hash_of

PRO_RATE, PRO_BURST = 20, 20
# The service refuses a call without an image, and the gateway one beyond the plan.
PASSED, REFUSED = 400, 429
MOST_CALLS_ADDED = 2


class Asked(NamedTuple):
    at: float
    passed: bool


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    with LocalGateway(tmp_path_factory.mktemp("gateway"), module="tests.helpers.recorded_gateway") as gateway:
        yield gateway


def asked_so_far(gateway: LocalGateway) -> list[Asked]:
    """Every call with Pro's key, in the order in which the gateway decided about them."""
    recorded = map(json.loads, re.findall(rf"{MARK}(.*?(?:true|false)\])", gateway.log))
    return [Asked(at, passed) for name, at, passed in recorded if name == hash_of(gateway.key("pro"))]


def ideal(times: Sequence[float], *, rate: int, burst: int) -> list[bool]:
    """What a bucket lets through that is full at first: in fractions, so that nothing is rounded."""
    passed = []
    tokens, before = Fraction(burst), Fraction(times[0])
    for now in map(Fraction, times):
        tokens = min(Fraction(burst), tokens + (now - before) * rate)
        before = now
        passed.append(tokens >= 1)
        tokens -= passed[-1]
    return passed


async def statuses(gateway: LocalGateway, *, calls: int, a_second: float) -> Counter[int]:
    """Over connections that are open already, so that all calls of a burst are there at once."""
    url = httpx2.URL(gateway.url)
    request = f"GET /v1/check HTTP/1.1\r\nHost: {url.host}\r\nx-api-key: {gateway.key('pro')}\r\n\r\n".encode()
    opened = [await asyncio.open_connection(url.host, url.port) for _ in range(30)]
    idle = list(opened)
    start = time.monotonic()

    async def call(number: int) -> int:
        await asyncio.sleep(start + number / a_second - time.monotonic())
        if not idle:
            idle.append(await asyncio.open_connection(url.host, url.port))
            opened.append(idle[-1])
        # The one that has waited longest: the gateway closes those that nothing is sent over for a few seconds.
        reader, writer = connection = idle.pop(0)
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
        idle.append(connection)
        return int(head.split()[1])

    counts = Counter(await asyncio.gather(*(call(number) for number in range(calls))))
    for _, writer in opened:
        writer.close()
        await writer.wait_closed()
    return counts


@pytest.mark.parametrize(
    ("calls", "a_second"),
    [pytest.param(30, 10_000, id=f"30 at once, {turn}") for turn in range(5)]
    + [pytest.param(250, 25, id="25 a second for 10 seconds")],
)
def test_pro_passes_exactly_its_burst_and_20_calls_a_second(gateway: LocalGateway, calls: int, a_second: float) -> None:
    # A second and a half fills the bucket.
    time.sleep(1.5)
    earlier = len(asked_so_far(gateway))
    counts = asyncio.run(statuses(gateway, calls=calls, a_second=a_second))
    asked = asked_so_far(gateway)
    passed = [call.passed for call in asked]
    print(f"\n{counts[PASSED]} of {calls} passed within {asked[-1].at - asked[earlier].at:.2f} s")
    assert passed == ideal([call.at for call in asked], rate=PRO_RATE, burst=PRO_BURST)
    assert counts == Counter({PASSED: sum(passed[earlier:]), REFUSED: calls - sum(passed[earlier:])})


def test_the_gateway_adds_at_most_as_much_as_two_of_the_cheapest_calls_take_the_service() -> None:
    """In processor time: on a busy machine the time until a thread has its turn is nobody's work."""

    def trivial(_event: Any, _context: object) -> Any:
        return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": "{}"}

    event = gateway_event("GET", "/v1/check", query="threshold=0.5")
    with Bench(trivial) as bench, event_loop() as loop:
        call, service = calls_through(bench), lambda_handler(serve().app)
        times = [
            (
                processor_seconds(lambda: loop.run_until_complete(call())),
                processor_seconds(lambda: service(event, None)),
            )
            for _ in range(500)
        ]
    added, served = map(statistics.median, zip(*times, strict=True))
    print(f"\nthe gateway adds {1000 * added:.2f} ms, {added / served:.1f} times what the service takes")
    assert added <= MOST_CALLS_ADDED * served


@contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def calls_through(bench: Bench) -> Callable[[], Awaitable[None]]:
    gateway = bench.gateway()
    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": b"/v1/check",
        "query_string": b"threshold=0.5",
        "headers": [(b"x-api-key", bench.keys.hand_out(GENEROUS).encode()), (b"host", b"127.0.0.1:3000")],
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        assert message.get("status", 200) == 200

    async def call() -> None:
        bench.clock.seconds += 1
        await gateway(scope, receive, send)

    return call
