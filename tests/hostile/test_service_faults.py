"""Servers that send too much, too slowly or not what they say: the service answers in time, and others meanwhile."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.helpers.support import MOSAICS
from tests.hostile.faults import FAST, PORT, SLOW, running_in
from tests.hostile.namespace import Internet, internet
from tests.hostile.processes import forget_peak, peak_bytes
from tests.hostile.service import ServiceProcess, serving
from tests.hostile.slots import ONE_FOR_EACH_OPERATION, Slot, code_of

from moderate.fetching.fetcher import URL_DEADLINE_SECONDS
from moderate.sources import MAX_FETCHED_BYTES

ADDRESS = "93.184.216.34"
GRACE_SECONDS = 0.5
DEADLINE = URL_DEADLINE_SECONDS + GRACE_SECONDS
GOOD = "https://pub.test/a.png"
DEAD = [f"http://dead{number}.test/" for number in range(16)]
CODES = {
    **dict.fromkeys(SLOW, "fetch_timeout"),
    **dict.fromkeys(FAST, "fetch_failed"),
    **dict.fromkeys(["endless-chunks", "endless-body", "length-absurd"], "image_too_large"),
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


def timed(service: ServiceProcess, slot: Slot, url: str) -> tuple[str, float]:
    start = time.monotonic()
    answer = slot.ask(service.client, url)
    seconds = time.monotonic() - start
    assert slot.documents(answer), answer.text
    return str(code_of(answer)), seconds


@pytest.mark.parametrize("fault", FAST)
def test_a_faulty_server_is_found_out_within_the_deadline(service: ServiceProcess, fault: str) -> None:
    for slot in ONE_FOR_EACH_OPERATION:
        code, seconds = timed(service, slot, url_of(fault))
        print(f"{seconds:.3f} s")
        assert code == CODES[fault]
        assert seconds < DEADLINE


def test_slow_servers_end_at_the_deadline_and_hold_up_no_other_call(service: ServiceProcess) -> None:
    cases = [(slot, url_of(fault)) for slot in ONE_FOR_EACH_OPERATION for fault in SLOW]
    alone = seconds_of_a_good_one(service)
    with ThreadPoolExecutor(len(cases)) as everyone:
        waiting = []
        for case in cases:
            # A client that asks thirty things at one moment would time itself.
            time.sleep(0.05)
            waiting.append(everyone.submit(timed, service, *case))
        beside = seconds_of_a_good_one(service)
        ended = [case.result() for case in waiting]
    slowest = max(seconds for _, seconds in ended)
    print(
        f"{len(ended)} calls, the slowest {slowest:.2f} s; a good one {beside:.3f} s beside them, {alone:.3f} s alone"
    )
    assert {code for code, _ in ended} == {"fetch_timeout"}
    assert slowest < DEADLINE
    assert beside < alone + GRACE_SECONDS


@pytest.mark.parametrize(
    "bad",
    [[url_of(fault) for fault in FAST][:9], DEAD[:9]],
    ids=["faulty", "unresolved"],
)
@pytest.mark.parametrize("place", [0, 9])
def test_a_good_url_beside_nine_bad_ones_is_judged_in_about_its_own_time(
    service: ServiceProcess, bad: list[str], place: int
) -> None:
    alone = seconds_of_a_good_one(service)
    urls = [*bad[:place], GOOD, *bad[place:]]
    start = time.monotonic()
    answer = service.client.post("/api/nsfw/image", json={"image_urls": urls, "on_error": "partial"})
    seconds = time.monotonic() - start
    print(f"{seconds:.2f} s, {alone:.2f} s alone")
    assert seconds < alone + 2
    assert answer.status_code == 200
    assert answer.json()["has_nsfw_concepts"] == [False if url == GOOD else None for url in urls]


def test_a_good_url_beside_nine_slow_ones_is_judged_by_the_deadline(service: ServiceProcess) -> None:
    bad = [url_of(fault) for fault in SLOW] + DEAD
    start = time.monotonic()
    answer = service.client.post("/api/nsfw/image", json={"image_urls": [*bad[:9], GOOD], "on_error": "partial"})
    seconds = time.monotonic() - start
    print(f"{seconds:.2f} s")
    assert seconds < DEADLINE
    assert answer.json()["has_nsfw_concepts"] == [None] * 9 + [False]
    assert answer.json()["cost"] == 0.0015


def test_dead_name_servers_hold_up_no_other_call(service: ServiceProcess) -> None:
    alone = seconds_of_a_good_one(service)
    with ThreadPoolExecutor(len(DEAD)) as everyone:
        waiting = [everyone.submit(timed, service, ONE_FOR_EACH_OPERATION[0], url) for url in DEAD]
        time.sleep(0.1)
        assert not any(case.done() for case in waiting)
        beside = seconds_of_a_good_one(service)
        ended = [case.result() for case in waiting]
    print(f"{beside:.3f} s beside {len(DEAD)}, {alone:.3f} s alone")
    assert {code for code, _ in ended} == {"fetch_failed"}
    assert beside < alone + GRACE_SECONDS


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


def seconds_of_a_good_one(service: ServiceProcess) -> float:
    start = time.monotonic()
    answer = service.client.get("/v1/check", params={"url": GOOD})
    assert answer.json()["data"]["safe"] is True
    return time.monotonic() - start
