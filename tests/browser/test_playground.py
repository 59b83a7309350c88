"""The playground as a browser shows it, against the local gateway. `make browser` runs this; it needs Chromium."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import skimage
from PIL import Image
from tests.browser.chromium import BUILT, ask_chromium
from tests.helpers.local_gateway import LocalGateway, changed_template
from tests.helpers.support import MOSAICS

SCREENSHOTS = BUILT / "screenshots"

SHOP = "https://shop.example"

Facts = dict[str, Any]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    """Under a template in which Basic is spent by one call, and SHOP's pages may read the answers."""
    folder = tmp_path_factory.mktemp("gateway")
    changes = {
        r"Basic: \{Quota: \d+,": "Basic: {Quota: 1,",
        # The second call comes too early on the slowest machine, and a later one in time.
        r"(Free: \{.*) Rate: 1,": r"\1 Rate: 0.1,",
        r'(AllowedOrigin:\n    Type: String\n    Default: )""': rf"\1{SHOP}",
    }
    with LocalGateway(folder, template=changed_template(folder, changes)) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def run(gateway: LocalGateway, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Facts]:
    """What one run of playground.mjs saw: `seen` by scenario, and what pages of other origins could `read`."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    bad = tmp_path_factory.mktemp("bad") / "bad.png"
    bad.write_text("This is no picture.")
    keys = {"spent": _spent_key(gateway), "careful": _careful_key(gateway)}
    given = {
        "url": gateway.url,
        "keys": {plan: gateway.key(plan) for plan in ("free", "basic", "mega")} | keys,
        "shop": SHOP,
        "files": {
            "mosaic": str(MOSAICS / "of-both-models/porn.png"),
            "photo": str(Path(skimage.__file__).parent / "data" / "coffee.png"),
            "bad": str(bad),
        },
        "screenshots": str(SCREENSHOTS),
    }
    found: dict[str, Facts] = ask_chromium("playground.mjs", given)
    for name in ("mosaic", "photo"):
        _shrink(SCREENSHOTS / f"{name}.png")
    return found


@pytest.fixture(scope="module")
def seen(run: dict[str, Facts]) -> dict[str, Facts]:
    return run["seen"]


def _spent_key(gateway: LocalGateway) -> str:
    """New, so that API Gateway lets it through; its account's month is used up, which the ledger knows."""
    for command in (("create", "spent", "--plan", "basic"), ("rotate", "spent")):
        key = json.loads(gateway.modest("keys", *command, "--json").stdout)["key"]
        if command[0] == "create":
            with gateway.client(key) as client:
                assert client.get("/v1/check").status_code == 400
    return str(key)


def _careful_key(gateway: LocalGateway) -> str:
    """Returns the key of an account whose policy calls every picture nsfw."""
    key = json.loads(gateway.modest("keys", "create", "careful", "--plan", "mega", "--json").stdout)["key"]
    limits = [option for name in ("neutral", "drawing") for option in ("--class-limit", f"{name}=0.001")]
    cuts = ("--policy", "strict", "--questionable-from", "0.2", "--nsfw-from", "0.5")
    assert gateway.modest("accounts", "set", "careful", *cuts, *limits).exit_code == 0
    return str(key)


def _shrink(screenshot: Path) -> None:
    """These are the README's: few colours will do, if those of the words are among them."""
    with Image.open(screenshot) as image:
        image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1).save(screenshot, optimize=True)


def test_first_paint_needs_one_request(seen: dict[str, Facts]) -> None:
    assert {name: facts["firstPaint"] for name, facts in seen.items()} == dict.fromkeys(seen, 1)


def test_no_request_goes_to_another_host(seen: dict[str, Facts], gateway: LocalGateway) -> None:
    asked = {request for facts in seen.values() for request in facts["requests"]}
    assert len(asked) > 1
    assert [request for request in asked if not request.startswith(f"{gateway.url}/")] == []


def test_under_a_stage_every_request_stays_under_it(seen: dict[str, Facts], gateway: LocalGateway) -> None:
    for name in ("phone", "phone-dark"):
        page, call = seen[name]["requests"]
        assert page.startswith(f"{gateway.url}/prod")
        assert call.startswith(f"{gateway.url}/prod/v1/classify?")


def test_every_scenario_ends_without_an_error_in_the_console(seen: dict[str, Facts]) -> None:
    assert {name: facts["errors"] for name, facts in seen.items() if facts["errors"]} == {}


def test_axe_finds_nothing_serious_before_or_after_an_answer_in_light_dark_and_on_a_phone(
    seen: dict[str, Facts],
) -> None:
    found = {name: facts["violations"] for name, facts in seen.items() if "violations" in facts}
    looked_at = ("mosaic", "photo", "dark", "phone", "phone-dark", "wrong-key", "too-fast", "account-spent")
    assert found == {name: [] for name in looked_at}


@pytest.mark.parametrize("scenario", ["mosaic", "dark", "phone", "phone-dark", "keyboard", "drop", "paste"])
def test_an_image_from_this_machine_is_judged(seen: dict[str, Facts], scenario: str) -> None:
    answer = seen[scenario]["answer"]
    assert answer["verdict"] == "nsfw"
    assert re.match(r"Score [01]\.\d{4}\. Top class: porn\.", answer["note"])


def test_a_harmless_photo_is_safe(seen: dict[str, Facts]) -> None:
    assert seen["photo"]["answer"]["verdict"] == "safe"


def test_all_five_classes_have_a_bar(seen: dict[str, Facts]) -> None:
    assert sorted(seen["mosaic"]["classes"]) == ["drawing", "hentai", "neutral", "porn", "sexy"]


@pytest.mark.parametrize("scenario", ["mosaic", "photo", "phone"])
def test_the_heat_map_lies_over_the_picture_which_keeps_its_shape(seen: dict[str, Facts], scenario: str) -> None:
    found = seen[scenario]["map"]
    assert found["shown"]
    assert found["painted"] > 0.1
    assert found["canvas"] == found["image"]
    *_, width, height = found["image"]
    assert width / height == pytest.approx(found["ratio"], rel=0.02)


def test_the_slider_takes_the_heat_map_away(seen: dict[str, Facts]) -> None:
    assert (seen["mosaic"]["map"]["opacity"], seen["mosaic"]["unlaid"]["opacity"]) == ("0.6", "0")


def test_the_score_is_held_against_the_threshold(seen: dict[str, Facts]) -> None:
    assert seen["mosaic"]["against"].startswith("With threshold 1.00, /v1/check returns safe: true. There, ")


def test_the_threshold_starts_where_the_operator_calls_an_image_nsfw(seen: dict[str, Facts]) -> None:
    assert seen["other-cuts"]["threshold"] == ["0.75", "0.75"]


def test_a_verdict_is_shown_between_the_scores_of_the_account_s_own_policy(seen: dict[str, Facts]) -> None:
    facts = seen["other-cuts"]
    assert facts["scale"] == "Score 0.5 out of 1: questionable from 0.2, nsfw from 0.5"
    assert facts["answer"]["verdict"] == "nsfw"
    assert "Judged by your account's own policy (strict)." in facts["answer"]["note"]


def test_it_is_dark_where_dark_is_preferred(seen: dict[str, Facts]) -> None:
    red, green, blue = map(int, re.findall(r"\d+", seen["dark"]["background"]))
    assert max(red, green, blue) < 64


@pytest.mark.parametrize("scenario", ["phone", "phone-dark"])
def test_nothing_is_wider_than_a_small_phone(seen: dict[str, Facts], scenario: str) -> None:
    assert (seen[scenario]["widthBefore"], seen[scenario]["width"]) == (360, 360)


def test_nothing_is_wider_than_a_small_phone_when_the_month_is_used_up(seen: dict[str, Facts]) -> None:
    assert seen["account-spent"]["width"] == 360


def test_a_url_is_sent_to_be_judged_and_never_opened_by_the_page(seen: dict[str, Facts], gateway: LocalGateway) -> None:
    facts = seen["url"]
    assert facts["sent"] == {"url": "https://example.com/photo.jpg"}
    assert facts["answer"]["verdict"] == "nsfw"
    assert {request.split("?")[0] for request in facts["requests"]} == {f"{gateway.url}/", f"{gateway.url}/v1/classify"}


@pytest.mark.parametrize(
    ("scenario", "verdict", "note"),
    [
        ("url-unreachable", "Not classified", "host name"),
        ("url-blocked", "Not classified", "public internet"),
        ("wrong-key", "API key rejected", "key"),
        ("bad-image", "Not classified", "JPEG"),
        ("no-image", "No image selected", "choose an image"),
        ("month-spent", "Monthly quota used up", "quota resets on"),
        ("account-spent", "Monthly quota used up", "quota resets on"),
    ],
)
def test_an_error_says_what_is_wrong(seen: dict[str, Facts], scenario: str, verdict: str, note: str) -> None:
    answer = seen[scenario]["answer"]
    assert answer["verdict"] == verdict
    assert note in answer["note"]


def test_retry_after_is_waited_out_and_the_image_judged(seen: dict[str, Facts]) -> None:
    facts = seen["too-fast"]
    assert facts["meanwhile"]["note"] == "Retrying in 1 s."
    assert facts["meanwhile"]["disabled"]
    assert facts["answer"]["verdict"] == "nsfw"
    assert facts["button"] == {"label": "Classify", "disabled": False, "focused": True}


def test_the_button_counts_the_seconds_down(seen: dict[str, Facts]) -> None:
    facts = seen["too-fast-for-long"]
    assert facts["counted"] == ["Classify", "Retry in 3 s", "Retry in 2 s", "Retry in 1 s", "Classify"]
    assert facts["answer"]["verdict"] == "nsfw"


def test_another_image_does_not_wait_for_the_one_before(seen: dict[str, Facts]) -> None:
    facts = seen["another-image-meanwhile"]
    assert facts["answer"]["verdict"] == "nsfw"
    assert "Retry in 1 s" not in facts["counted"]
    assert (facts["button"]["label"], facts["button"]["disabled"]) == ("Classify", False)


@pytest.mark.parametrize(("scenario", "requests"), [("month-spent", 3), ("account-spent", 2)])
def test_a_spent_month_is_not_asked_again(seen: dict[str, Facts], scenario: str, requests: int) -> None:
    """Whether API Gateway refuses the key or the ledger its account."""
    assert len(seen[scenario]["requests"]) == requests
    assert (seen[scenario]["button"]["label"], seen[scenario]["button"]["disabled"]) == ("Classify", False)


@pytest.mark.parametrize(
    ("scenario", "left"),
    [
        ("mosaic", r"1,399,\d{3} of 1,400,000"),
        ("bad-image", r"1,399,\d{3} of 1,400,000"),
        ("too-fast", "2,998 of 3,000"),
        ("month-spent", "0 of 1"),
        ("account-spent", "0 of 1"),
    ],
)
def test_what_is_left_and_until_when_is_said_in_words(seen: dict[str, Facts], scenario: str, left: str) -> None:
    now = datetime.now(UTC)
    year, month = divmod(now.year * 12 + now.month, 12)
    begins = datetime(year, month + 1, 1, tzinfo=UTC)
    until = rf"The quota resets on {begins:%B} 1 \(UTC\), in (\d+ (days|hours)|less than an hour)\."
    assert re.fullmatch(rf"{left} calls left this month\. {until}", seen[scenario]["left"])


def test_what_is_left_is_not_taken_for_that_of_another_key(seen: dict[str, Facts]) -> None:
    assert seen["account-spent"]["leftOfAnotherKey"] == ""


def test_a_page_of_the_allowed_origin_reads_answers_refusals_and_errors_with_their_headers(
    run: dict[str, Facts],
) -> None:
    assert run["read"][SHOP] == [[200, True, True], [401, False, True], [415, True, True]]


def test_a_page_of_another_origin_reads_nothing(run: dict[str, Facts]) -> None:
    assert run["read"]["https://other.example"] == "TypeError"


@pytest.mark.parametrize(
    ("language", "command"),
    [
        ("curl", ["bash", "-c"]),
        ("python", [sys.executable, "-c"]),
        ("javascript", ["node", "--input-type=module", "-e"]),
    ],
)
def test_the_code_it_shows_runs_as_it_stands(
    seen: dict[str, Facts], gateway: LocalGateway, language: str, command: list[str]
) -> None:
    """Where the picture lies, and with the key in the environment."""
    run = subprocess.run(
        [*command, seen["mosaic"]["code"][language]],
        cwd=MOSAICS / "of-both-models",
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "KEY": gateway.key("mega")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "nsfw" in run.stdout, run.stderr


def test_what_is_copied_is_the_code(seen: dict[str, Facts]) -> None:
    assert seen["mosaic"]["copied"] == seen["mosaic"]["code"]["curl"]


def test_the_code_for_a_url_names_it(seen: dict[str, Facts]) -> None:
    assert all("https://example.com/photo.jpg" in code for code in seen["url"]["code"].values())
