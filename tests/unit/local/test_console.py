import logging
from collections.abc import Mapping

import pytest

from modest_local.console import ConsoleFormatter
from modest_local.main import parse_options


def line(message: str, facts: Mapping[str, object]) -> str:
    record = logging.makeLogRecord({"msg": message, "levelname": "ERROR", **facts})
    _clock, _, rest = ConsoleFormatter().format(record).partition(" ")
    return " ".join(rest.split())


def test_a_call_is_one_line_without_json() -> None:
    facts: dict[str, object] = {
        "request_id": "1",
        "method": "POST",
        "route": "/v1/check",
        "status": 200,
        "milliseconds": 20.1,
    }
    assert line("call", facts) == "POST /v1/check 200 20.1 ms"


def test_a_refused_call_says_why() -> None:
    facts: dict[str, object] = {"method": "GET", "route": None, "status": 404, "milliseconds": 0.5, "code": "not_found"}
    assert line("call", facts) == "GET (no such route) 404 0.5 ms not_found"
    refused = [{"code": "undecodable_image", "detail": "no end"}, {"code": "blocked_url", "detail": ""}]
    facts = {
        "method": "POST",
        "route": "/api/nsfw/image",
        "status": 200,
        "milliseconds": 1.0,
        "refused_images": refused,
    }
    assert line("call", facts) == "POST /api/nsfw/image 200 1.0 ms undecodable_image: no end blocked_url"


def test_what_is_not_a_call_keeps_its_level_and_facts() -> None:
    assert line("decoder died", {"cause": "signal 9"}) == "ERROR decoder died cause=signal 9"


@pytest.mark.parametrize("text", ["99999", "65535", "0", "-1", "", "http", "1e3", "٣"])
def test_a_port_that_cannot_be_used_is_refused_in_a_sentence(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options(["--port", text])
    assert "Choose one from 1 to 65534" in capsys.readouterr().err
