import asyncio
import threading
import time

import pytest
from tests.helpers.waiting import HANGS_SECONDS

from moderate.fetching.resolver import SystemResolver, limit_lookup_time


def test_look_up_time_is_limited_unless_the_operator_said_otherwise() -> None:
    environ: dict[str, str] = {}
    limit_lookup_time(environ)
    assert environ == {"RES_OPTIONS": "timeout:1 attempts:1"}
    limit_lookup_time(environ := {"RES_OPTIONS": "timeout:2"})
    assert environ == {"RES_OPTIONS": "timeout:2"}


def test_sixteen_dead_name_servers_do_not_delay_a_good_one() -> None:
    released = threading.Event()

    def look_up(host: str) -> list[str]:
        if host == "dead.test":
            released.wait(HANGS_SECONDS)
        return ["93.184.216.34"]

    async def run() -> list[bool]:
        resolve = SystemResolver(look_up=look_up)
        dead = [asyncio.create_task(resolve("dead.test")) for _ in range(16)]
        await asyncio.sleep(0)
        await resolve("good.test")
        ended = [task.done() for task in dead]
        released.set()
        await asyncio.gather(*dead)
        return ended

    assert asyncio.run(run()) == [False] * 16


def test_look_ups_never_take_more_threads_than_allowed() -> None:
    running: list[int] = []
    at_once = threading.Semaphore(3)

    def look_up(_: str) -> list[str]:
        free = at_once.acquire(blocking=False)
        running.append(free)
        time.sleep(0.01)
        if free:
            at_once.release()
        return []

    async def run() -> None:
        resolve = SystemResolver(threads=3, look_up=look_up)
        await asyncio.gather(*[resolve("pub.test") for _ in range(20)])

    asyncio.run(run())
    assert running == [True] * 20


def test_a_look_up_given_up_on_in_the_queue_never_starts() -> None:
    released = threading.Event()
    started: list[str] = []

    def look_up(host: str) -> list[str]:
        started.append(host)
        released.wait(HANGS_SECONDS)
        return []

    async def run() -> None:
        resolve = SystemResolver(threads=1, look_up=look_up)
        first = asyncio.create_task(resolve("first.test"))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(resolve("second.test"), 0.05)
        released.set()
        await first

    asyncio.run(run())
    assert started == ["first.test"]
