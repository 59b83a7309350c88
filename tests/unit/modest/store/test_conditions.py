"""Conditions say to DynamoDB what boto3's would say."""

import pytest
from boto3.dynamodb.conditions import Attr as Theirs
from boto3.dynamodb.conditions import ConditionExpressionBuilder

from modest.store.conditions import Attr, Condition

PAIRS = [
    (Attr("pk").exists(), Theirs("pk").exists()),
    (Attr("pk").not_exists(), Theirs("pk").not_exists()),
    (Attr("used").eq(1), Theirs("used").eq(1)),
    (Attr("used").lt(1), Theirs("used").lt(1)),
    (Attr("used").lte(1), Theirs("used").lte(1)),
    (Attr("calls").contains("a"), Theirs("calls").contains("a")),
    (~Attr("calls").contains("a"), ~Theirs("calls").contains("a")),
    (
        Attr("pk").not_exists() | (Attr("used").lt(1) & ~Attr("request").eq("a")),
        Theirs("pk").not_exists() | (Theirs("used").lt(1) & ~Theirs("request").eq("a")),
    ),
    (
        (Attr("a").lt(1) | Attr("b").lt(2)) & (Attr("a").eq(3) | Attr("b").eq(4)),
        (Theirs("a").lt(1) | Theirs("b").lt(2)) & (Theirs("a").eq(3) | Theirs("b").eq(4)),
    ),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda pair: pair if isinstance(pair, str) else "")
def test_a_condition_is_written_as_boto3_writes_it(ours: Condition, theirs: object) -> None:
    names: dict[str, str] = {}
    values: dict[str, object] = {}

    def name(attribute: str) -> str:
        placeholder = f"#n{len(names)}"
        names[placeholder] = attribute
        return placeholder

    def value(compared: object) -> str:
        placeholder = f":v{len(values)}"
        values[placeholder] = compared
        return placeholder

    built = ConditionExpressionBuilder().build_expression(theirs)  # type: ignore[arg-type]
    assert ours.expression(name, value) == built.condition_expression
    assert names == built.attribute_name_placeholders
    assert values == built.attribute_value_placeholders
