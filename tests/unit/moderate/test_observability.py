import json
from typing import Any

import pytest

from moderate.observability import Observer


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_dead_decoder_is_an_error_in_the_log_and_a_count_in_the_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    observer = Observer()
    observer.decoder_deaths(["killed by signal 11", "did not answer in time"])
    observer.call({"request_id": "r"}, milliseconds=1)
    first, second, _, metrics = lines(capsys)
    assert (first["level"], first["message"], first["cause"]) == ("ERROR", "decoder died", "killed by signal 11")
    assert second["cause"] == "did not answer in time"
    assert metrics["DecoderDeaths"] == [2.0]
    assert metrics["service"] == "modest"
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Modest"


def test_a_call_that_lost_no_decoder_counts_none(capsys: pytest.CaptureFixture[str]) -> None:
    observer = Observer()
    observer.decoder_deaths([])
    observer.call({"request_id": "r"}, milliseconds=1)
    assert "DecoderDeaths" not in lines(capsys)[-1]
