"""When a failed request is repeated, measured by a clock that only requests and pauses move."""

import pytest

from modest.refusals import LedgerUnavailable
from modest.store.retries import ANSWER_SECONDS, FIRST_OPERATION_SECONDS, OPERATION_SECONDS, RetryPolicy
from modest.store.table import TableFailure

BUSY = TableFailure("busy", perhaps_written=False, worth_retrying=True)


class SlowTable:
    """Takes the longest time that a request may take, and fails."""

    def __init__(self) -> None:
        self.now = 0.0

    def ask(self) -> None:
        self.now += ANSWER_SECONDS
        raise BUSY

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def retries(self) -> RetryPolicy:
        return RetryPolicy(clock=lambda: self.now, sleep=self.sleep)


def seconds_until_failure(retries: RetryPolicy, table: SlowTable, requests: int = 1) -> float:
    start = table.now
    deadline = retries.deadline()
    for _ in range(requests):
        with pytest.raises(LedgerUnavailable):
            retries.run(table.ask, deadline)
    return table.now - start


@pytest.mark.parametrize("requests", [1, 2, 5])
def test_all_requests_of_an_operation_end_before_its_deadline_and_the_first_operation_has_more_time(
    requests: int,
) -> None:
    table = SlowTable()
    retries = table.retries()
    first = seconds_until_failure(retries, table, requests)
    assert FIRST_OPERATION_SECONDS * 0.8 < first <= FIRST_OPERATION_SECONDS
    retries.run(lambda: "an answer")
    later = seconds_until_failure(retries, table, requests)
    assert OPERATION_SECONDS * 0.6 < later <= OPERATION_SECONDS


def test_a_failure_that_a_retry_cannot_mend_is_not_repeated() -> None:
    table = SlowTable()
    asked = []

    def ask() -> None:
        asked.append(1)
        raise TableFailure("no permission", perhaps_written=False, worth_retrying=False)

    with pytest.raises(LedgerUnavailable) as failure:
        table.retries().run(ask)
    assert failure.value.detail == "no permission"
    assert len(asked) == 1


def test_a_ledger_that_cannot_be_reached_says_when_to_retry() -> None:
    table = SlowTable()
    with pytest.raises(LedgerUnavailable) as failure:
        table.retries().run(table.ask)
    assert failure.value.retry_after > 0
