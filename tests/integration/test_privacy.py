"""Nothing that a client sends is written anywhere, whatever becomes of the call."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from tests.helpers.canaries import CANARY, HOST
from tests.helpers.support import ROOT, serve

from moderate.observability import Observer


@dataclass(frozen=True)
class Run:
    stdout: str
    stderr: str
    answers: list[dict[str, Any]]
    deleted: list[str]
    temporary: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("privacy")
    temporary = folder / "tmp"
    temporary.mkdir()
    # Warnings and debug messages of every library, too.
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONASYNCIODEBUG": "1", "PYTHONWARNINGS": "always"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.canaries", folder / "answers.json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads((folder / "answers.json").read_text())
    return Run(done.stdout, done.stderr, found["answers"], found["deleted"], temporary)


def test_every_kind_of_call_was_made(run: Run) -> None:
    for answer in run.answers:
        found = [answer["status"], json.loads(answer["body"] or "{}").get("code")]
        assert answer["wanted"] in (None, found), answer
    assert {answer["status"] for answer in run.answers} == {200, 204, 400, 401, 404, 405, 413, 415, 422, 500}


def test_no_canary_is_in_what_was_printed(run: Run) -> None:
    printed = run.stdout + run.stderr
    assert CANARY.casefold() not in printed.casefold()
    assert HOST.partition("//")[2] not in printed
    assert "Task exception" not in printed


def test_no_canary_is_in_an_answer(run: Run) -> None:
    for answer in run.answers:
        assert CANARY.casefold() not in answer["body"].casefold()


def test_nothing_is_left_on_a_disk(run: Run) -> None:
    assert list(run.temporary.iterdir()) == []
    assert run.deleted == []


def test_each_call_is_one_line_with_its_route_and_outcome(run: Run) -> None:
    calls = [line for line in run.lines if line.get("message") == "call"]
    assert [call["status"] for call in calls] == [answer["status"] for answer in run.answers]
    assert "internal_error" in [call.get("code") for call in calls]
    for call in calls:
        assert set(call) <= {
            *("level", "message", "timestamp", "service"),
            *("request_id", "method", "route", "status", "code", "milliseconds"),
            *("detail", "refused_images"),
        }
    judging = {
        route.path for route in serve().app.routes if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    }
    assert {call.get("route") for call in calls} == {None, "/docs/{asset}", *judging}


def test_a_fault_of_ours_is_logged_by_its_type_and_where_it_was_raised(run: Run) -> None:
    failures = [line for line in run.lines if line.get("message") == "failure"]
    assert len(failures) == 3
    for failure in failures:
        assert failure["type"] == "RuntimeError"
        assert any("pipeline.py" in frame for frame in failure["frames"])
        assert failure["request_id"]


def test_metrics_name_outcomes_and_nothing_of_the_image(run: Run) -> None:
    metrics = [line for line in run.lines if "_aws" in line]
    assert len(metrics) == len(run.answers)
    names = {metric["Name"] for line in metrics for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert names == {
        "Latency",
        "Images_safe",
        "Images_invalid_url",
        "Images_blocked_url",
        "Images_invalid_base64",
        "Images_unsupported_format",
        "Images_undecodable_image",
        "Images_fetch_failed",
        "Images_request_too_slow",
    }
    for line in metrics:
        assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


@pytest.mark.parametrize("library", ["mangum.http", "python_multipart.multipart", "asyncio"])
def test_libraries_that_quote_requests_are_silent(library: str) -> None:
    Observer()
    assert not logging.getLogger(library).isEnabledFor(logging.ERROR)
