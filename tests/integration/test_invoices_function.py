"""The function that writes last month's invoices, on moto's DynamoDB and S3."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from tests.fakes.clock import Clock
from tests.helpers.ledgers import (
    AWS_ENVIRONMENT,
    PLANS,
    Customer,
    Shop,
    admitted,
    dynamodb_table,
    environment,
    request_id,
    slow_client,
)

from invoices.main import MonthNotOver, NotInvoiced, handler
from modest.accounts.records import account_item_key
from modest.api_keys import hash_of
from modest.billing.issuer import EXAMPLE, IssuerStore, parse_issuer
from modest.money import Currency
from modest.months import month_before, month_of, month_start
from modest.prices import by_the_image
from modest.store.table import Update

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

PRESENT = month_of(datetime.now(UTC))
LAST = month_before(PRESENT)
BEFORE = month_before(LAST)
BUCKET = "invoices"
ISSUER = parse_issuer(EXAMPLE.encode())
SETTINGS = {
    "LEDGER_TABLE": "ledger",
    "INVOICE_BUCKET": BUCKET,
    "PLANS": json.dumps(
        {
            plan.name: {
                "quota": plan.quota,
                "rate": plan.rate,
                "burst": plan.burst,
                "price_usd": int(plan.price_usd),
            }
            for plan in PLANS.values()
        }
    ),
}
A_SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


@dataclass(frozen=True)
class World:
    shop: Shop
    s3: "S3Client"

    def buy_images(self, customer: Customer, images: int) -> None:
        admission = admitted(self.shop.ledger().admit(customer.key_hash, request_id()))
        self.shop.ledger().settle(admission, "ok", by_the_image(images, admission.terms))

    def forget_price(self, customer: Customer) -> None:
        """As an account was written before prices were kept in it."""
        (item,) = self.shop.read(account_item_key(customer.account_id))
        plans = [{"plan": held["plan"], "since": held["since"]} for held in item["plans"]]
        self.shop.table.update(Update(account_item_key(customer.account_id), set={"plans": plans}))

    def objects(self) -> dict[str, str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {
            entry["Key"]: self.s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read().decode("utf-8-sig")
            for entry in listed
        }

    def versions(self) -> int:
        return len(self.s3.list_object_versions(Bucket=BUCKET)["Versions"])

    def billed(self, month: str = LAST) -> dict[str, list[dict[str, Any]]]:
        return {
            invoice["account"]: invoice["bills"] for invoice in json.loads(self.objects()[f"{month}/invoices.json"])
        }


@pytest.fixture
def world() -> Iterator[World]:
    """In the middle of last month, as the shop's clock has it."""
    with mock_aws(), environment(AWS_ENVIRONMENT | SETTINGS):
        s3 = boto3.session.Session().client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        clock = Clock()
        clock.now = month_start(LAST) + timedelta(days=14)
        yield World(Shop(dynamodb_table(slow_client()), clock), s3)


def test_the_schedule_writes_last_months_invoices_in_three_forms_and_a_page_for_each_account(world: World) -> None:
    customer = world.shop.customer("Large")
    world.shop.customer("Ten")
    world.buy_images(customer, 3)
    outcome = handler(A_SCHEDULE, None)
    assert outcome["objects"] == dict.fromkeys(
        (f"{LAST}/invoices.csv", f"{LAST}/invoices.json", f"{LAST}/invoices.html"), "written"
    )
    objects = world.objects()
    (page,) = set(objects) - set(outcome["objects"])
    assert page.startswith(f"{LAST}/{LAST}-customer-")
    assert page.endswith(f"-{customer.account_id}.html")
    assert objects[page].count("<article>") == 1
    assert (outcome["pages"], outcome["invoices"]) == ({"written": 1}, 2)
    row, free = sorted(
        csv.DictReader(StringIO(objects[f"{LAST}/invoices.csv"])), key=lambda row: row["due"], reverse=True
    )
    assert free["due"] == "0.00"
    assert (row["account"], row["plan_fee"], row["image_charges"], row["due"]) == (
        customer.account_id,
        "94.000000",
        "0.004500",
        "94.00",
    )
    assert row["preliminary"] == "false"
    assert "<article>" in objects[f"{LAST}/invoices.html"]


def test_running_it_twice_writes_the_same_objects_once(world: World) -> None:
    world.shop.customer("Large")
    handler(A_SCHEDULE, None)
    objects = world.objects()
    again = handler(A_SCHEDULE, None)
    assert (set(again["objects"].values()), again["pages"]) == ({"already exists"}, {"already exists": 1})
    assert (world.objects(), world.versions()) == (objects, 4)


def test_every_invoice_carries_the_issuer_and_keeps_its_number_and_dates(world: World) -> None:
    customer = world.shop.customer("Large")
    world.shop.registry.change(customer.account_id, bill_to="Jörg Müßig\nHauptstraße 1")
    issuers = IssuerStore(world.shop.table)
    issuers.write(ISSUER)
    assert "warning" not in handler(A_SCHEDULE, None)
    issuers.write(replace(ISSUER, name="Another Ltd", payment_days=0))
    handler(A_SCHEDULE, None)
    (found,) = json.loads(world.objects()[f"{LAST}/invoices.json"])
    assert (found["issuer"]["name"], found["bill_to"]) == ("Example Ltd", "Jörg Müßig\nHauptstraße 1")
    assert (found["invoice"], found["date"]) == (f"{LAST}-{customer.account_id}", f"{PRESENT}-01")
    assert found["due_date"] == f"{PRESENT}-15"
    assert all("Jörg Müßig" in text for key, text in world.objects().items() if not key.endswith(".json"))


def test_without_an_issuer_invoices_are_written_and_the_log_says_what_they_lack(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.shop.customer("Large")
    outcome = handler(A_SCHEDULE, None)
    assert "No issuer is set" in outcome["warning"]
    assert json.loads(capsys.readouterr().out) == outcome
    assert "This invoice cannot be sent yet" in world.objects()[f"{LAST}/invoices.html"]


def test_names_that_no_file_can_have_are_written_as_pages_of_their_own(world: World) -> None:
    for number, name in enumerate(["..\\..\\x", "CON", "..", "=1+1", "<script>"]):
        account = world.shop.registry.create(name, "Large")
        world.shop.registry.add_key(account.id, hash_of(f"key {number}"), "main")
    assert handler(A_SCHEDULE, None)["pages"] == {"written": 5}
    pages = [key for key in world.objects() if "acct_" in key]
    assert len(pages) == 5
    assert all(re.fullmatch(rf"{LAST}/{LAST}(-[a-z0-9]+)*-acct_[0-9a-f]+\.html", key) for key in pages)


def test_what_was_written_stays_though_terms_have_changed_since(world: World) -> None:
    customer = world.shop.customer("Large")
    handler(A_SCHEDULE, None)
    billed = world.billed()
    world.shop.registry.change(customer.account_id, discount_percent=Decimal(50))
    handler(A_SCHEDULE, None)
    assert world.billed() == billed


def test_a_run_that_was_cut_off_is_finished_with_the_figures_that_it_began_with(world: World) -> None:
    customer = world.shop.customer("Large", discount_percent=Decimal("12.50"))
    handler(A_SCHEDULE, None)
    objects = world.objects()
    for key in objects.keys() - {f"{LAST}/invoices.json"}:
        world.s3.delete_object(Bucket=BUCKET, Key=key)
    world.shop.registry.change(customer.account_id, discount_percent=Decimal(50))
    outcome = handler({"month": LAST}, None)
    assert outcome["objects"] == {
        f"{LAST}/invoices.json": "already exists",
        f"{LAST}/invoices.csv": "written",
        f"{LAST}/invoices.html": "written",
    }
    assert outcome["pages"] == {"written": 1}
    assert world.objects() == objects


def test_the_record_is_written_first(world: World) -> None:
    world.shop.customer("Large")
    assert next(iter(handler(A_SCHEDULE, None)["objects"])) == f"{LAST}/invoices.json"


def test_an_account_that_an_older_record_lacks_is_named_and_the_record_stays(world: World) -> None:
    customer = world.shop.customer("Large")
    world.forget_price(customer)
    with environment({"PLANS": "{}"}), pytest.raises(NotInvoiced):
        handler(A_SCHEDULE, None)
    with pytest.raises(NotInvoiced, match="is missing from the invoices that were written earlier"):
        handler(A_SCHEDULE, None)
    assert world.billed() == {}


def test_by_hand_it_takes_any_month_that_is_over(world: World) -> None:
    world.shop.clock.now = month_start(BEFORE) + timedelta(days=1)
    early = world.shop.customer("Large")
    world.shop.clock.now = month_start(LAST) + timedelta(days=1)
    late = world.shop.customer("Ten", currency=Currency.USD)
    assert handler({"month": BEFORE}, None)["invoices"] == 1
    assert set(world.billed(BEFORE)) == {early.account_id}
    handler({"month": LAST}, None)
    assert set(world.billed()) == {early.account_id, late.account_id}


@pytest.mark.parametrize("month", [PRESENT, "2999-01"])
def test_a_month_that_is_not_over_is_refused_and_nothing_written(world: World, month: str) -> None:
    with pytest.raises(MonthNotOver, match=f"{month} is not over"):
        handler({"month": month}, None)
    assert world.objects() == {}


@pytest.mark.parametrize("month", ["october", "2026-13", "2026-1"])
def test_what_is_no_month_is_refused(world: World, month: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        handler({"month": month}, None)
    assert world.objects() == {}


def test_a_price_that_is_not_known_is_told_after_the_others_invoices_are_written(world: World) -> None:
    from_before = world.shop.customer("Large")
    world.forget_price(from_before)
    other = world.shop.customer("Large")
    nothing_sold = environment({"PLANS": "{}"})
    with nothing_sold, pytest.raises(NotInvoiced, match=f"was on Large in {LAST}.*modest invoice {LAST} --account"):
        handler(A_SCHEDULE, None)
    assert set(world.billed()) == {other.account_id}
    assert len(world.objects()) == 4


def test_a_plan_that_became_dearer_is_owed_at_the_price_for_which_it_was_taken(world: World) -> None:
    customer = world.shop.customer("Large")
    dearer = json.dumps({"Large": {"quota": 1, "rate": 1, "burst": 1, "price_usd": 1000}})
    with environment({"PLANS": dearer}):
        handler(A_SCHEDULE, None)
    assert [bill["due"] for bill in world.billed()[customer.account_id]] == ["94.00"]


def test_a_bucket_that_refuses_fails_the_run_so_that_it_is_tried_again(world: World) -> None:
    with environment({"INVOICE_BUCKET": "another"}), pytest.raises(ClientError, match="NoSuchBucket"):
        handler(A_SCHEDULE, None)
    assert world.objects() == {}


def test_without_accounts_there_are_files_without_invoices(world: World) -> None:
    assert handler(A_SCHEDULE, None)["invoices"] == 0
    assert world.billed() == {}
