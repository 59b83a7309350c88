"""How often the ledger asks again, by a clock that only requests move."""

import pytest

from modest.refusals import LedgerUnavailable
from modest.store.retries import ANSWER_SECONDS, FIRST_SECONDS, WARM_SECONDS, Patience
from modest.store.table import TableFailure

BUSY = TableFailure("busy", perhaps_written=False, worth_retrying=True)


class SlowTable:
    """Takes as long as it may for every request."""

    def __init__(self) -> None:
        self.now = 0.0

    def ask(self) -> None:
        self.now += ANSWER_SECONDS
        raise BUSY

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def patience(self) -> Patience:
        return Patience(clock=lambda: self.now, sleep=self.sleep)


def fail(patience: Patience, table: SlowTable, requests: int = 1) -> float:
    start = table.now
    budget = patience.budget()
    for _ in range(requests):
        with pytest.raises(LedgerUnavailable):
            budget.run(table.ask)
    return table.now - start


@pytest.mark.parametrize("requests", [1, 2, 5])
def test_all_requests_of_an_operation_end_within_its_budget(requests: int) -> None:
    table = SlowTable()
    patience = table.patience()
    assert FIRST_SECONDS * 0.8 < fail(patience, table, requests) <= FIRST_SECONDS
    patience.budget().run(lambda: "an answer")
    assert WARM_SECONDS * 0.6 < fail(patience, table, requests) <= WARM_SECONDS


def test_a_failure_that_will_stay_is_not_asked_again() -> None:
    table = SlowTable()
    asked = []

    def ask() -> None:
        asked.append(1)
        raise TableFailure("no permission", perhaps_written=False, worth_retrying=False)

    with pytest.raises(LedgerUnavailable) as failure:
        table.patience().budget().run(ask)
    assert failure.value.detail == "no permission"
    assert len(asked) == 1


def test_the_client_is_told_when_to_come_back() -> None:
    table = SlowTable()
    with pytest.raises(LedgerUnavailable) as failure:
        table.patience().budget().run(table.ask)
    assert failure.value.retry_after > 0
