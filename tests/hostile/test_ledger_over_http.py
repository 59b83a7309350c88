"""The service with its ledger, over HTTP: what the table keeps of a call, and what the document promises of it."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import httpx2
import pytest
from tests.helpers.ledgers import AWS_ENVIRONMENT, dynamodb_table, patient_retries, slow_client
from tests.helpers.waiting import wait_until
from tests.hostile import canary_requests as requests
from tests.hostile.canary_requests import JUDGED, Case
from tests.hostile.leaks import canary, kept_by, marks_in
from tests.hostile.namespace import Internet, internet
from tests.hostile.service import ADDRESS as SERVICE
from tests.hostile.service import entered, serving
from tests.hostile.test_schemathesis import FILES, check
from tests.integration.dynamodb_local.server import command, wait_for

from modest.accounts.registry import Registry
from modest.api_keys import hash_of, new_key
from modest.ledger.usage import UsageReader
from modest.months import month_of
from modest.plans import plans_from_json
from modest.store.dynamodb import DynamoDBTable
from modest.store.table import Item

PORT = 8001
PLANS = json.dumps(
    {
        name: {"quota": quota, "rate": 1000, "burst": 1000, "price_usd": 0}
        for name, quota in {"Large": 100_000, "Two": 2}.items()
    }
)
KEY, SMALL_KEY = new_key(), new_key()
ADDRESS = requests.ADDRESS
# A multipart body is another each time it is written.
CASES = [case for case in JUDGED.values() if "files" not in case]
USAGE = requests.get("/v1/usage", **{canary("name"): canary("value")})
POSTS = [case for case in CASES if case["method"] == "POST"]


@dataclass(frozen=True)
class Deployment:
    web: Internet
    table: DynamoDBTable
    engine: "Popen[str]"
    client: Any
    environment: Mapping[str, str]

    def settled(self, count: int) -> list[Item]:
        """The entries of the first account, once there are so many."""
        with entered(self.web.name):
            account = Registry(self.table, plans_from_json(PLANS)).account_named("on Large")
            books = UsageReader(self.table, retries=patient_retries())
            month = month_of(datetime.now(UTC))

            def has_settled() -> bool:
                audit = books.audit(account.id, month)
                return audit.used == audit.entries.calls >= count

            assert wait_until(has_settled)
            audit = books.audit(account.id, month)
            assert audit.holds
            assert audit.used == count
            return list(books.entries(account.id, month))

    def items(self) -> list[dict[str, Any]]:
        with entered(self.web.name):
            pages = self.client.get_paginator("scan").paginate(TableName="ledger")
            return [item for page in pages for item in page["Items"]]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    folder = tmp_path_factory.mktemp("internet")
    picture = folder / "picture.png"
    picture.write_bytes(requests.PNG)
    zone = {page.partition("/")[0]: [ADDRESS] for page in FILES} | {"pub.test": [ADDRESS]}
    files = FILES | {f"{requests.PICTURE}?{canary('query')}": picture}
    with internet(folder, zone=zone, files=files) as running:
        yield running


@pytest.fixture
def deployment(web: Internet) -> Iterator[Deployment]:
    endpoint = f"http://127.0.0.1:{PORT}"
    with web.popen(command(PORT), stdout=DEVNULL, stderr=DEVNULL) as engine:
        try:
            with entered(web.name):
                wait_for(PORT, engine)
                client = slow_client(endpoint)
                table = dynamodb_table(client)
                _enrol(table)
            settings = {
                "LEDGER_TABLE": "ledger",
                "PLANS": PLANS,
                "LEDGER_SECONDS": "10",
                "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
                "LOG_LEVEL": "DEBUG",
            }
            yield Deployment(web, table, engine, client, AWS_ENVIRONMENT | settings)
        finally:
            engine.kill()


def _enrol(table: DynamoDBTable) -> None:
    registry = Registry(table, plans_from_json(PLANS))
    for name, key in (("Large", KEY), ("Two", SMALL_KEY)):
        account = registry.create(f"on {name}", name)
        registry.add_key(account.id, hash_of(key), "their key")


def keys_file(folder: Path) -> str:
    (folder / "keys").write_text(f"{KEY}\n{SMALL_KEY}\n")
    return "keys"


def ask(client: httpx2.Client, case: Case, *, key: str = KEY, idempotency: str = "") -> httpx2.Response:
    own = {"x-api-key": key, "Idempotency-Key": f"{canary('idempotency')}{idempotency}"}
    return client.request(**{**case, "headers": requests.HEADERS | own | case.get("headers", {})})


def send(body: bytes, length: int | None, *headers: str, seconds: float = 0.05) -> None:
    """A call whose caller hangs up after so long. `length`: what it says, if it says one."""
    lines = ["POST /api/nsfw/image HTTP/1.1", "Host: modest", f"x-api-key: {KEY}", *headers]
    lines += [f"Content-Length: {length}"] if length is not None else []
    with socket.create_connection(SERVICE) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        time.sleep(seconds)


def test_nothing_that_was_sent_is_kept_in_the_table_or_anywhere_else(
    deployment: Deployment, tmp_path: Path, model_path: Path
) -> None:
    keys = keys_file(tmp_path)
    with serving(deployment.web, tmp_path, model_path, "--keys", keys, environment=deployment.environment) as service:

        def ask_all() -> list[httpx2.Response]:
            return [ask(service.client, case, idempotency=str(number)) for number, case in enumerate(CASES)]

        judged, repeated = ask_all(), ask_all()
        refused = [ask(service.client, POSTS[1], idempotency=str(CASES.index(POSTS[0])))]
        refused.append(ask(service.client, POSTS[0], idempotency=" of two words"))
        refused += [ask(service.client, POSTS[0], key=SMALL_KEY, idempotency=str(number)) for number in range(3)]
        usages = [ask(service.client, USAGE, key=key) for key in (KEY, SMALL_KEY, canary("key"), "")]
        items = deployment.items()
        deployment.engine.kill()
        refused.append(ask(service.client, POSTS[0], idempotency="new"))
        kept = kept_by(service.process.pid, [service.stdout, service.stderr])
        printed = service.stdout.read_text() + service.stderr.read_text()

    assert {answer.status_code for answer in judged + repeated} == {200}
    replayed = [answer for answer in repeated if "idempotency-replayed" in answer.headers]
    assert len(replayed) == len(POSTS) > 3
    assert [answer.json().get("code") for answer in refused] == [
        "idempotency_mismatch",
        "invalid_request",
        None,
        None,
        "quota_exceeded",
        "ledger_unavailable",
    ]
    assert [usage.status_code for usage in usages] == [200, 200, 401, 401]
    stored = repr(items).encode()
    assert b"idempotency#" in stored
    assert kept == {}
    assert marks_in(stored) == []
    sealed = [each["B"] for item in items for each in item.get("sealed_sha256", {"L": []})["L"]]
    assert sealed
    assert sha256(requests.PNG).digest() not in sealed
    for told in (stored.decode(), printed):
        assert KEY not in told
        assert ADDRESS not in told
    for answer in judged + repeated + refused + usages:
        assert marks_in(answer.content + json.dumps(dict(answer.headers)).encode()) == []


def test_calls_that_are_cut_off_or_abandoned_are_counted_and_no_fault_of_ours(
    deployment: Deployment, tmp_path: Path, model_path: Path
) -> None:
    keys = keys_file(tmp_path)
    whole = json.dumps({"imageDataUrl": requests.DATA_URL}).encode()
    with serving(deployment.web, tmp_path, model_path, "--keys", keys, environment=deployment.environment) as service:
        with entered(deployment.web.name):
            for named in ((), ("Idempotency-Key: cut",)):
                send(whole[:20], len(whole), *named)
            send(b"zz\r\n", None, "Transfer-Encoding: chunked", "Idempotency-Key: unreadable")
        cut = deployment.settled(3)
        # A service that has not read the call before its caller hangs up takes it for cut off.
        for number, seconds in enumerate((0.05, 0.5, 5, 50)):
            with entered(deployment.web.name):
                send(whole, len(whole), f"Idempotency-Key: abandoned{number}", seconds=seconds)
            abandoned = deployment.settled(4 + number)[-1]
            if abandoned["outcome"] == "ok":
                break
        own = {"x-api-key": KEY, "Idempotency-Key": f"abandoned{number}"}
        repeated = service.client.post("/api/nsfw/image", content=whole, headers=own)
        printed = service.stdout.read_text() + service.stderr.read_text()
    assert [(entry["outcome"], entry["images"]) for entry in cut] == [("invalid_request", 0)] * 3
    assert (abandoned["outcome"], abandoned["images"]) == ("ok", 1)
    assert repeated.headers["idempotency-replayed"] == "true"
    assert "ERROR" not in printed


def test_of_twenty_equal_calls_at_once_with_one_idempotency_key_one_is_charged(
    deployment: Deployment, tmp_path: Path, model_path: Path
) -> None:
    keys = keys_file(tmp_path)
    with serving(deployment.web, tmp_path, model_path, "--keys", keys, environment=deployment.environment) as service:
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: ask(service.client, JUDGED["urls"]), range(20)))
        entries = deployment.settled(1)
    judged = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in judged}) == 1
    assert [entry["images"] for entry in entries] == [1]


def test_every_answer_is_one_that_the_document_promises(
    deployment: Deployment, tmp_path: Path, model_path: Path
) -> None:
    keys = keys_file(tmp_path)
    with serving(deployment.web, tmp_path, model_path, "--keys", keys, environment=deployment.environment) as service:
        assert "/v1/usage" in service.client.get("/openapi.json").json()["paths"]
        run = check(deployment.web, tmp_path, KEY)
    print(run.stdout)
    assert run.returncode == 0
