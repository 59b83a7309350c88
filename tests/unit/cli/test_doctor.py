"""Where API Gateway and the ledger disagree: what is found, and what is left once it was repaired."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.helpers.operators import PLANS, World

from modest.api_keys import hash_of
from modest.ledger import chain
from modest.ledger.admission import Admission
from modest.ledger.usage import UsageReader
from modest.money import Currency
from modest.prices import by_the_image
from modest.store.retries import operator_retries
from modest.store.table import Put
from modest_cli.doctor import Doctor
from modest_cli.findings import Finding, Kind
from modest_cli.gateway_keys import ACCOUNT_TAG
from modest_cli.gateway_plans import GatewayPlans, PlanLimits

MONTH = "2026-11"


class Patient:
    """A deployment with one customer, and its doctor."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.issued = world.keyring.create("acme", "Pro")
        self.hash = hash_of(self.issued.secret)
        self.plans = GatewayPlans(world.client, world.plan_ids)
        self.slept: list[float] = []
        self.doctor = Doctor(
            world.keyring, world.gateway, self.plans, UsageReader(world.table), PLANS, sleep=self.slept.append
        )

    @property
    def gateway_id(self) -> str:
        return next(key.id for key in self.world.gateway.list_all() if key.hash == self.hash)

    def found(self) -> list[Finding]:
        looked = self.doctor.check_gateway(self.doctor.accounts(), self.world.clock())
        return [finding for some in looked for finding in some]

    def repaired(self) -> list[Finding]:
        found = self.found()
        assert set(self.doctor.repair(found, self.doctor.accounts())) == {finding.about for finding in found}
        return self.found()

    def book_an_image(self) -> None:
        admission = self.world.ledger.admit(self.hash, "request")
        assert isinstance(admission, Admission)
        self.world.ledger.settle(admission, "ok", by_the_image(1, admission.terms))

    def booked(self) -> list[Finding]:
        return [finding for some in self.doctor.check_books(self.doctor.accounts(), MONTH) for finding in some]


@pytest.fixture
def patient() -> Iterator[Patient]:
    with World.open() as world:
        yield Patient(world)


def missing(patient: Patient) -> None:
    patient.world.gateway.delete(patient.gateway_id)


def on_another_plan(patient: Patient) -> None:
    patient.world.gateway.assign_plan("Free", patient.gateway_id)


def on_no_plan(patient: Patient) -> None:
    plan_id = patient.world.plan_ids["Pro"]
    patient.world.client.delete_usage_plan_key(usagePlanId=plan_id, keyId=patient.gateway_id)


def disabled_there(patient: Patient) -> None:
    patient.world.gateway.set_enabled(patient.gateway_id, enabled=False)


def enabled_there(patient: Patient) -> None:
    patient.world.registry.enable_key(patient.hash, enabled=False)


def expired(patient: Patient) -> None:
    patient.world.keyring.rotate("acme", old_works_for=timedelta(hours=1))
    patient.world.clock.advance(hours=1)


def unknown(patient: Patient) -> None:
    """Under another name, so that nothing but its tag says whose it is."""
    patient.world.client.create_api_key(
        name="by hand", value="f" * 64, enabled=True, tags={ACCOUNT_TAG: patient.issued.owner.account.id}
    )


def of_no_account(patient: Patient) -> None:
    """As after a restore to a time before its account was made."""
    key = patient.world.gateway.create("acct_gone", "gone", "f" * 64)
    patient.world.gateway.assign_plan("Free", key.id)


def plan_changed(patient: Patient) -> None:
    patient.world.client.update_usage_plan(
        usagePlanId=patient.world.plan_ids["Pro"],
        patchOperations=[{"op": "replace", "path": "/throttle/rateLimit", "value": "1"}],
    )


def plan_unlimited(patient: Patient, plan: str = "Pro") -> None:
    patient.world.client.update_usage_plan(
        usagePlanId=patient.world.plan_ids[plan], patchOperations=[{"op": "remove", "path": "/quota"}]
    )


def test_a_deployment_in_which_all_agrees_has_no_finding(patient: Patient) -> None:
    assert patient.found() == []


@pytest.mark.parametrize(
    ("harm", "kind", "words"),
    [
        (missing, Kind.MISSING, "is not in API Gateway, so calls with it are answered with 401"),
        (
            on_another_plan,
            Kind.WRONG_PLAN,
            "is on Free in API Gateway but on Pro in the ledger, so the limits of the wrong plan apply",
        ),
        (
            on_no_plan,
            Kind.WRONG_PLAN,
            "is on no plan in API Gateway but on Pro in the ledger, so calls with it are answered with 401",
        ),
        (disabled_there, Kind.DISABLED_AT_GATEWAY, "is disabled only in API Gateway"),
        (enabled_there, Kind.ENABLED_AT_GATEWAY, "is disabled only in the ledger"),
        (expired, Kind.EXPIRED, "expired on 2026-11-23 but still exists"),
        (unknown, Kind.UNKNOWN, "is in API Gateway but not in the ledger"),
        (
            of_no_account,
            Kind.UNKNOWN,
            "gone: key ffffffffffff is in API Gateway, but neither the key nor its account is in the ledger",
        ),
        (plan_changed, Kind.PLAN_DIFFERS, "API Gateway has quota 9, rate 1, burst 20; the template has quota 9"),
        (plan_unlimited, Kind.PLAN_DIFFERS, "API Gateway has quota unlimited, rate 20"),
    ],
)
def test_each_disagreement_is_found_told_and_repaired(
    patient: Patient, harm: Callable[[Patient], None], kind: Kind, words: str
) -> None:
    harm(patient)
    (finding,) = patient.found()
    assert finding.kind is kind
    assert words in finding.problem
    assert "modest doctor --repair" in finding.remedy
    assert patient.repaired() == []


def test_what_went_wrong_several_times_over_is_repaired_in_one_go(patient: Patient) -> None:
    for harm in (disabled_there, on_another_plan, unknown, plan_changed):
        harm(patient)
    assert len(patient.found()) == 4
    assert patient.repaired() == []
    assert patient.world.at_gateway() == {patient.hash: (True, "Pro")}


def test_a_key_that_lost_its_tag_or_name_is_repaired_all_the_same(patient: Patient) -> None:
    missing(patient)
    patient.world.client.create_api_key(name="by hand", value=patient.hash, enabled=True)
    assert [finding.kind for finding in patient.found()] == [Kind.WRONG_PLAN]
    assert patient.repaired() == []


def test_a_policy_that_cannot_be_read_is_found_and_left_to_the_operator(patient: Patient) -> None:
    account = patient.issued.owner.account
    patient.world.registry.change(account.id, policy=lambda _: {"policy": "stict"})
    (finding,) = patient.repaired()
    assert (finding.kind, finding.about) == (Kind.INVALID_POLICY, account.id)
    assert "policy must be one of lenient, balanced, strict" in finding.problem


def test_an_account_made_while_the_doctor_looks_is_no_finding(patient: Patient) -> None:
    before = patient.doctor.accounts()
    patient.world.keyring.create("late", "Free")
    assert [some for some in patient.doctor.check_gateway(before, patient.world.clock()) if some] == []


def test_plans_are_repaired_after_accounts_and_no_faster_than_aws_allows(patient: Patient) -> None:
    plan_changed(patient)
    plan_unlimited(patient, "Free")
    missing(patient)
    repairing = patient.doctor.repair(patient.found(), patient.doctor.accounts())
    done = [(about, len(patient.slept)) for about in repairing]
    assert done == [(patient.issued.owner.account.id, 0), ("Free", 0), ("Pro", 1)]
    assert patient.slept == [20]
    assert patient.found() == []


def test_keys_of_another_deployment_are_no_finding(patient: Patient) -> None:
    patient.world.client.create_api_key(name="acme", value="f" * 64, enabled=True, tags={ACCOUNT_TAG: "acct_elsewhere"})
    assert patient.found() == []


def test_a_plan_is_set_to_all_the_templates_figures(patient: Patient) -> None:
    plan_unlimited(patient)
    patient.plans.update(PLANS["Pro"])
    assert patient.plans.limits("Pro") == PlanLimits.from_plan(PLANS["Pro"])


def test_books_that_add_up_are_no_finding(patient: Patient) -> None:
    patient.book_an_image()
    assert patient.booked() == []


def test_an_entry_that_a_link_disagrees_with_is_found_with_both_sums(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient.book_an_image()
    monkeypatch.setattr(chain, "LINK_CALLS", 1)
    patient.world.clock.advance(minutes=2)
    writer = chain.ChainWriter(patient.world.table, operator_retries(), patient.world.clock)
    writer.extend(patient.issued.owner.account.id, MONTH)
    assert patient.booked() == []
    (entry,) = UsageReader(patient.world.table).entries(patient.issued.owner.account.id, MONTH)
    key = next(key for key in patient.world.table.items if key.sk == entry["sk"])
    patient.world.table.write([Put(key, {**entry, "amount": Decimal(2), "currency": Currency.USD})])
    (finding,) = patient.booked()
    assert finding.kind is Kind.BOOKS_DIFFER
    assert "counted for 2026-11 (calls: 1, images: 1, 0.001500 USD)" in finding.problem
    assert "entries (calls: 1, images: 1, 2 USD)" in finding.problem
    assert "first that disagrees is sum#2026-11-01T00:00:00+00:00" in finding.problem
