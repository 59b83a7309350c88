import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager

import pytest
from tests.helpers.waiting import HANGS_SECONDS

from moderate.scheduling.turns import Turns
from moderate.scheduling.work import CallOver, Work


@contextmanager
def held(turns: Turns, caller: str, count: int = 1) -> Iterator[None]:
    """Holds threads in the caller's name until the block ends."""
    begun, over = threading.Barrier(count + 1), threading.Event()

    def hold() -> None:
        begun.wait(HANGS_SECONDS)
        over.wait(HANGS_SECONDS)

    holding = [turns.submit(caller, hold) for _ in range(count)]
    begun.wait(HANGS_SECONDS)
    try:
        yield
    finally:
        over.set()
        wait(holding)


def noting(done: list[str], what: str) -> Callable[[], None]:
    return lambda: done.append(what)


def test_the_work_of_one_caller_is_done_in_its_order_and_callers_take_turns() -> None:
    turns, done = Turns(1, each=1), list[str]()
    with held(turns, "a"):
        queued = [turns.submit(name[0], noting(done, name)) for name in ("a1", "a2", "a3", "b1", "b2", "c1")]
    wait(queued)
    assert done == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_one_caller_leaves_a_thread_to_others() -> None:
    turns, done = Turns(2, each=1), list[str]()
    with held(turns, "a"):
        mine = turns.submit("a", noting(done, "a"))
        turns.submit("b", noting(done, "b")).result(HANGS_SECONDS)
        assert done == ["b"]
    mine.result(HANGS_SECONDS)
    assert done == ["b", "a"]


def test_a_caller_may_hold_as_many_threads_as_it_is_allowed_and_no_more() -> None:
    turns = Turns(3, each=2)
    with held(turns, "a", 2), held(turns, "b"):
        late: Future[str] = turns.submit("a", lambda: "late")
        assert not late.running()
    assert late.result(HANGS_SECONDS) == "late"


def test_work_that_has_not_begun_can_be_dropped() -> None:
    turns, done = Turns(1, each=1), list[str]()
    with held(turns, "a"):
        first, second = (turns.submit("a", noting(done, name)) for name in ("first", "second"))
        assert first.cancel()
    second.result(HANGS_SECONDS)
    assert done == ["second"]


def test_what_work_raises_comes_out_and_the_thread_goes_on() -> None:
    turns = Turns(1, each=1)

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        turns.submit("a", fail).result(HANGS_SECONDS)
    assert turns.submit("a", lambda: 1).result(HANGS_SECONDS) == 1


def test_nothing_is_kept_of_callers_that_have_nothing_to_do() -> None:
    turns = Turns(2, each=1)
    wait([turns.submit(str(number), lambda: None) for number in range(100)])
    turns._threads.shutdown()
    assert not turns._queues
    assert not turns._held


def test_a_call_that_ends_interrupts_what_is_done_for_it_and_lets_nothing_begin() -> None:
    work, done = Work(), list[str]()
    with work.interrupted_by(noting(done, "first")):
        pass
    with work.interrupted_by(noting(done, "second")):
        work.check()
        work.end()
    assert done == ["second"]
    with pytest.raises(CallOver), work.interrupted_by(noting(done, "third")):
        done.append("never")
    with pytest.raises(CallOver):
        work.check()
    assert done == ["second"]
