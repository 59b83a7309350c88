"""The service against its own OpenAPI document: thousands of bytes nobody would send, and every check there is."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.support import MOSAICS, ROOT
from tests.helpers.waiting import HANGS_SECONDS
from tests.hostile.namespace import Internet, internet
from tests.hostile.service import BASE, serving

from moderate.fetching.addresses import is_public
from modest.api_keys import new_key

ADDRESS = "93.184.216.34"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# The document's examples name these.
FILES = {
    "example.com/image-1.jpg": MOSAICS / "neutral.png",
    "example.com/image-2.jpg": MOSAICS / "porn.png",
    "tesseract.projectnaptha.com/img/eng_bw.png": MOSAICS / "neutral.png",
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    zone = {page.partition("/")[0]: [ADDRESS] for page in FILES}
    with internet(tmp_path_factory.mktemp("internet"), zone=zone, files=FILES) as running:
        yield running


def check(web: Internet, folder: Path, key: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(CONFIGURATION), "run"]
    command += [f"{BASE}/openapi.json", "--checks", "all", "--header", f"x-api-key: {key}", *options]
    process = web.popen(command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE)
    with process:
        output, _ = process.communicate(timeout=HANGS_SECONDS)
    return subprocess.CompletedProcess(command, process.returncode, output)


def test_every_answer_is_one_that_the_document_promises_and_none_without_a_key(
    web: Internet, tmp_path: Path, model_path: Path
) -> None:
    key = new_key()
    keys = tmp_path / "keys"
    keys.write_text(key)
    with serving(web, tmp_path, model_path, "--keys", str(keys)):
        run = check(web, tmp_path, key)
    print(run.stdout)
    assert run.returncode == 0
    assert [address for address in web.connections() if not is_public(address)] == []


def test_a_service_that_asks_for_no_key_would_be_found_out(web: Internet, tmp_path: Path, model_path: Path) -> None:
    with serving(web, tmp_path, model_path, "--no-keys"):
        run = check(web, tmp_path, new_key(), "--phases", "examples", "--include-path", "/v1/check")
    assert run.returncode == 1
    assert "API accepts requests without authentication" in run.stdout
