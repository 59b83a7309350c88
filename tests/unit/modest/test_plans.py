import json
from decimal import Decimal

import pytest

from modest.plans import Plan, plans_from_json


def test_plans_are_read_as_the_template_writes_them() -> None:
    text = '{"Free": {"quota": 3000, "rate": 1, "burst": 1, "price_usd": 0}, "Pro": {"quota": 300000, "rate": 20.5, "burst": 20, "price_usd": 36.99}}'  # noqa: E501
    assert plans_from_json(text) == {
        "Free": Plan("Free", 3000, 1, 1, Decimal(0)),
        "Pro": Plan("Pro", 300000, 20.5, 20, Decimal("36.99")),
    }


def test_numbers_may_be_text() -> None:
    """CloudFormation's Sub turns them into text."""
    plan = dict.fromkeys(("quota", "rate", "burst", "price_usd"), "14")
    assert plans_from_json(json.dumps({"Basic": plan}))["Basic"].price_usd == 14


@pytest.mark.parametrize("text", ["", "[]", "{}x", '{"Free": 1}', '{"Free": {"quota": 1}}', '{"Free": {"quota": "x"}}'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        plans_from_json(text)
