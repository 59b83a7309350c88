"""Servers that send too much, too slowly or not what they say: the service answers in time, and others meanwhile."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.helpers.support import MOSAICS
from tests.hostile.faults import FAST, PORT, SLOW, running_in
from tests.hostile.namespace import Internet, internet
from tests.hostile.processes import forget_peak, peak_bytes
from tests.hostile.service import ServiceProcess, serving
from tests.hostile.slots import ONE_FOR_EACH_OPERATION, Slot, code_of

from moderate.fetching.responses import URL_DEADLINE_SECONDS
from moderate.sources import MAX_FETCHED_BYTES

ADDRESS = "93.184.216.34"
GOOD = "https://pub.test/a.png"
DEAD = [f"http://dead{number}.test/" for number in range(16)]
CODES = {
    **dict.fromkeys(SLOW, "fetch_timeout"),
    **dict.fromkeys(FAST, "fetch_failed"),
    **dict.fromkeys(["endless-chunks", "endless-body", "length-absurd", "gzip-bomb"], "image_too_large"),
    "length-too-small": "undecodable_image",
    "gzip-bomb-as-image": "unsupported_format",
}


def url_of(fault: str) -> str:
    return f"http://faults.test:{PORT}/{fault}"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    zone = {"pub.test": [ADDRESS], "faults.test": [ADDRESS], **{f"dead{number}.test": None for number in range(16)}}
    files = {"pub.test/a.png": MOSAICS / "neutral.png"}
    with internet(tmp_path_factory.mktemp("internet"), zone=zone, files=files) as running, running_in(running):
        yield running


@pytest.fixture(scope="module")
def service(web: Internet, tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Iterator[ServiceProcess]:
    ports = {"ALLOWED_PORTS": f"80,443,{PORT}"}
    with serving(web, tmp_path_factory.mktemp("service"), model_path, environment=ports) as running:
        yield running


@dataclass(frozen=True)
class Good:
    """How long good calls took: several, so that a busy machine's pauses can be told from being held up."""

    seconds: Sequence[float]

    @property
    def grace(self) -> float:
        """How long this machine may take, at this time, for what a quick one does in no time."""
        return 20 * max(self.seconds)

    def as_quick_as(self, others: "Good") -> bool:
        """Whether they were not all held up."""
        return min(self.seconds) <= 3 * max(others.seconds)

    def __str__(self) -> str:
        return f"{min(self.seconds):.3f} to {max(self.seconds):.3f} s"


def good_calls(service: ServiceProcess) -> Good:
    def seconds() -> float:
        start = time.monotonic()
        answer = service.client.get("/v1/check", params={"url": GOOD})
        assert answer.json()["data"]["safe"] is True
        return time.monotonic() - start

    return Good([seconds() for _ in range(5)])


@dataclass
class Beside:
    """What became of the calls that were asked again and again while others were."""

    codes: set[str]
    slowest: float = 0


@contextlib.contextmanager
def asking(service: ServiceProcess, cases: Sequence[tuple[Slot, str]]) -> Iterator[Beside]:
    """All of these are waiting for an answer, each time anew, until the context is left."""
    beside, over, waiting = Beside(set()), threading.Event(), threading.Semaphore(0)

    def ask_on(case: tuple[Slot, str]) -> None:
        waiting.release()
        while not over.is_set():
            code, seconds = timed(service, *case)
            beside.codes.add(code)
            beside.slowest = max(beside.slowest, seconds)

    with ThreadPoolExecutor(len(cases)) as everyone:
        asked = [everyone.submit(ask_on, case) for case in cases]
        for _ in cases:
            waiting.acquire()
        yield beside
        over.set()
        for each in asked:
            each.result()


def timed(service: ServiceProcess, slot: Slot, url: str) -> tuple[str, float]:
    start = time.monotonic()
    answer = slot.ask(service.client, url)
    seconds = time.monotonic() - start
    assert slot.documents(answer), answer.text
    return str(code_of(answer)), seconds


def judged_among(service: ServiceProcess, urls: Sequence[str]) -> tuple[httpx2.Response, float]:
    start = time.monotonic()
    answer = service.client.post("/api/nsfw/image", json={"image_urls": urls, "on_error": "partial"})
    return answer, time.monotonic() - start


@pytest.mark.parametrize("fault", FAST)
def test_a_faulty_server_is_found_out_before_the_deadline(service: ServiceProcess, fault: str) -> None:
    """At the deadline its code would be another."""
    for slot in ONE_FOR_EACH_OPERATION:
        code, seconds = timed(service, slot, url_of(fault))
        print(f"{seconds:.3f} s")
        assert code == CODES[fault]


def test_slow_servers_end_at_the_deadline_and_hold_up_no_other_call(service: ServiceProcess) -> None:
    cases = [(slot, url_of(fault)) for slot in ONE_FOR_EACH_OPERATION for fault in SLOW]
    alone = good_calls(service)
    with asking(service, cases) as slow:
        beside = good_calls(service)
    print(f"{len(cases)} calls, the slowest {slow.slowest:.2f} s; good ones {beside} beside them, {alone} alone")
    assert slow.codes == {"fetch_timeout"}
    assert slow.slowest < URL_DEADLINE_SECONDS + beside.grace
    assert beside.as_quick_as(alone)


@pytest.mark.parametrize(
    "bad",
    [[url_of(fault) for fault in FAST][:9], DEAD[:9]],
    ids=["faulty", "unresolved"],
)
@pytest.mark.parametrize("place", [0, 9])
def test_a_good_url_beside_nine_bad_ones_takes_them_no_more_than_its_own_time(
    service: ServiceProcess, bad: list[str], place: int
) -> None:
    alone = good_calls(service)
    _, without = judged_among(service, bad)
    urls = [*bad[:place], GOOD, *bad[place:]]
    answer, seconds = judged_among(service, urls)
    print(f"{seconds:.2f} s, {without:.2f} s without it, {alone} alone")
    assert seconds < without + alone.grace
    assert answer.status_code == 200
    assert answer.json()["has_nsfw_concepts"] == [False if url == GOOD else None for url in urls]


def test_a_good_url_beside_nine_slow_ones_is_judged_by_the_deadline(service: ServiceProcess) -> None:
    alone = good_calls(service)
    bad = [url_of(fault) for fault in SLOW] + DEAD
    answer, seconds = judged_among(service, [*bad[:9], GOOD])
    print(f"{seconds:.2f} s")
    assert seconds < URL_DEADLINE_SECONDS + alone.grace
    assert answer.json()["has_nsfw_concepts"] == [None] * 9 + [False]
    assert answer.json()["cost"] == 0.0015


def test_dead_name_servers_hold_up_no_other_call(service: ServiceProcess) -> None:
    alone = good_calls(service)
    with asking(service, [(ONE_FOR_EACH_OPERATION[0], url) for url in DEAD]) as dead:
        beside = good_calls(service)
    print(f"good ones {beside} beside {len(DEAD)}, {alone} alone")
    assert dead.codes == {"fetch_failed"}
    assert beside.as_quick_as(alone)


def test_endless_bodies_never_take_more_than_twice_what_ten_images_may_hold(service: ServiceProcess) -> None:
    urls = [url_of(f"{fault}?{number}") for fault in ("endless-body", "endless-chunks") for number in range(5)]
    forget_peak(service.process.pid)
    before = peak_bytes(service.process.pid)
    for _ in range(3):
        answer = service.client.post("/api/nsfw/image", json={"image_urls": urls})
        # A busy machine does not reach the limit before the deadline.
        assert {entry["code"] for entry in answer.json()["errors"]} <= {"image_too_large", "fetch_timeout"}
        assert len(answer.json()["errors"]) == 10
    growth = peak_bytes(service.process.pid) - before
    print(f"{growth / 1024**2:.0f} MB")
    assert growth < 2 * 10 * MAX_FETCHED_BYTES
