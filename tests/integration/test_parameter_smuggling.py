"""One strict parameter in every place and spelling, several at once: it is obeyed or refused, never passed over."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.support import FakeClassifier, gateway_event, invoke, png, scoring, serve

URL = "https://example.com/image.png"
STRICT = 0.25
SPELLINGS = (
    *("threshold", "Threshold", "THRESHOLD", "treshold", "threshold[]", "threshold[0]", " threshold", "threshold "),
    *("thr\u0435shold", "thresho\u217cd", "\ufeffthreshold", "threshold\u200b", "threshold\x00", "nsfw_threshold"),
    *("\uff54\uff48\uff52\uff45\uff53\uff48\uff4f\uff4c\uff44", "\U0001d42d\U0001d421resh\U0001d428ld"),
)
VALUES = ("0.25", " 0.25 ", "2.5e-1", "+0.25", "\u0660.\u0662\u0665")
WHATEVER = ("0.9", "1", "", "0_1", "nan", "1e400", "-0", "x", "0.25")


@dataclass
class Sent:
    """A request in the making."""

    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def query_string(self) -> str:
        return "&".join(f"{quote(name)}={quote(value)}" for name, value in self.query)


def as_form(pairs: list[tuple[str, str]]) -> tuple[bytes, str]:
    body = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
    return body.encode(), "application/x-www-form-urlencoded"


def as_json(pairs: list[tuple[str, str]]) -> tuple[bytes, str]:
    members = ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in pairs)
    return f"{{{members}}}".encode(), "application/json"


def as_utf16_json(pairs: list[tuple[str, str]]) -> tuple[bytes, str]:
    return as_json(pairs)[0].decode().encode("utf-16-le"), "application/json; charset=utf-16"


def as_parts(*headers: str) -> Any:
    def build(pairs: list[tuple[str, str]]) -> tuple[bytes, str]:
        parts = [
            "\r\n".join(["--b", f'Content-Disposition: form-data; name="{name}"', *headers, "", value]).encode()
            for name, value in pairs
        ]
        return b"\r\n".join([*parts, b"--b--", b""]), "multipart/form-data; boundary=b"

    return build


BODIES = (
    *(as_form, as_json, as_utf16_json, as_parts(), as_parts("Content-Type: text/plain; charset=utf-8")),
    *(as_parts("Content-Transfer-Encoding: 8bit"), as_parts("Content-Transfer-Encoding: quoted-printable")),
)
pairs = st.lists(
    st.tuples(st.sampled_from(("threshold", "utm_source", "policy", "")), st.sampled_from(WHATEVER)), max_size=2
)


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """Returns a request with an image and a strict threshold, each once, and other fields around them."""
    carried: list[list[tuple[str, str]]] = [draw(pairs), draw(pairs)]
    strict = (draw(st.sampled_from(SPELLINGS)), draw(st.sampled_from(VALUES)))
    for pair in (strict, ("url", URL)):
        place = draw(st.sampled_from(carried))
        place.insert(draw(st.integers(0, len(place))), pair)
    query, in_body = carried
    body, content_type = draw(st.sampled_from(BODIES))(in_body) if in_body else (b"", "text/plain")
    lie = draw(st.sampled_from((content_type, content_type, "image/png", "text/plain", "application/json")))
    return Sent(query, {"Content-Type": lie}, body)


def assert_obeyed(status: int, body: Any) -> None:
    assert status in (200, 400, 415), body
    if status == 200:
        assert body["data"]["threshold"] == STRICT
    else:
        assert body["code"]
        assert body["meta"]["request_id"]


SERVICE = serve({URL: png()}, FakeClassifier(scoring(0.5)))


@settings(max_examples=300)
@given(requests(), st.sampled_from(("GET", "POST")))
def test_a_strict_threshold_is_obeyed_or_refused(sent: Sent, method: str) -> None:
    answer = SERVICE.client.request(method, f"/v1/check?{sent.query_string}", headers=sent.headers, content=sent.body)
    assert_obeyed(answer.status_code, answer.json())
    assert SERVICE.observer.failures == []


@settings(max_examples=100)
@given(requests(), st.sampled_from(("GET", "POST")), st.booleans())
def test_so_it_is_behind_api_gateway(sent: Sent, method: str, binary: bool) -> None:
    body = sent.body if binary else sent.body.decode(errors="replace") or None
    answer = invoke(
        SERVICE.app, gateway_event(method, "/v1/check", query=sent.query_string, headers=sent.headers, body=body)
    )
    assert_obeyed(answer["statusCode"], json.loads(answer["body"]))
    assert SERVICE.observer.failures == []
