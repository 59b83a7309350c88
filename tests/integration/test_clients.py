"""The snippets of docs/clients.md, each run as it stands against the local gateway."""

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.local_gateway import LocalGateway, changed_template
from tests.helpers.lossy_proxy import Mishap, lossy_proxy
from tests.helpers.support import MOSAICS, ROOT
from tests.helpers.waiting import HANGS_SECONDS


def snippets(text: str) -> list[tuple[str, str]]:
    return re.findall(r"```(bash|python|javascript)\n(.*?)```", text, re.DOTALL)


PAGE = (ROOT / "docs/clients.md").read_text()
BY_SECTION = {section.partition("\n")[0]: snippets(section) for section in PAGE.split("\n## ")}
((USAGE_LANGUAGE, USAGE),) = BY_SECTION["Usage and charges"]
RETRYING = BY_SECTION["Retrying without paying twice"]
SNIPPETS = [found for found in snippets(PAGE) if found[1] != USAGE]
COMMANDS = {
    "bash": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-W", "error", "-c"],
    "javascript": ["node", "--input-type=module", "-e"],
}
FLAGGED = re.compile(r"verdict\W+nsfw|is_nsfw\W+true|safe\W+False|True 0\.\d+")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    """Under a template in which one call spends Basic."""
    folder = tmp_path_factory.mktemp("gateway")
    template = changed_template(folder, {r"Basic: \{Quota: \d+,": "Basic: {Quota: 1,"})
    with LocalGateway(folder, template=template) as gateway:
        yield gateway


def new_customer(gateway: LocalGateway, plan: str) -> str:
    """Their key."""
    created = gateway.modest("keys", "create", f"customer {uuid.uuid4()}", "--plan", plan, "--json")
    return str(json.loads(created.stdout)["key"])


@pytest.fixture(scope="module")
def spent(gateway: LocalGateway) -> str:
    """The key of a customer whose month is used up."""
    key = new_customer(gateway, "basic")
    with gateway.client(key) as client:
        assert client.get("/v1/check").status_code == 400
    return key


def run(url: str, folder: Path, language: str, snippet: str, *, key: str) -> str:
    """What it prints, where photo.png is a mosaic that the model takes for porn."""
    shutil.copy(MOSAICS / "of-both-models/porn.png", folder / "photo.png")
    given = {"MODEST_URL": url, "MODEST_KEY": key}
    done = subprocess.run(
        [*COMMANDS[language], snippet],
        cwd=folder,
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=HANGS_SECONDS,
    )
    return done.stdout


def test_there_is_one_for_every_kind_of_client() -> None:
    assert [language for language, _ in SNIPPETS] == [
        *("bash", "bash", "python", "javascript", "python", "javascript"),
        *("bash", "python", "javascript", "python"),
        "python",
    ]
    assert [language for language, _ in RETRYING] == ["bash", "python", "javascript", "python"]


@pytest.mark.parametrize(("language", "snippet"), SNIPPETS)
def test_it_prints_the_verdict(gateway: LocalGateway, tmp_path: Path, language: str, snippet: str) -> None:
    printed = run(gateway.url, tmp_path, language, snippet, key=gateway.key("mega"))
    assert FLAGGED.search(printed), printed


@pytest.mark.parametrize(("language", "snippet"), SNIPPETS)
def test_it_does_not_take_an_error_for_an_answer(
    gateway: LocalGateway, tmp_path: Path, language: str, snippet: str
) -> None:
    printed = run(gateway.url, tmp_path, language, snippet, key="mod_live_wrong")
    assert re.search(r"401|unauthorized", printed), printed
    assert not FLAGGED.search(printed)


def usage(gateway: LocalGateway, key: str) -> dict[str, Any]:
    with gateway.client(key) as client:
        return dict(client.get("/v1/usage").json()["data"])


@pytest.mark.parametrize(("language", "snippet"), RETRYING)
def test_it_gets_its_answer_past_refusals_and_lost_answers_and_pays_once(
    gateway: LocalGateway, tmp_path: Path, language: str, snippet: str
) -> None:
    key = new_customer(gateway, "mega")
    # curl alone takes a lost connection for an answer that will not come.
    lost = [Mishap.TIMED_OUT] if language == "bash" else [Mishap.TIMED_OUT, Mishap.BROKEN_OFF]
    with lossy_proxy(gateway.url, [Mishap.REFUSED, *lost]) as url:
        printed = run(url, tmp_path, language, snippet, key=key)
    assert FLAGGED.search(printed), printed
    reported = usage(gateway, key)
    assert (reported["calls"]["used"], reported["images_judged"]) == (1, 1)
    assert reported["charges"] == ({"USD": "0.0015"} if "moderations" in snippet else {})


@pytest.mark.parametrize(("language", "snippet"), RETRYING)
def test_it_does_not_wait_for_a_new_month(
    gateway: LocalGateway, spent: str, tmp_path: Path, language: str, snippet: str
) -> None:
    """It ends before anything but a hang would."""
    printed = run(gateway.url, tmp_path, language, snippet, key=spent)
    assert re.search("429|quota_exceeded", printed), printed


def test_the_usage_says_what_is_left_and_what_is_charged(gateway: LocalGateway, tmp_path: Path) -> None:
    key = new_customer(gateway, "mega")
    (nanogpt,) = [snippet for _, snippet in SNIPPETS if "api/nsfw/image" in snippet]
    run(gateway.url, tmp_path, "bash", nanogpt, key=key)
    printed = run(gateway.url, tmp_path, USAGE_LANGUAGE, USAGE, key=key)
    reported = json.loads(printed[printed.index("{") :])["data"]
    assert (reported["calls"]["used"], reported["images_judged"], reported["charges"]) == (1, 1, {"USD": "0.0015"})
    assert re.search("401|unauthorized", run(gateway.url, tmp_path, USAGE_LANGUAGE, USAGE, key="mod_live_wrong"))
