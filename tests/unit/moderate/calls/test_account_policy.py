"""What an account's policy means, worked out a second time from what the table holds."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderate.calls.account_policy import InvalidAccountPolicy, Rules, rules_from
from moderate.verdict import Cuts, Policy

OPERATOR = Rules(Policy.LENIENT, Cuts(0.31, 0.62))
SHARES = st.integers(1, 10_000).map(lambda number: Decimal(number) / 10_000)
NO_SHARES: list[object] = [None, True, 0, 1, 0.4, "0.4", "", [], {}, b"1"] + [
    Decimal(text) for text in ("0", "-0", "1.0001", "-0.2", "1e-400", "0.00001", "NaN", "sNaN", "Infinity")
]
ODD: st.SearchStrategy[Any] = st.sampled_from(NO_SHARES)
STORED = st.fixed_dictionaries(
    {},
    optional={
        "policy": st.sampled_from(["lenient", "balanced", "strict"]) | st.just("Strict") | ODD,
        "questionable_from": SHARES | ODD,
        "nsfw_from": SHARES | ODD,
        "class_limits": st.dictionaries(
            st.sampled_from(["porn", "hentai", "sexy", "drawing", "neutral"]) | st.just("nsfw"),
            SHARES | ODD,
            max_size=2,
        )
        | ODD,
        "nsfw_form": SHARES,
    },
)


def meaning(stored: Mapping[str, Any]) -> Rules | None:
    """Returns None if the policy has none."""

    def is_share(value: object) -> bool:
        if not isinstance(value, Decimal) or str(value).lstrip("-s") in ("NaN", "Infinity"):
            return False
        return 0 < value <= 1 and value * 10_000 % 1 == 0

    cuts = [stored[name] for name in ("questionable_from", "nsfw_from") if name in stored]
    limits = stored.get("class_limits", {})
    if "nsfw_form" in stored or len(cuts) == 1 or not isinstance(limits, dict) or "nsfw" in limits:
        return None
    if not all(map(is_share, [*cuts, *limits.values()])) or sorted(cuts) != cuts:
        return None
    if stored.get("policy", "strict") not in ("lenient", "balanced", "strict"):
        return None
    questionable, nsfw = map(float, cuts) if cuts else (0.31, 0.62)
    shown = {name: float(limit) for name, limit in limits.items()}
    return Rules(Policy(stored.get("policy", "lenient")), Cuts(questionable, nsfw, shown), of_account=bool(stored))


@given(STORED)
def test_a_stored_policy_means_what_it_says_or_is_refused_whole(stored: dict[str, Any]) -> None:
    expected = meaning(stored)
    try:
        found = rules_from(stored, OPERATOR)
    except InvalidAccountPolicy:
        assert expected is None
    else:
        assert found == expected
        assert rules_from(found.to_item(), OPERATOR) == replace(found, of_account=True)


@pytest.mark.parametrize("number", NO_SHARES)
def test_what_is_no_share_is_refused_as_a_cut_and_as_a_limit(number: object) -> None:
    cuts = {"questionable_from": Decimal("0.0001"), "nsfw_from": number}
    for stored in (cuts, {"class_limits": {"porn": number}}):
        with pytest.raises(InvalidAccountPolicy, match="above 0, at most 1, and have at most 4 decimal places"):
            rules_from(stored, OPERATOR)


@pytest.mark.parametrize("stored", [None, "strict", [], 0.4, {1: 2}])
def test_what_is_no_policy_at_all_is_refused(stored: object) -> None:
    with pytest.raises(InvalidAccountPolicy):
        rules_from(stored, OPERATOR)


def test_rules_that_the_table_could_not_hold_are_written_so_that_they_mean_the_same() -> None:
    item = Rules(Policy.STRICT, Cuts(1e-320, 0.1 + 0.2)).to_item()
    assert (item["questionable_from"], item["nsfw_from"]) == (Decimal("1e-9"), Decimal("0.30000000000000004"))
