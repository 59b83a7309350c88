"""Values become DynamoDB's and come back as with boto3, and what DynamoDB cannot hold is refused."""

from decimal import Decimal, DecimalException
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from modest.store.attributes import from_attribute, to_attribute

# Of 38 digits at most, as DynamoDB's are.
NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1) | st.decimals(-(10**9), 10**9, places=9)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text() | st.binary()
SETS = st.sets(NUMBERS, min_size=1) | st.sets(st.text(), min_size=1) | st.sets(st.binary(), min_size=1)
VALUES = st.recursive(
    SCALARS | SETS, lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4)
)


@given(VALUES)
def test_a_value_is_written_as_boto3_writes_it_and_read_as_it_was(value: Any) -> None:
    attribute = to_attribute(value)
    assert attribute == TypeSerializer().serialize(value)
    assert from_attribute(attribute) == value == TypeDeserializer().deserialize(attribute)


@pytest.mark.parametrize(
    "value",
    [1.5, set(), {"a", 1}, {("a",)}, object(), Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), [1.5]],
)
def test_a_value_that_dynamodb_has_no_type_for_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        to_attribute(value)


@pytest.mark.parametrize("number", [Decimal("1E+130"), Decimal("1E-200"), 10**38 + 1])
def test_a_number_that_dynamodb_would_round_is_refused(number: int | Decimal) -> None:
    with pytest.raises(DecimalException):
        to_attribute(number)


def test_bytes_come_back_as_bytes() -> None:
    assert type(from_attribute({"B": b"secret"})) is bytes


def test_a_type_that_dynamodb_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError):
        from_attribute({"X": "1"})
