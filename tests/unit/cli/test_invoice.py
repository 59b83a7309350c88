"""What an operator is told about invoices that the command made."""

from datetime import UTC, datetime

from modest_cli.invoice import describe_caveat

OCTOBER, DECEMBER = (datetime(2026, month, 5, tzinfo=UTC) for month in (10, 12))


def test_before_the_month_is_over_they_are_preliminary() -> None:
    assert describe_caveat("2026-10", OCTOBER, "bucket") == "Preliminary: 2026-10 is not over."


def test_after_it_they_are_not_those_that_were_issued_which_are_in_the_bucket() -> None:
    assert "s3://bucket/2026-10/" in describe_caveat("2026-10", DECEMBER, "bucket")


def test_without_a_bucket_none_were_issued_but_these() -> None:
    assert describe_caveat("2026-10", DECEMBER, None) == ""
