"""The measurement of a large month, in small."""

from pathlib import Path

from tests.load.ledger_scale import MAX_REQUESTS, measure_large_month


def test_a_month_that_is_written_into_the_engines_database_is_counted_and_has_an_invoice(tmp_path: Path) -> None:
    assert measure_large_month(tmp_path, calls=1_000).requests <= MAX_REQUESTS
