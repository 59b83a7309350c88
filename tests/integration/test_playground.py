import base64
import hashlib
import re

import pytest
from starlette.testclient import TestClient
from tests.helpers.support import serve

from moderate.verdict import Cuts, Policy


@pytest.fixture
def page() -> str:
    response = serve(cuts=Cuts(0.25, 0.75)).client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response.text


def test_it_needs_no_key_and_no_second_request(page: str) -> None:
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"(?!data:)", page)
    assert len(page.encode()) < 60_000


def test_it_names_no_other_host_but_the_example(page: str) -> None:
    assert set(re.findall(r"https?://([^/'\"\s<]+)", page)) == {"example.com"}


def test_browsers_let_it_run_only_its_own_code_and_call_only_this_service(page: str) -> None:
    header = serve(cuts=Cuts(0.25, 0.75)).client.get("/").headers["content-security-policy"]
    allowed = dict(rule.split(" ", 1) for rule in header.split("; "))
    assert allowed["default-src"] == "'none'"
    assert allowed["connect-src"] == "'self'"
    assert allowed["script-src"] == _hash_of(re.findall(r"<script>(.*?)</script>", page, re.DOTALL))
    assert allowed["style-src"] == _hash_of(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))


def _hash_of(texts: list[str]) -> str:
    (text,) = texts
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_its_cuts_are_the_operators(page: str) -> None:
    assert '"cuts": {"questionable": 0.25, "nsfw": 0.75}' in page


def test_its_policies_are_the_ones_there_are(page: str) -> None:
    (options,) = re.findall(r'<select id="policy">(.*?)</select>', page, re.DOTALL)
    assert re.findall(r'value="([^"]*)"', options) == ["", *Policy]


def test_every_control_has_a_label(page: str) -> None:
    controls = re.findall(r"<(?:input|select)[^>]*\sid=\"([^\"]+)\"([^>]*)", page)
    unlabelled = [
        name
        for name, rest in controls
        if "hidden" not in rest and "aria-label" not in rest and f'for="{name}"' not in page
    ]
    assert unlabelled == []


def test_it_works_under_a_stage(page: str) -> None:
    client: TestClient = serve().client
    assert client.get("/").status_code == 200
    assert "location.pathname" in page
    assert 'href="/' not in page
