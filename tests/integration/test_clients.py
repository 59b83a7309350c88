"""The snippets of docs/clients.md, each run as it stands against the local gateway."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.local_gateway import LocalGateway
from tests.support import MOSAICS, ROOT

SNIPPETS = re.findall(r"```(bash|python|javascript)\n(.*?)```", (ROOT / "docs/clients.md").read_text(), re.DOTALL)
COMMANDS = {
    "bash": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-W", "error", "-c"],
    "javascript": ["node", "--input-type=module", "-e"],
}
FLAGGED = re.compile(r"verdict\W+nsfw|is_nsfw\W+true|safe\W+False|True 0\.\d+")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    with LocalGateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


def run(gateway: LocalGateway, folder: Path, language: str, snippet: str, *, key: str) -> str:
    """What it prints, where photo.png is a mosaic that the model takes for porn."""
    shutil.copy(MOSAICS / "porn.png", folder / "photo.png")
    given = {"MODEST_URL": gateway.url, "MODEST_KEY": key}
    done = subprocess.run(
        [*COMMANDS[language], snippet],
        cwd=folder,
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def test_there_is_one_for_every_kind_of_client() -> None:
    assert [language for language, _ in SNIPPETS] == ["bash", "bash", "python", "python", "javascript", "python"]


@pytest.mark.parametrize(("language", "snippet"), SNIPPETS)
def test_it_prints_the_verdict(gateway: LocalGateway, tmp_path: Path, language: str, snippet: str) -> None:
    printed = run(gateway, tmp_path, language, snippet, key=gateway.key("mega"))
    assert FLAGGED.search(printed), printed


@pytest.mark.parametrize(("language", "snippet"), SNIPPETS)
def test_it_does_not_take_an_error_for_an_answer(
    gateway: LocalGateway, tmp_path: Path, language: str, snippet: str
) -> None:
    printed = run(gateway, tmp_path, language, snippet, key="mod_live_wrong")
    assert re.search(r"401|unauthorized", printed), printed
    assert not FLAGGED.search(printed)
