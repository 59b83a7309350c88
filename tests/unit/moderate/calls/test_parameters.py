import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.support import attempt

from moderate.calls.parameters import InvalidRequest, parse_policy, parse_threshold
from moderate.verdict import Policy
from modest.errors import PublicError


@given(st.floats(0, 1))
def test_every_number_from_0_to_1_is_a_threshold_and_so_is_its_text(number: float) -> None:
    assert parse_threshold(number, 0.6) == number
    assert parse_threshold(repr(number), 0.6) == number


@given(st.one_of(st.floats(), st.integers(), st.text(), st.booleans(), st.lists(st.floats(0, 1)), st.binary()))
def test_whatever_is_sent_a_threshold_is_from_0_to_1_or_refused(value: Any) -> None:
    threshold = attempt(lambda: parse_threshold(value, 0.6))
    assert isinstance(threshold, PublicError) or 0 <= threshold <= 1


@pytest.mark.parametrize(
    "value",
    [
        *(math.nan, math.inf, -math.inf, "nan", "-nan", "inf", "Infinity", "1e999", 10**400, -(10**400)),
        *(-0.1, "-0.1", 1.01, "1.01", "0_1", "abc", "0,5", "½", True, False, "true"),
        *([], [0.5], {}, {"a": 1}, b"\xff", object()),
    ],
)
def test_these_are_no_thresholds(value: object) -> None:
    with pytest.raises(InvalidRequest, match="number from 0 to 1") as raised:
        parse_threshold(value, 0.6)
    assert raised.value.param == "threshold"


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_the_default(value: object) -> None:
    assert parse_threshold(value, 0.25) == 0.25
    assert parse_policy(value) is None


@pytest.mark.parametrize("policy", Policy)
def test_a_policy_is_taken_by_its_name(policy: Policy) -> None:
    assert parse_policy(policy.value) is policy


@pytest.mark.parametrize(
    "value", ["BALANCED", " strict", "strict,lenient", 0, 1.0, True, [], ["strict"], {}, b"strict"]
)
def test_any_other_name_is_refused_with_those_there_are(value: object) -> None:
    with pytest.raises(InvalidRequest, match="lenient, balanced, strict") as raised:
        parse_policy(value)
    assert raised.value.param == "policy"
