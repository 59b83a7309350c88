"""An account's own policy decides in every dialect where a call does not, and the ledger says by what was judged."""

from collections.abc import Callable
from decimal import Decimal
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable, Fault
from tests.helpers.ledgers import Shop, few_retries
from tests.helpers.support import FakeClassifier, data_url, png, serve

from moderate.images.decoded import View
from moderate.verdict import Cuts, Policy, Scores
from modest.accounts.records import account_item_key

IMAGE = data_url(png())
OPERATOR: dict[str, Any] = {"policy": "balanced", "questionable_from": Decimal("0.3"), "nsfw_from": Decimal("0.6")}
STRICT: dict[str, Any] = {"policy": "strict", "questionable_from": Decimal("0.2"), "nsfw_from": Decimal("0.5")}
# In ten thousandths, of which a mean of two with half of a class is a whole number.
CLASSES = ("drawing", "hentai", "neutral", "porn", "sexy")
Tenths = dict[str, int]


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "check": ("/v1/check", {"base64": IMAGE}),
    "classify": ("/v1/classify", {"base64": IMAGE}),
    "nanogpt": ("/api/nsfw/image", {"imageDataUrl": IMAGE}),
    "openai": ("/v1/moderations", {"input": [{"type": "image_url", "image_url": {"url": IMAGE}}]}),
}


class Model(FakeClassifier):
    """Says what it is set to, after something else happens."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.says: Tenths = {"neutral": 10_000}
        self.before: Callable[[], object] = lambda: None

    def classify(self, _view: View) -> Scores:
        self.shown += 1
        self.before()
        return Scores(*(self.says.get(name, 0) / 10_000 for name in CLASSES))


class Office:
    """The whole service with two models, and a customer whose policy the operator changes."""

    def __init__(self, *, fail_open: bool = False) -> None:
        self.table = FakeTable()
        self.shop = Shop(self.table, Clock())
        self.customer = self.shop.customer()
        self.first, self.second = Model("first"), Model("second")
        self.service = serve(
            classifier=self.first,
            second=self.second,
            cuts=Cuts(0.3, 0.6),
            default_policy=Policy.BALANCED,
            identify=lambda _request: self.customer.key_hash,
            ledger=self.shop.ledger(few_retries()),
            fail_open=fail_open,
        )
        self.client = self.service.client

    def set_policy(self, stored: object) -> None:
        self.table.items[account_item_key(self.customer.account_id)]["policy"] = stored

    def call(self, name: str, *, key: str = "", **more: object) -> Any:
        path, fields = CALLS[name]
        return self.client.post(path, json=fields | more, headers={"Idempotency-Key": key} if key else {})

    def entry(self, answer: Any) -> dict[str, Any]:
        request_id = answer.headers["x-request-id"]
        entries = self.shop.usage_reader.entries(self.customer.account_id, "2026-11")
        (entry,) = (dict(entry) for entry in entries if entry["request"].startswith(f"{request_id}."))
        return entry

    def shown_policy(self) -> Any:
        return self.client.get("/v1/usage").json()["data"]["policy"]


def is_flagged(name: str, answer: Any) -> bool:
    match name, answer.json():
        case "check", {"data": data}:
            return not data["safe"]
        case "classify", {"data": data}:
            return bool(data["verdict"] == "nsfw")
        case "nanogpt", {"is_nsfw": flag}:
            return bool(flag)
        case _, {"results": [result]}:
            return bool(result["flagged"])
    raise AssertionError(answer.content)


SHARES = st.integers(1, 10_000)


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    stored: dict[str, Any] = draw(st.fixed_dictionaries({}, optional={"policy": st.sampled_from([*Policy])}))
    if draw(st.booleans()):
        lower, upper = sorted((draw(SHARES), draw(SHARES)))
        stored |= {"questionable_from": Decimal(lower) / 10_000, "nsfw_from": Decimal(upper) / 10_000}
    if limits := draw(st.dictionaries(st.sampled_from(CLASSES), SHARES.map(lambda part: Decimal(part) / 10_000))):
        stored["class_limits"] = limits
    return stored


@st.composite
def opinions(draw: st.DrawFn) -> Tenths:
    bounds = [0, *sorted(draw(st.lists(st.integers(0, 2500), min_size=4, max_size=4))), 2500]
    return {name: 4 * (upper - lower) for name, lower, upper in zip(CLASSES, bounds[:-1], bounds[1:], strict=True)}


def decide(rules: dict[str, Any], first: Tenths, second: Tenths) -> int:
    """Works out the score from the words of the documentation, in ten thousandths."""
    questionable, nsfw = (int(rules[name] * 10_000) for name in ("questionable_from", "nsfw_from"))
    halves = {"lenient": 0, "balanced": 1, "strict": 2}[rules["policy"]]

    def score(says: Tenths) -> int:
        over = any(says[name] >= limit * 10_000 for name, limit in rules.get("class_limits", {}).items())
        return max(says["porn"] + says["hentai"] + says["sexy"] * halves // 2, nsfw if over else 0)

    alone = score(first)
    if alone < questionable:
        return alone
    floor = alone if rules["policy"] == "strict" else questionable if alone >= nsfw else 0
    return max(floor, score({name: (first[name] + second[name]) // 2 for name in CLASSES}))


OFFICE = Office()


@settings(max_examples=40)
@given(
    policies(),
    st.none() | st.sampled_from([*Policy]),
    st.none() | st.integers(0, 10_000).map(lambda part: part / 10_000),
    opinions(),
    opinions(),
)
def test_every_dialect_judges_by_the_account_s_policy_unless_the_call_names_one(
    stored: dict[str, Any], policy: str | None, threshold: float | None, first: Tenths, second: Tenths
) -> None:
    OFFICE.customer = OFFICE.shop.customer()
    OFFICE.set_policy(stored)
    OFFICE.first.says, OFFICE.second.says = first, second
    rules = OPERATOR | stored if policy is None else OPERATOR | {"policy": policy}
    named: dict[str, Any] = {} if policy is None else {"policy": policy}
    asked: dict[str, Any] = {} if threshold is None else {"threshold": threshold}
    score = decide(rules, first, second) / 10_000
    questionable, nsfw = (float(rules[name]) for name in ("questionable_from", "nsfw_from"))
    limit = nsfw if threshold is None else threshold

    check = OFFICE.call("check", **named, **asked)
    data = check.json()["data"]
    assert (data["nsfw_score"], data["threshold"], data["safe"]) == (score, limit, score < limit)
    classify = OFFICE.call("classify", **named)
    data, meta = classify.json()["data"], classify.json()["meta"]
    verdict = "nsfw" if score >= nsfw else "questionable" if score >= questionable else "safe"
    assert (data["nsfw_score"], data["verdict"], data["safe"]) == (score, verdict, verdict == "safe")
    assert ("policy" in meta) == (policy is None and bool(stored))
    nanogpt, openai = OFFICE.call("nanogpt", **named), OFFICE.call("openai", **named)
    assert is_flagged("nanogpt", nanogpt) == is_flagged("openai", openai) == (verdict == "nsfw")
    assert openai.json()["results"][0]["category_scores"]["sexual"] == score

    thresholds = {"check": limit, "nanogpt": nsfw, "openai": nsfw}
    for name, answer in (("check", check), ("classify", classify), ("nanogpt", nanogpt), ("openai", openai)):
        kept = {"threshold": Decimal(str(thresholds[name]))} if name in thresholds else {}
        assert OFFICE.entry(answer)["judged_by"] == rules | kept
    effective = OPERATOR | stored
    assert OFFICE.shown_policy() == {
        "name": effective["policy"],
        "questionable_from": float(effective["questionable_from"]),
        "nsfw_from": float(effective["nsfw_from"]),
        "class_limits": {name: float(part) for name, part in stored.get("class_limits", {}).items()},
    }


@pytest.mark.parametrize("name", CALLS)
def test_a_call_ends_by_the_policy_that_it_began_with_and_its_repetition_is_answered_alike(name: str) -> None:
    office = Office()
    office.first.says = office.second.says = {"sexy": 5200, "neutral": 4800}
    office.set_policy(STRICT)
    office.first.before = lambda: office.set_policy({})
    answer = office.call(name, key="a")
    assert is_flagged(name, answer)
    judged_by = office.entry(answer)["judged_by"]
    assert judged_by.items() >= STRICT.items()
    assert not is_flagged(name, office.call(name, key="b"))
    repeated = office.call(name, key="a")
    assert (repeated.headers["idempotency-replayed"], repeated.content) == ("true", answer.content)
    assert office.entry(answer)["judged_by"] == judged_by


@pytest.mark.parametrize(
    "stored", [{"nsfw_form": Decimal("0.2")}, {"policy": "stict"}, {"nsfw_from": Decimal(1)}, "strict"]
)
def test_a_policy_that_cannot_be_read_judges_nothing_and_the_operator_learns_why(stored: object) -> None:
    office = Office()
    office.set_policy(stored)
    answers = [office.call(name) for name in CALLS]
    assert [answer.status_code for answer in answers] == [500] * len(CALLS)
    assert office.first.shown == 0
    assert [office.entry(answer)["outcome"] for answer in answers] == ["internal_error"] * len(CALLS)
    assert not any("judged_by" in office.entry(answer) for answer in answers)
    assert office.client.get("/v1/usage").status_code == 500
    for operation, reason, free in office.service.observer.ledger_failures:
        assert (operation, free) == ("policy", False)
        assert reason.startswith(f"the policy of {office.customer.account_id} is invalid: ")
    assert len(office.service.observer.ledger_failures) == len(CALLS) + 1
    assert not is_flagged("classify", office.call("classify", policy="lenient"))
    office.shop.registry.change(office.customer.account_id, policy=lambda _: {})
    assert not is_flagged("classify", office.call("classify"))


def test_while_the_ledger_cannot_be_reached_an_account_is_judged_by_its_last_known_policy() -> None:
    office = Office(fail_open=True)
    office.first.says = office.second.says = {"sexy": 5200, "neutral": 4800}
    office.set_policy(STRICT)
    assert is_flagged("nanogpt", office.call("nanogpt"))
    office.table.faults = repeat(Fault.THROTTLED)
    assert is_flagged("nanogpt", office.call("nanogpt"))
