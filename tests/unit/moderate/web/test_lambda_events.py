"""A binary body arrives as the bytes that were sent."""

import pytest
from tests.helpers.support import gateway_event

from moderate.web.lambda_events import with_bytes


@pytest.mark.parametrize("sent", [b"", b"a", b"\xff\xd8\xff\xe0" * 1001])
def test_a_binary_body_is_bytes(sent: bytes) -> None:
    event = with_bytes(gateway_event("POST", "/v1/check", body=sent))
    assert (event["body"], event["isBase64Encoded"]) == (sent, False)


@pytest.mark.parametrize("sent", [None, "", '{"url": "https://example.com/a.jpg"}'])
def test_a_text_stays_as_it_is(sent: str | None) -> None:
    event = gateway_event("POST", "/v1/check", body=sent)
    assert with_bytes(event) == event


def test_the_event_that_lambda_holds_is_not_changed() -> None:
    event = gateway_event("POST", "/v1/check", body=b"abc")
    with_bytes(event)
    assert (event["body"], event["isBase64Encoded"]) == ("YWJj", True)
