import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial

import pytest
from tests.helpers.waiting import HANGS_SECONDS

from moderate.scheduling.turns import Turns
from moderate.scheduling.work import CallOver, Work


@contextmanager
def held(turns: Turns, caller: str, count: int = 1) -> Iterator[None]:
    """Holds threads in the caller's name until the block ends."""
    begun, over = threading.Barrier(count + 1), threading.Event()

    def hold(_granted: int) -> None:
        begun.wait(HANGS_SECONDS)
        over.wait(HANGS_SECONDS)

    holding = [turns.submit(caller, hold) for _ in range(count)]
    begun.wait(HANGS_SECONDS)
    try:
        yield
    finally:
        over.set()
        wait(holding)


def noting(done: list[str], what: str) -> Callable[..., None]:
    return lambda _granted=0: done.append(what)


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
        late: Future[str] = turns.submit("a", lambda _granted: "late")
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

    def fail(_granted: int) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        turns.submit("a", fail).result(HANGS_SECONDS)
    assert turns.submit("a", lambda _granted: 1).result(HANGS_SECONDS) == 1


def test_work_gets_its_share_of_the_room_or_what_is_left_and_more_if_it_needs_more() -> None:
    turns, over = Turns(4, each=2, room=10), threading.Event()
    begun = [threading.Event() for _ in range(3)]

    def hold(number: int, granted: int) -> int:
        begun[number].set()
        over.wait(HANGS_SECONDS)
        return granted

    held_by_a = turns.submit("a", partial(hold, 0), needed=7)
    begun[0].wait(HANGS_SECONDS)
    unknown = turns.submit("b", partial(hold, 1))
    begun[1].wait(HANGS_SECONDS)
    nothing_left = turns.submit("c", lambda granted: granted)
    assert nothing_left.result(HANGS_SECONDS) == 0
    over.set()
    assert [held_by_a.result(HANGS_SECONDS), unknown.result(HANGS_SECONDS)] == [7, 3]
    assert turns.submit("a", lambda granted: granted).result(HANGS_SECONDS) == 5
    assert turns.submit("a", lambda granted: granted, needed=10).result(HANGS_SECONDS) == 10


def test_what_waits_for_room_holds_up_what_needs_none_of_nobody_else_and_gets_the_next() -> None:
    turns, done = Turns(3, each=2, room=10), list[str]()
    over = threading.Event()
    large: Future[object] = turns.submit("a", lambda _granted: over.wait(HANGS_SECONDS), needed=6)
    waiting: Future[None] = turns.submit("b", noting(done, "waiting"), needed=8)
    later = turns.submit("c", noting(done, "later"), needed=4)
    assert turns.submit("d", lambda granted: granted).result(HANGS_SECONDS) == 0
    assert not done
    over.set()
    for each in (large, waiting, later):
        each.result(HANGS_SECONDS)
    assert done == ["waiting", "later"]


def test_room_that_is_given_back_is_taken_by_all_that_fit() -> None:
    turns, over = Turns(3, each=2, room=10), threading.Event()
    large = turns.submit("a", lambda _granted: over.wait(HANGS_SECONDS), needed=10)
    together = threading.Barrier(2)
    halves = [turns.submit(name, lambda _granted: together.wait(HANGS_SECONDS), needed=5) for name in "bc"]
    over.set()
    assert large.result(HANGS_SECONDS)
    assert sorted(half.result(HANGS_SECONDS) for half in halves) == [0, 1]


def test_a_failure_keeps_nothing_of_its_work() -> None:
    class Image:
        pass

    def fail(_image: Image, _granted: int) -> None:
        raise ValueError("no")

    turns, image = Turns(1, each=1), Image()
    kept = weakref.ref(image)
    gc.disable()
    try:
        with pytest.raises(ValueError, match="no"):
            turns.submit("a", partial(fail, image)).result(HANGS_SECONDS)
        turns.submit("a", lambda _granted: None).result(HANGS_SECONDS)
        del image
        assert kept() is None
    finally:
        gc.enable()


def test_nothing_is_kept_of_callers_that_have_nothing_to_do() -> None:
    turns = Turns(2, each=1)
    wait([turns.submit(str(number), lambda _granted: None) for number in range(100)])
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
