"""`modest accounts`, `rate`, `usage`, `invoice` and `doctor` at the shell, against the running local gateway."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from PIL import Image
from tests.helpers.ledgers import environment
from tests.helpers.local_gateway import LocalGateway
from tests.helpers.support import data_url, mosaic
from tests.integration.test_account_policy import CALLS, is_flagged

from modest.accounts.records import account_item_key
from modest.months import month_before, month_of
from modest.store.dynamodb import DynamoDBTable, make_client
from modest.store.table import Update
from modest_cli import aws
from modest_cli.deployment import Deployment

MONTH = month_of(datetime.now(UTC))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    with LocalGateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def customer(gateway: LocalGateway) -> str:
    """On Mega with a discount of 10 percent; two of its images were judged, one of them charged."""
    key = answer(gateway, "keys", "create", "=acme", "--plan", "mega")["key"]
    answer(gateway, "accounts", "set", "=acme", "--discount", "10", "--referrer", "a friend")
    with gateway.client(key) as client:
        assert client.post("/api/nsfw/image", json={"imageDataUrl": data_url(mosaic("porn.png"))}).status_code == 200
        headers = {"content-type": "image/png"}
        assert client.post("/v1/check", content=mosaic("porn.png"), headers=headers).status_code == 200
    return "=acme"


def answer(gateway: LocalGateway, *arguments: str) -> Any:
    result = gateway.modest(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


def test_an_account_is_charged_in_xno_once_there_is_a_rate(gateway: LocalGateway) -> None:
    refused = gateway.modest("accounts", "set", "demo-pro", "--currency", "XNO")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "rate of XNO" in refused.stderr
    assert gateway.modest("rate").exit_code == 1
    assert answer(gateway, "rate", "0.87") == answer(gateway, "rate")
    assert answer(gateway, "accounts", "set", "demo-pro", "--currency", "XNO")["currency"] == "XNO"
    (invoice,) = json.loads(gateway.modest("invoice", MONTH, "--format", "json", "--account", "demo-pro").stdout)
    assert invoice["bills"][0]["due"] == "42.528735632"
    assert invoice["rate"]["usd"] == "0.87"


def test_accounts_are_listed_with_their_terms(gateway: LocalGateway, customer: str) -> None:
    listed = {account["name"]: account for account in answer(gateway, "accounts", "list")}
    assert {customer, "demo-free"} <= listed.keys()
    assert listed[customer] == answer(gateway, "accounts", "show", customer)
    assert (listed[customer]["discount_percent"], listed[customer]["referrer"]) == ("10", "a friend")
    assert "10%" in gateway.modest("accounts", "list").stdout


def flags(gateway: LocalGateway, key: str, **more: object) -> set[bool]:
    """What each dialect says of a white picture."""
    with gateway.client(key) as client:
        return {is_flagged(name, client.post(path, json=fields | more)) for name, (path, fields) in CALLS.items()}


@contextmanager
def deployment_of(gateway: LocalGateway) -> Iterator[Deployment]:
    with environment(gateway.aws_environment):
        yield aws.load_deployment(aws.DEFAULT_STACK)


def test_an_account_s_policy_judges_its_calls_from_the_next_one_on_until_it_is_taken_back(
    gateway: LocalGateway,
) -> None:
    created = answer(gateway, "keys", "create", "careful", "--plan", "mega")
    key, change = created["key"], ("accounts", "set", "careful")
    limits = ("--class-limit", "neutral=0.001", "--class-limit", "drawing=0.001")
    cuts = ("--questionable-from", "0.2", "--nsfw-from", "0.5")
    shown = answer(gateway, *change, "--policy", "strict", *cuts, *limits)["policy"]
    assert shown.pop("policy") == "strict"
    assert shown == {
        "questionable_from": 0.2,
        "nsfw_from": 0.5,
        "class_limits": {"neutral": 0.001, "drawing": 0.001},
    }
    assert flags(gateway, key) == {True}
    assert flags(gateway, key, policy="lenient") == {False}
    with gateway.client(key) as client:
        assert client.get("/v1/usage").json()["data"]["policy"] == {"name": "strict", **shown}

    one_cut = gateway.modest(*change, "--nsfw-from", "default")
    assert (one_cut.exit_code, one_cut.stdout) == (1, "")
    assert "both questionable_from and nsfw_from" in one_cut.stderr
    with deployment_of(gateway) as deployment:
        entries = list(aws.open_usage_reader(deployment).entries(created["account"], MONTH))
        table = DynamoDBTable(make_client(connect_seconds=5, answer_seconds=10), deployment.table)
        table.update(Update(account_item_key(created["account"]), set={"policy": {"nsfw_form": Decimal("0.1")}}))
    kept = [(entry["judged_by"]["policy"], float(entry["judged_by"]["nsfw_from"])) for entry in entries]
    assert sorted(kept) == [("lenient", 0.6)] * 4 + [("strict", 0.5)] * 4
    assert "invalid: it has nsfw_form" in gateway.modest("accounts", "list").stdout
    back = ("--policy", "default", "--questionable-from", "default", "--nsfw-from", "default")
    assert answer(gateway, *change, *back, "--class-limit", "default")["policy"] == {}
    assert flags(gateway, key) == {False}


def test_usage_counts_calls_images_and_money(gateway: LocalGateway, customer: str) -> None:
    (usage,) = answer(gateway, "usage", "--account", customer)
    assert usage["calls"] == {"used": 2, "limit": 1_400_000, "settled": 2}
    assert (usage["images"], usage["charges"], list(usage["days"].values())) == (2, {"USD": "0.001350"}, [2])
    table = gateway.modest("usage").stdout
    assert "demo-free" in table
    (row,) = (line.split() for line in table.splitlines() if line.startswith(customer))
    assert row == [customer, "Mega", "2", "1,400,000", "0.0%", "2", "0.001350", "USD"]
    with_days = gateway.modest("usage", "--account", customer).stdout
    assert any(line.split() == [day, "2"] for day in usage["days"] for line in with_days.splitlines())


def test_an_audit_adds_up_every_entry_and_a_call_shows_by_what_and_which_bytes_were_judged(
    gateway: LocalGateway, customer: str
) -> None:
    (found,) = answer(gateway, "audit", MONTH, "--account", customer)
    assert (found["adds_up"], found["wrong_link"], found["late"]) == (True, None, [])
    assert found["calls"] == {"admitted": 2, "settled": 2, "counted": 2}
    assert f"{customer}: the books add up (calls: 2, images: 2" in gateway.modest("audit", MONTH).stdout
    with deployment_of(gateway) as deployment:
        first, _ = aws.open_usage_reader(deployment).entries(found["account"], MONTH)
    shown = answer(gateway, "call", MONTH, customer, first["request"].rpartition(".")[0])
    assert (shown["outcome"], shown["policy"], shown["nsfw_from"]) == ("ok", "balanced", 0.6)
    assert [len(digest) for digest in shown["sha256"]] == [64] * shown["images"]
    none = gateway.modest("call", MONTH, customer, "nothing")
    assert (none.exit_code, "has no settled call nothing" in none.stderr) == (1, True)


@pytest.mark.parametrize("name", ["$a_b$", "\u6570\u636e"])
def test_usage_is_drawn_as_a_picture_whatever_the_name(gateway: LocalGateway, name: str, tmp_path: Path) -> None:
    answer(gateway, "keys", "create", name, "--plan", "free")
    file = tmp_path / "calls.png"
    drawn = gateway.modest("usage", "--account", name, "--plot", str(file))
    assert (drawn.exit_code, drawn.stderr.strip()) == (0, f"Wrote {file}")
    with Image.open(file) as picture:
        assert picture.format == "PNG"


def test_an_invoice_of_the_present_month_is_preliminary_and_takes_the_discount_off_the_fee(
    gateway: LocalGateway, customer: str
) -> None:
    result = gateway.modest("invoice", MONTH)
    assert "Preliminary" in result.stderr
    rows = {row["name"]: row for row in read_csv(result.stdout_bytes)}
    row = rows[f"'{customer}"]
    assert (row["plan_fee"], row["image_charges"], row["due"]) == ("84.600000", "0.001350", "84.60")
    assert row["preliminary"] == "true"
    assert rows["demo-free"]["due"] == "0.00"


@contextmanager
def on_a_plan_of_unknown_price(gateway: LocalGateway, name: str) -> Iterator[None]:
    """As an account was written before prices were kept in it, on a plan that went since."""
    account_id = answer(gateway, "accounts", "show", name)["account"]
    with environment(gateway.aws_environment):
        found = aws.load_deployment(aws.DEFAULT_STACK)
        table = DynamoDBTable(make_client(connect_seconds=5, answer_seconds=10), found.table)
    key = account_item_key(account_id)
    item = table.read([key])[key]
    table.update(Update(key, set={"plans": [{"plan": "Gold", "since": item["plans"][0]["since"]}]}))
    yield
    table.update(Update(key, set={"plans": item["plans"]}))


def test_one_account_whose_price_is_not_known_is_named_after_the_others_invoices(
    gateway: LocalGateway, customer: str
) -> None:
    with on_a_plan_of_unknown_price(gateway, "demo-basic"):
        everybody = gateway.modest("invoice", MONTH)
        alone = gateway.modest("invoice", MONTH, "--account", "demo-basic")
    names = {row["name"] for row in read_csv(everybody.stdout_bytes)}
    assert {f"'{customer}", "demo-free"} <= names
    assert "demo-basic" not in names
    assert (everybody.exit_code, alone.exit_code, alone.stdout) == (1, 1, "")
    for told in (everybody.stderr, alone.stderr):
        assert f"Not invoiced: demo-basic was on Gold in {MONTH}" in told


def test_invoices_are_written_to_a_file_or_into_a_folder(gateway: LocalGateway, customer: str, tmp_path: Path) -> None:
    for output in (tmp_path / "all.html", tmp_path / "folder"):
        assert gateway.modest("invoice", MONTH, "--format", "html", "--output", str(output)).exit_code == 0
    one = gateway.modest("invoice", MONTH, "--format", "json", "--account", customer, "--output", str(tmp_path))
    assert one.exit_code == 0
    (number,) = (invoice["invoice"] for invoice in json.loads(next(tmp_path.glob("*-acct_*.json")).read_text()))
    assert {file.name for file in tmp_path.glob("*.*")} == {"all.html", f"{number}.json"}
    pages = {file.name: file.read_text() for file in (tmp_path / "folder").iterdir()}
    assert {name.rpartition("-acct_")[0] for name in pages} >= {f"{MONTH}-{one}" for one in ("acme", "demo-basic")}
    assert all(text.count("<article>") == 1 for text in pages.values())
    assert (tmp_path / "all.html").read_text().count("<article>") == len(pages)


def test_a_folder_gets_one_file_for_each_account_that_owes_and_the_others_are_counted(
    gateway: LocalGateway, tmp_path: Path
) -> None:
    written = gateway.modest("invoice", MONTH, "--format", "html", "--output", str(tmp_path))
    owes_nothing = gateway.modest(
        "invoice", MONTH, "--format", "html", "--account", "demo-free", "--output", str(tmp_path / "free")
    )
    assert written.stderr.count("Wrote ") == len(list(tmp_path.iterdir()))
    assert (owes_nothing.exit_code, (tmp_path / "free").exists()) == (0, False)
    assert "because nothing is due: 1" in owes_nothing.stderr


def test_a_csv_file_opens_in_excel(gateway: LocalGateway, tmp_path: Path) -> None:
    answer(gateway, "keys", "create", "Jörg", "--plan", "basic")
    printed = gateway.modest("invoice", MONTH, "--account", "Jörg").stdout_bytes
    gateway.modest("invoice", MONTH, "--account", "Jörg", "--output", str(tmp_path / "one.csv"))
    assert printed == (tmp_path / "one.csv").read_bytes()
    assert printed.startswith(b"\xef\xbb\xbfinvoice,")
    assert [row["name"] for row in read_csv(printed)] == ["Jörg"]


def test_the_issuer_of_a_file_and_the_address_of_an_account_are_on_its_invoice(
    gateway: LocalGateway, tmp_path: Path
) -> None:
    page = ("invoice", MONTH, "--format", "html", "--account", "demo-mega")
    before = gateway.modest(*page)
    assert "No issuer is set, so each invoice lacks its issuer's name" in before.stderr
    assert "without an address: 1" in before.stderr
    assert "This invoice cannot be sent yet" in before.stdout
    unset = gateway.modest("issuer", "show")
    assert (unset.exit_code, unset.stdout, "modest issuer example" in unset.stderr) == (1, "", True)

    file = tmp_path / "issuer.toml"
    file.write_bytes(gateway.modest("issuer", "example").stdout_bytes)
    issuer = answer(gateway, "issuer", "set", str(file))
    assert answer(gateway, "issuer", "show") == issuer
    shown = gateway.modest("issuer", "show")
    assert ("VAT ID GB123456789" in shown.stdout, shown.stderr) == (True, "")
    # An address has lines.
    assert "\\n" not in shown.stdout
    lines = ("--bill-to", "Müller & Söhne", "--bill-to", "Hauptstraße 1")
    assert answer(gateway, "accounts", "set", "demo-mega", *lines)["bill_to"] == "Müller & Söhne\nHauptstraße 1"
    assert "Hauptstraße 1" in gateway.modest("accounts", "show", "demo-mega").stdout
    after = gateway.modest(*page)
    assert (after.exit_code, after.stderr) == (0, f"Preliminary: {MONTH} is not over.\n")
    assert all(text in after.stdout for text in ("Example Ltd", "Müller &amp; Söhne", "Hauptstraße 1"))
    assert answer(gateway, "accounts", "set", "demo-mega", "--discount", "0")["bill_to"]
    assert answer(gateway, "accounts", "set", "demo-mega", "--bill-to", "")["bill_to"] == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"\xff", "It is not UTF-8 text."),
        (b"name = 1", "name must be text in quotes."),
        (b"\x00", "It is not valid TOML"),
        (b"#" * 100_000, "It has more than 16,384 bytes."),
    ],
)
def test_a_file_that_is_no_issuers_is_refused_in_one_line_and_the_issuer_stays(
    gateway: LocalGateway, tmp_path: Path, content: bytes | None, words: str
) -> None:
    before = gateway.modest("issuer", "show", "--json").stdout
    file = tmp_path / "issuer.toml"
    if content is not None:
        file.write_bytes(content)
    result = gateway.modest("issuer", "set", str(file))
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert words in result.stderr
    assert gateway.modest("issuer", "show", "--json").stdout == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["invoice", "2999-01"], "2999-01 has not begun"),
        (["invoice", month_before(MONTH), "--account", "demo-free"], "had no plan in"),
        (["usage", "--month", month_before(MONTH), "--account", "demo-free"], "had no plan in"),
        (["invoice", MONTH, "--output", "/dev/null/invoices.csv"], "cannot be written"),
        (["usage", "--plot", "/nowhere/calls.png"], "cannot be written"),
        (["accounts", "set", "demo-free", "--discount", "101"], "a percentage from 0 to 100"),
        (["accounts", "set", "demo-free", "--bill-to", "a\x1bb"], "the billing address contains the character U+001B"),
        (["accounts", "set", "demo-free", *("--bill-to", "x") * 9], "the billing address has 9 lines; it may have 8"),
        (["issuer", "set", "/dev/null"], "/dev/null is not a file"),
        (["issuer", "set", "/dev"], "/dev is not a file"),
        (["accounts", "set", "demo-free", "--discount=-1"], "a percentage from 0 to 100"),
        (["rate", "0"], "from 0.001 to 100,000 dollars"),
        (["rate", "0.0009"], "from 0.001 to 100,000 dollars"),
        (["rate", "100001"], "from 0.001 to 100,000 dollars"),
        (["usage", "--month", "2999-01"], "2999-01 has not begun"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(gateway: LocalGateway, arguments: list[str], words: str) -> None:
    result = gateway.modest(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["invoice", "2026-13"], ["usage", "--month", "x"], ["rate", "NaN"]])
def test_what_is_no_month_or_number_is_a_mistake_in_the_command(gateway: LocalGateway, arguments: list[str]) -> None:
    result = gateway.modest(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_doctor_finds_a_key_that_was_deleted_by_hand_and_puts_it_back(gateway: LocalGateway, customer: str) -> None:
    healthy = gateway.modest("doctor")
    assert (healthy.exit_code, healthy.stderr) == (0, "")
    assert f"the books of {month_before(MONTH)} add up" in healthy.stdout
    with environment(gateway.aws_environment):
        client = boto3.session.Session().client("apigateway")
    (key,) = client.get_api_keys(nameQuery=customer)["items"]
    client.delete_api_key(apiKey=key["id"])
    found = gateway.modest("doctor")
    assert (found.exit_code, found.stdout.count("\n")) == (1, 1)
    assert "is not in API Gateway" in found.stdout
    repaired = gateway.modest("doctor", "--repair", "--json")
    assert repaired.exit_code == 0
    assert [(finding["kind"], finding["repaired"]) for finding in json.loads(repaired.stdout)] == [("missing", True)]
    assert answer(gateway, "doctor") == []


def test_an_endpoint_that_is_not_aws_is_told_from_one_that_is_down(gateway: LocalGateway) -> None:
    gateway_environment = gateway.aws_environment
    gateway.aws_environment = gateway_environment | {"AWS_ENDPOINT_URL": gateway.url}
    result = gateway.modest("plans")
    gateway.aws_environment = gateway_environment
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The endpoint that answered is not AWS" in result.stderr


def test_a_month_without_accounts_is_said_to_have_none(gateway: LocalGateway, tmp_path: Path) -> None:
    empty = month_before(MONTH)
    for arguments in (("usage", "--month", empty), ("invoice", empty, "--format", "html", "--output", str(tmp_path))):
        result = gateway.modest(*arguments)
        assert (result.exit_code, f"No account had a plan in {empty}" in result.stderr) == (0, True)
    assert not list(tmp_path.iterdir())


def test_the_capacity_of_a_stack_is_calculated_by_its_plans(gateway: LocalGateway) -> None:
    """Quotas are not emulated, so AWS's defaults are taken, and it says so."""
    found = answer(gateway, "capacity", "--stack", "modest")
    assert found["limits"][0]["according_to"] == "stack modest"
    assert "do not allow GetServiceQuota" in found["sentences"][-1]
    refused = gateway.modest("capacity", "--stack", "another")
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "There is no stack another" in refused.stderr
