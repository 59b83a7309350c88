import json
from decimal import Decimal

import pytest
from tests.helpers.support import ROOT
from tests.infrastructure.translated import Template, only

from modest.plans import plans_from_json
from modest.prices import IMAGE_PRICE_USD

# The published prices: calls a month, calls a second, US dollars a month.
SOLD = {
    "Free": (3_000, 1, 0),
    "Basic": (45_000, 5, 14),
    "Pro": (300_000, 20, 37),
    "Mega": (1_400_000, 60, 94),
}


@pytest.mark.parametrize("name", SOLD)
def test_a_plan_is_enforced_as_it_is_sold(stack: Template, name: str) -> None:
    quota, rate, _price = SOLD[name]
    plan = stack["Resources"][f"{name}Plan"]["Properties"]
    assert plan["Quota"] == {"Limit": quota, "Period": "MONTH"}
    assert plan["Throttle"] == {"RateLimit": rate, "BurstLimit": rate}
    assert plan["UsagePlanName"] == f"modest-{name}"


@pytest.mark.parametrize("name", SOLD)
def test_a_plan_opens_the_stage_that_is_deployed(stack: Template, name: str) -> None:
    plan = stack["Resources"][f"{name}Plan"]["Properties"]
    assert plan["ApiStages"] == [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "ApiprodStage"}}]
    assert only(stack, "AWS::ApiGateway::Stage")["StageName"] == "prod"


def test_no_other_plan_is_sold(stack: Template) -> None:
    plans = [name for name, resource in stack["Resources"].items() if resource["Type"].endswith("::UsagePlan")]
    assert sorted(plans) == sorted(f"{name}Plan" for name in SOLD)
    assert all(stack["Outputs"][f"{name}PlanId"]["Value"] == {"Ref": f"{name}Plan"} for name in SOLD)


def test_the_readme_states_the_same_figures_and_the_price_of_an_image() -> None:
    readme = (ROOT / "README.md").read_text()
    for name, (quota, rate, price) in SOLD.items():
        assert f"\n| {name} | {quota:,} | {rate} | {price} |\n" in readme
    assert f"${IMAGE_PRICE_USD} for each distinct image" in " ".join(readme.split())


def test_the_function_is_told_the_same_figures(stack: Template) -> None:
    environment = stack["Resources"]["Moderate"]["Properties"]["Environment"]["Variables"]
    told = plans_from_json(environment["PLANS"])
    assert {name: (plan.quota, plan.rate, plan.price_usd) for name, plan in told.items()} == {
        name: (quota, rate, Decimal(price)) for name, (quota, rate, price) in SOLD.items()
    }
    assert list(json.loads(environment["PLANS"])) == list(SOLD)
