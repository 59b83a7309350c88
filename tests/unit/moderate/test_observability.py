"""What is logged and measured, by a process of its own: Powertools keeps the stdout that its first logger found."""

import json
import subprocess
import sys
from typing import Any


def lines_of(*statements: str) -> list[dict[str, Any]]:
    code = "\n".join(("from moderate.observability import Observer", "observer = Observer()", *statements))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_dead_decoder_is_an_error_in_the_log_and_a_count_in_the_metrics() -> None:
    first, second, _, metrics = lines_of(
        "observer.decoder_deaths(['killed by signal 11', 'did not answer in time'])",
        "observer.call({'request_id': 'r'}, milliseconds=1)",
    )
    assert (first["level"], first["message"], first["cause"]) == ("ERROR", "decoder died", "killed by signal 11")
    assert second["cause"] == "did not answer in time"
    assert metrics["DecoderDeaths"] == [2.0]
    assert metrics["service"] == "modest"
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Modest"


def test_the_metrics_carry_the_name_of_their_deployment() -> None:
    *_, metrics = lines_of(
        "Observer(level='ERROR', service_name='modest-prod').call({'request_id': 'r'}, milliseconds=1)",
    )
    assert metrics["service"] == "modest-prod"


def test_a_call_that_lost_no_decoder_counts_none() -> None:
    *_, metrics = lines_of("observer.decoder_deaths([])", "observer.call({'request_id': 'r'}, milliseconds=1)")
    assert "DecoderDeaths" not in metrics


def test_second_opinions_are_counted_and_what_they_unflag() -> None:
    *_, metrics = lines_of(
        "observer.second_opinions(asked=3, unflagged=1)", "observer.call({'request_id': 'r'}, milliseconds=1)"
    )
    assert (metrics["SecondOpinions"], metrics["UnflaggedBySecondOpinion"]) == ([3.0], [1.0])


def test_a_call_that_needs_no_second_opinion_counts_none() -> None:
    *_, metrics = lines_of(
        "observer.second_opinions(asked=0, unflagged=0)", "observer.call({'request_id': 'r'}, milliseconds=1)"
    )
    assert "SecondOpinions" not in metrics


def test_lists_that_cannot_be_read_are_logged_and_counted() -> None:
    read, failed, _, metrics = lines_of(
        "observer.lists(read={'sha256': 2}, late=3, failures=['S3 answered AccessDenied'])",
        "observer.call({'code': None}, milliseconds=1)",
    )
    assert (read["level"], read["message"], read["entries"]) == ("INFO", "lists", {"sha256": 2})
    assert (failed["level"], failed["message"]) == ("ERROR", "lists not read")
    assert failed["reason"] == "S3 answered AccessDenied"
    assert (metrics["ListChecksLate"], metrics["ListChecksFailed"]) == ([3.0], [1.0])
