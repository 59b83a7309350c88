"""The local gateway over HTTP: real functions, real plans, real time."""

import asyncio
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import httpx2
import pytest
from tests.helpers.ledgers import environment
from tests.helpers.local_gateway import LocalGateway, changed_template
from tests.helpers.support import ROOT, data_url, mosaic
from tests.helpers.waiting import HANGS_SECONDS

from modest.api_keys import hash_of, new_key
from modest.ledger.usage import UsageReader
from modest.months import month_of
from modest.store.dynamodb import DynamoDBTable, make_client
from probe.main import probe

SHOP = "https://shop.example"
KEYLESS_BURST = 10
A_TOKEN_IN_HOURS = 0.0001
FLAGGED = "of-both-models/porn.png"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    """Under a template of which Basic is easily spent, and with which one site's pages may talk.

    What Free and /llms.txt lose of their tokens comes back so late that no machine is too slow to see it.
    """
    folder = tmp_path_factory.mktemp("gateway")
    changes = {
        r"Basic: \{.*\}": "Basic: {Quota: 3, Period: MONTH, Rate: 100, Burst: 100, PriceUsd: 14}",
        r"(Free: \{.*) Rate: 1,": rf"\1 Rate: {A_TOKEN_IN_HOURS},",
        r"(~1llms\.txt, HttpMethod: GET, ThrottlingRateLimit:) [^ ,]+": rf"\1 {A_TOKEN_IN_HOURS}",
        r'(AllowedOrigin:\n    Type: String\n    Default: )""': rf"\1{SHOP}",
    }
    with LocalGateway(folder, template=changed_template(folder, changes)) as gateway:
        yield gateway


def side_by_side(gateway: LocalGateway, calls: Sequence[tuple[str, str, dict[str, Any]]]) -> list[httpx2.Response]:
    async def send() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(base_url=gateway.url, timeout=HANGS_SECONDS) as client:
            return await asyncio.gather(*(client.request(method, path, **options) for method, path, options in calls))

    return asyncio.run(send())


@pytest.mark.parametrize("header", ["x-api-key", "X-Oanor-Key", "Authorization"])
def test_each_of_the_three_headers_works_alone(gateway: LocalGateway, header: str) -> None:
    key = gateway.key("mega")
    value = f"Bearer {key}" if header == "Authorization" else key
    with gateway.client() as client:
        response = client.post(
            "/v1/classify",
            content=mosaic(FLAGGED),
            headers={header: value, "content-type": "image/png"},
        )
    assert (response.status_code, response.json()["data"]["verdict"]) == (200, "nsfw")


def test_two_headers_with_different_keys_are_401(gateway: LocalGateway) -> None:
    headers = {"x-api-key": gateway.key("mega"), "x-oanor-key": gateway.key("pro")}
    with gateway.client() as client:
        assert client.get("/v1/check", headers=headers).status_code == 401


def test_a_key_that_nobody_was_given_is_401(gateway: LocalGateway) -> None:
    with gateway.client(new_key()) as client:
        assert client.get("/v1/check").status_code == 401


@pytest.mark.parametrize("prefix", ["", "/prod"])
def test_the_suite_for_deployments_holds_here_too(gateway: LocalGateway, prefix: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/e2e/test_api.py"],
        cwd=ROOT,
        env={**os.environ, "API_URL": gateway.url + prefix, "API_KEY": gateway.key("mega")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("prefix", ["", "/prod"])
def test_nanogpts_api_answers_with_and_without_the_stage(gateway: LocalGateway, prefix: str) -> None:
    with gateway.client(gateway.key("mega")) as client:
        body = {"imageDataUrl": data_url(mosaic(FLAGGED))}
        assert client.post(f"{prefix}/api/nsfw/image", json=body).json()["is_nsfw"] is True


def test_a_free_keys_second_call_at_once_is_429_with_retry_after(gateway: LocalGateway) -> None:
    with gateway.client(gateway.key("free")) as client:
        first, second = client.get("/v1/check"), client.get("/v1/check")
    assert first.status_code == 400
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (429, "rate_limited", "1")


def test_an_exhausted_month_is_quota_exceeded_while_usage_still_answers(gateway: LocalGateway) -> None:
    with gateway.client(gateway.key("basic")) as client:
        admitted = [client.get("/v1/check").status_code for _ in range(3)]
        refused = client.get("/v1/check")
        usage = client.get("/v1/usage")
    assert admitted == [400, 400, 400]
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
    assert refused.headers["x-should-retry"] == "false"
    assert int(refused.headers["retry-after"]) > 1
    assert usage.status_code == 200
    assert {name: usage.json()["data"]["calls"][name] for name in ("used", "limit", "remaining")} == {
        "used": 3,
        "limit": 3,
        "remaining": 0,
    }


def test_keyless_routes_are_throttled_each_by_itself(gateway: LocalGateway) -> None:
    statuses = [response.status_code for response in side_by_side(gateway, [("GET", "/llms.txt", {})] * 40)]
    assert Counter(statuses) == {200: KEYLESS_BURST, 429: 40 - KEYLESS_BURST}
    with gateway.client() as client:
        assert client.get("/docs").status_code == 200


def test_calls_side_by_side_are_all_judged_and_none_is_mixed_up(gateway: LocalGateway) -> None:
    pictures = [FLAGGED, "neutral.png", "drawing.png"] * 10
    headers = {"x-api-key": gateway.key("mega"), "content-type": "image/png"}
    calls = [("POST", "/v1/classify", {"content": mosaic(picture), "headers": headers}) for picture in pictures]
    answers = [response.json() for response in side_by_side(gateway, calls)]
    assert [answer["data"]["top_class"].lower() for answer in answers] == [Path(name).stem for name in pictures]
    assert len({answer["meta"]["request_id"] for answer in answers}) == len(pictures)


def test_the_banner_calls_it_an_emulation_and_has_a_key_for_each_plan(gateway: LocalGateway) -> None:
    assert "emulation" in gateway.log
    for plan in ("free", "basic", "pro", "mega"):
        assert gateway.key(plan) in gateway.log


def test_the_calls_that_the_banner_prints_run_as_they_stand(gateway: LocalGateway) -> None:
    calls = re.findall(r"\n    ((?:printf|curl) .*(?:(?<=\|)\n.*)?)\n", gateway.log)
    answers = [
        json.loads(subprocess.run(["bash", "-c", call], cwd=ROOT, capture_output=True, check=True).stdout)
        for call in calls
    ]
    nanogpt, check, classify, usage = answers
    assert (nanogpt["is_nsfw"], check["data"]["safe"], classify["data"]["verdict"]) == (True, False, "nsfw")
    assert usage["data"]["plan"] == "Mega"


def test_the_files_that_it_writes_let_a_shell_call_the_service_and_manage_it(gateway: LocalGateway) -> None:
    (operators,) = re.findall(r"\n    source (.*)\n", gateway.log)
    clients = gateway.folder / "client.env"
    assert [stat.S_IMODE(Path(file).stat().st_mode) for file in (operators, clients)] == [0o600, 0o600]
    script = f"""
        source {clients}
        curl --silent --fail $MODEST_URL/v1/usage -H "x-api-key: $MODEST_KEY"
        test $AWS_PROFILE = production
        source {operators}
        {Path(sys.executable).parent}/modest accounts list --json
    """
    environment = os.environ | {"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "another account's"}
    ran = subprocess.run(["bash", "-ec", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert '"plan": "Mega"' in ran.stdout
    assert "demo-free" in ran.stdout


def test_counts_keys_and_customers_survive_a_restart(tmp_path: Path) -> None:
    with LocalGateway(tmp_path) as gateway:
        key = json.loads(gateway.modest("keys", "create", "acme", "--plan", "free", "--json").stdout)["key"]
        free = gateway.key("free")
        with gateway.client(key) as client:
            assert client.get("/v1/check").status_code == 400
    with LocalGateway(tmp_path) as gateway:
        assert gateway.key("free") == free
        with gateway.client(key) as client:
            assert client.get("/v1/check").status_code == 400
            assert client.get("/v1/usage").json()["data"]["calls"]["used"] == 2
    counters = sqlite3.connect(tmp_path / "months.db")
    assert counters.execute("SELECT used FROM months WHERE key = ?", (hash_of(key),)).fetchall() == [(2,)]


def test_a_killed_gateway_remembers_every_call_that_it_answered_and_its_books_add_up(tmp_path: Path) -> None:
    """It is killed three times while calls are admitted, judged and settled."""
    answered, sent = 0, 0
    for calls in (10, 30, 60):
        with LocalGateway(tmp_path) as gateway:
            statuses = statuses_until_killed(gateway, calls)
            answered, sent = answered + statuses.count(400), sent + len(statuses)
    with LocalGateway(tmp_path) as gateway:
        account = json.loads(gateway.modest("accounts", "show", "demo-mega", "--json").stdout)["account"]
        with environment(gateway.aws_environment):
            table = DynamoDBTable(make_client(connect_seconds=5, answer_seconds=10), "modest-Ledger")
        audit = UsageReader(table).audit(account, month_of(datetime.now(UTC)))
        doctor = gateway.modest("doctor")
    assert 0 < answered <= audit.entries.calls <= audit.used <= sent
    assert audit.holds
    assert (doctor.exit_code, doctor.stderr) == (0, "")


def statuses_until_killed(gateway: LocalGateway, calls: int) -> list[int]:
    """Returns the status of each call, or 0 if it got no answer. It is killed once so many were answered."""
    left = iter(range(calls))

    def call_on(_: int) -> list[int]:
        statuses: list[int] = []
        with gateway.client(gateway.key("mega")) as client:
            while not statuses or statuses[-1]:
                try:
                    statuses.append(client.get("/v1/check").status_code)
                except httpx2.TransportError:
                    statuses.append(0)
                if next(left, None) is None:
                    gateway.kill()
        return statuses

    with ThreadPoolExecutor(4) as pool:
        return [status for statuses in pool.map(call_on, range(4)) for status in statuses]


def test_a_second_gateway_on_the_same_folder_is_refused_and_the_first_goes_on(gateway: LocalGateway) -> None:
    with pytest.raises(RuntimeError, match="in use by another local gateway"), LocalGateway(gateway.folder):
        pass
    with gateway.client() as client:
        assert client.get("/health").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "[::1]", ""])
def test_a_page_whose_own_host_name_leads_here_gets_nothing(gateway: LocalGateway, host: str) -> None:
    headers = {"host": host, "x-api-key": gateway.key("mega")}
    with gateway.client() as client:
        answers = [client.get(path, headers=headers) for path in ("/", "/health", "/v1/usage", "/prod/v1/usage")]
    assert [(answer.status_code, answer.text) for answer in answers] == [(400, "Invalid host header")] * 4


def test_localhost_is_this_host(gateway: LocalGateway) -> None:
    with gateway.client() as client:
        assert client.get("/health", headers={"host": "localhost:3000"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/classify", mosaic(FLAGGED), 200),
        ("/v1/classify", b"text", 415),
        ("/v1/nowhere", b"", 404),
    ],
)
def test_a_page_of_the_allowed_origin_may_call_and_read(
    gateway: LocalGateway, path: str, body: bytes, status: int
) -> None:
    """Whoever answers, the function or API Gateway."""
    asked = {"origin": SHOP, "access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
    with gateway.client(gateway.key("mega")) as client:
        preflight = client.options("/v1/classify", headers=asked)
        answer = client.post(path, content=body, headers={"origin": SHOP, "content-type": "image/png"})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, SHOP)
    assert "x-api-key" in preflight.headers["access-control-allow-headers"]
    assert (answer.status_code, answer.headers.get_list("access-control-allow-origin")) == (status, [SHOP])
    assert "x-ratelimit-remaining" in answer.headers["access-control-expose-headers"]


def test_the_probe_is_content_with_a_service_that_judges_and_with_no_other(gateway: LocalGateway) -> None:
    probe(gateway.url, gateway.key("mega"))
    with pytest.raises(HTTPError, match="401"):
        probe(gateway.url, new_key())
    with pytest.raises(URLError):
        probe("http://127.0.0.1:1", gateway.key("mega"))
