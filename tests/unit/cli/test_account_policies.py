"""What `modest accounts set` makes of a stored policy, and how it is shown."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderate.calls.account_policy import InvalidAccountPolicy
from moderate.verdict import CLASSES, Policy
from modest_cli.account_policies import as_dict, change, describe, error_in
from modest_cli.arguments import Setting

STRICT: dict[str, Any] = {
    "policy": "strict",
    "questionable_from": Decimal("0.2"),
    "nsfw_from": Decimal("0.5"),
    "class_limits": {"porn": Decimal("0.4"), "sexy": Decimal("0.9")},
}
BACK = Setting(None)
SHARES = st.integers(1, 10_000).map(lambda part: Decimal(part) / 10_000)
CHANGES = st.fixed_dictionaries(
    {
        "policy": st.none() | st.sampled_from([BACK, *map(Setting, Policy)]),
        "questionable_from": st.none() | st.just(BACK) | SHARES.map(Setting),
        "nsfw_from": st.none() | st.just(BACK) | SHARES.map(Setting),
        "class_limits": st.lists(
            st.just(BACK) | st.builds(Setting, st.none() | SHARES, st.sampled_from(CLASSES)), max_size=3
        ),
    }
)


@given(st.lists(CHANGES, max_size=4))
def test_changes_follow_one_another_and_one_that_makes_no_sense_changes_nothing(steps: list[dict[str, Any]]) -> None:
    stored: dict[str, Any] = {}
    for step in steps:
        values = {name: stored.get(name) for name in STRICT if name != "class_limits"}
        values |= {name: step[name].value for name in values if step[name]}
        limits: dict[str, Any] = dict(stored.get("class_limits", {}))
        for setting in step["class_limits"]:
            limits = limits | {setting.name: setting.value} if setting.name else {}
        limits = {name: limit for name, limit in limits.items() if limit is not None}
        expected = {name: value for name, value in (values | {"class_limits": limits}).items() if value}
        cuts = [value for name in ("questionable_from", "nsfw_from") if (value := values[name])]
        if len(cuts) == 1 or cuts != sorted(cuts):
            with pytest.raises(InvalidAccountPolicy):
                change(stored, **step)
        else:
            stored = change(stored, **step)
            assert stored == expected
            assert not error_in(stored)


def unchanged(**changes: Any) -> dict[str, Any]:
    return {"policy": None, "questionable_from": None, "nsfw_from": None, "class_limits": []} | changes


@pytest.mark.parametrize("stored", ["strict", None, {"nsfw_form": Decimal("0.2")}])
def test_what_means_nothing_goes_with_the_next_change(stored: object) -> None:
    assert error_in(stored)
    assert change(stored, **unchanged(policy=Setting(Policy.STRICT))) == {"policy": "strict"}


def test_what_is_invalid_stays_until_it_is_replaced_or_taken_back() -> None:
    stored = STRICT | {"class_limits": {"nsfw": Decimal("0.4")}}
    with pytest.raises(InvalidAccountPolicy, match="class_limits must have limits for any of drawing, hentai"):
        change(stored, **unchanged(policy=BACK))
    taken_back = change(stored, **unchanged(class_limits=[BACK]))
    assert taken_back == {name: value for name, value in STRICT.items() if name != "class_limits"}


def test_a_policy_is_shown_in_one_line_and_as_json() -> None:
    assert describe({}) == ""
    assert describe(STRICT) == "policy strict, questionable from 0.2, nsfw from 0.5, porn from 0.4, sexy from 0.9"
    assert as_dict(STRICT) == {
        "policy": "strict",
        "questionable_from": 0.2,
        "nsfw_from": 0.5,
        "class_limits": {"porn": 0.4, "sexy": 0.9},
    }
    assert "\x1b" not in str(describe({"\x1b[31m": 1}))
    assert as_dict("strict") == {"error": "it is no map"}
