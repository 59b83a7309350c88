"""Lists are read again while calls go on, and nothing that can happen to them stops or delays a call for long."""

import hashlib
import itertools
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.helpers.lists import packed

from moderate.blocking.places import Content, FilePlace, PlaceFailure
from moderate.blocking.reloading import CHECK_SECONDS, RETRY_SECONDS, WAIT_SECONDS, ReloadedLists

FIRST, SECOND = (hashlib.sha256(word).digest() for word in (b"first", b"second"))


class Now:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


class FakePlace:
    """Answers with `content`, or raises it, after `gate` is open; counts the readers at once."""

    def __init__(self, *lines: str) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str | None] = []
        self.content: Content | Exception = Content(b"", "")
        self.at_once = self.most_at_once = 0
        if lines:
            self.write(*lines)

    def write(self, *lines: str) -> None:
        data = packed(*lines)
        self.content = Content(data, hashlib.sha256(data).hexdigest())

    def read(self, known: str | None) -> Content | None:
        self.asked.append(known)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.gate.wait(10)
        self.at_once -= 1
        if isinstance(self.content, Exception):
            raise self.content
        return None if self.content.tag == known else self.content


def started(place: FakePlace, now: Callable[[], float] | None = None) -> ReloadedLists:
    lists = ReloadedLists(place, now=now or Now())
    lists.check()
    lists.wait(10)
    return lists


def settle(lists: ReloadedLists) -> ReloadedLists:
    lists.check()
    lists.wait(10)
    return lists


def has(lists: ReloadedLists, digest: bytes) -> bool:
    return lists.current.find_file(digest) is not None


def test_a_change_is_in_use_with_the_first_call_after_a_minute_and_not_asked_for_before() -> None:
    now, place = Now(), FakePlace(f"sha256 {FIRST.hex()}")
    lists = started(place, now)
    place.write(f"sha256 {SECOND.hex()}")
    now.seconds += CHECK_SECONDS - 1
    assert (has(settle(lists), FIRST), has(lists, SECOND), len(place.asked)) == (True, False, 1)
    now.seconds += 1
    lists.check()
    assert lists.settled().find_file(SECOND) is not None
    assert not has(lists, FIRST)


def test_what_is_unchanged_is_not_read_again() -> None:
    now, place = Now(), FakePlace(f"sha256 {FIRST.hex()}")
    lists = started(place, now)
    in_use = lists.current
    now.seconds += CHECK_SECONDS
    assert settle(lists).current is in_use
    assert place.asked == [None, place.content.tag]  # type: ignore[union-attr]
    assert lists.take_report().read == {"sha256": 1, "pdq": 0, "host": 0, "allow sha256": 0}
    assert lists.take_report().read is None


@pytest.mark.parametrize("failure", [PlaceFailure("S3 answered AccessDenied"), KeyError("x"), MemoryError()])
def test_lists_that_cannot_be_read_leave_the_earlier_ones_in_use_and_are_tried_sooner(failure: Exception) -> None:
    now, place = Now(), FakePlace(f"sha256 {FIRST.hex()}")
    lists, content = started(place, now), place.content
    lists.take_report()
    place.content = failure
    now.seconds += CHECK_SECONDS
    assert has(settle(lists), FIRST)
    assert len(lists.take_report().failures) == 1
    now.seconds += RETRY_SECONDS - 1
    assert len(settle(lists).take_report().failures) == 0
    place.content = content
    now.seconds += 1
    assert settle(lists).take_report().failures == ()
    assert len(place.asked) == 3


@pytest.mark.parametrize("cut", [0, 1, 100, 1000])
def test_half_written_lists_leave_the_earlier_ones_in_use_and_are_read_once(cut: int) -> None:
    now, place = Now(), FakePlace(f"sha256 {FIRST.hex()}")
    lists = started(place, now)
    lists.take_report()
    whole = packed(f"sha256 {SECOND.hex()}", "host example.com")
    place.content = Content(whole[: min(cut, len(whole) - 1)], "half")
    for _ in range(3):
        now.seconds += CHECK_SECONDS
        assert has(settle(lists), FIRST)
        assert len(lists.take_report().failures) == 1
    assert place.asked[-2:] == ["half", "half"]
    place.content = Content(whole, "whole")
    now.seconds += CHECK_SECONDS
    assert has(settle(lists), SECOND)
    assert lists.take_report().failures == ()


def test_lists_that_are_deleted_stay_in_use_and_emptied_ones_do_not() -> None:
    now, place = Now(), FakePlace(f"sha256 {FIRST.hex()}")
    lists = started(place, now)
    lists.take_report()
    place.content = Content(b"", "")
    now.seconds += CHECK_SECONDS
    assert has(settle(lists), FIRST)
    assert lists.take_report().failures == ("the list is gone",)
    place.content = Content(packed(), "empty")
    now.seconds += CHECK_SECONDS
    assert not has(settle(lists), FIRST)
    assert lists.take_report().failures == ()


def test_lists_that_nobody_has_written_yet_are_no_failure() -> None:
    now, place = Now(), FakePlace()
    lists = started(place, now)
    now.seconds += CHECK_SECONDS
    assert settle(lists).take_report().failures == ()
    place.write(f"sha256 {FIRST.hex()}")
    now.seconds += CHECK_SECONDS
    assert has(settle(lists), FIRST)


def test_a_service_whose_lists_cannot_be_read_at_its_start_goes_on_without_until_they_can() -> None:
    now, place = Now(), FakePlace()
    place.content = PlaceFailure("S3 answered AccessDenied")
    lists = started(place, now)
    assert not has(lists, FIRST)
    assert lists.take_report().failures == ("S3 answered AccessDenied",)
    place.write(f"sha256 {FIRST.hex()}")
    now.seconds += RETRY_SECONDS
    assert has(settle(lists), FIRST)


def test_calls_wait_300_ms_together_for_a_slow_check_and_then_not_at_all() -> None:
    now, place = Now(), FakePlace(f"sha256 {FIRST.hex()}")
    lists = started(place, now)
    lists.take_report()
    place.write(f"sha256 {SECOND.hex()}")
    place.gate.clear()
    now.seconds += CHECK_SECONDS
    waited = []

    def call() -> None:
        begun = time.monotonic()
        lists.check()
        assert lists.settled().find_file(FIRST) is not None
        waited.append(time.monotonic() - begun)

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert WAIT_SECONDS - 0.05 < max(waited) < WAIT_SECONDS + 0.5
    waited.clear()
    call()
    assert waited[0] < 0.1
    assert (lists.take_report().late, place.most_at_once, len(place.asked)) == (1, 1, 2)
    place.gate.set()
    lists.wait(10)
    assert has(lists, SECOND)


def test_a_check_runs_alone_whatever_calls_do_at_the_same_time() -> None:
    now, place = Now(), FakePlace(f"sha256 {FIRST.hex()}")
    lists = started(place, now)

    def calls() -> None:
        for _ in range(200):
            now.seconds += CHECK_SECONDS
            lists.check()
            assert lists.settled().find_file(FIRST) is not None

    threads = [threading.Thread(target=calls) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert place.most_at_once == 1


def test_two_services_take_up_the_same_change() -> None:
    now, place = Now(), FakePlace(f"sha256 {FIRST.hex()}")
    both = [started(place, now), started(place, now)]
    place.write(f"sha256 {SECOND.hex()}")
    now.seconds += CHECK_SECONDS
    for lists in both:
        lists.check()
        assert lists.settled().find_file(SECOND) is not None


def test_a_clock_that_was_set_back_does_not_end_the_checks() -> None:
    now, place = Now(), FakePlace(f"sha256 {FIRST.hex()}")
    lists = started(place, now)
    now.seconds -= 1e6
    settle(lists)
    assert len(place.asked) == 2


def test_a_process_with_too_many_threads_keeps_its_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    now, place = Now(), FakePlace(f"sha256 {FIRST.hex()}")
    lists = started(place, now)
    lists.take_report()
    now.seconds += CHECK_SECONDS

    def refuse(_self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    lists.check()
    assert lists.settled().find_file(FIRST) is not None
    assert lists.take_report().failures == ("there are too many threads",)


def test_no_call_sees_a_part_of_a_change_however_the_file_is_written(tmp_path: Path) -> None:
    """Each version lists one host and two files. Some are written in place, and some of those only in part."""
    path, clock, writing = tmp_path / "lists", itertools.count(0.0, CHECK_SECONDS + 1), threading.Event()
    files = [hashlib.sha256(bytes([number])).digest() for number in range(8)]
    lists = ReloadedLists(FilePlace(path), now=lambda: next(clock))
    cuts, seen = random.Random(1), set()

    def write() -> None:
        for number in range(300):
            version = number % 8
            of_files = (f"sha256 {files[(version + more) % 8].hex()}" for more in (0, 1))
            data = packed(f"host h{version}.example", *of_files)
            if number % 3 == 0:
                path.write_bytes(data[: cuts.randrange(len(data))])
            elif number % 3 == 1:
                path.write_bytes(data)
            else:
                path.with_name("new").write_bytes(data)
                path.with_name("new").replace(path)
        writing.set()

    def call() -> None:
        while not writing.is_set():
            lists.check()
            current = lists.settled()
            hosts = [number for number in range(8) if current.find_host(f"h{number}.example")]
            listed = {number for number, digest in enumerate(files) if current.find_file(digest)}
            assert listed == {(host + more) % 8 for host in hosts for more in (0, 1)}
            seen.update(hosts)

    with ThreadPoolExecutor(5) as several:
        for ended in [several.submit(write), *(several.submit(call) for _ in range(4))]:
            ended.result()
    assert len(seen) > 1
