"""What a client sends stays in memory: looked for, after every kind of answer, wherever a process can leave things."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import httpx2
import numpy as np
import pytest
from PIL import Image
from tests.helpers.lists import packed
from tests.helpers.models import fragile_model, save
from tests.helpers.support import encoded
from tests.hostile import canary_requests as requests
from tests.hostile.canary_requests import FAULTS, HEADERS, JUDGED, ON_A_LIST, REFUSED, Case
from tests.hostile.faults import PORT, running_in
from tests.hostile.leaks import SEALED, SEALED_BUT_TMP, canary, kept_by, marks_in
from tests.hostile.namespace import Internet, internet
from tests.hostile.service import ADDRESS, entered, serving

from moderate.calls.problems import STATUS_AND_CODE
from modest.api_keys import new_key

KEY = new_key()
# One takes 25 seconds and is in tests/integration/test_privacy.py, the others need a ledger: test_ledger_over_http.py.
ELSEWHERE = {
    "request_too_slow",
    "idempotency_in_progress",
    "idempotency_mismatch",
    "ledger_unavailable",
    "quota_exceeded",
    "key_limit_exceeded",
}
LOUD = {"LOG_LEVEL": "DEBUG", "PYTHONASYNCIODEBUG": "1", "PYTHONWARNINGS": "always"}
# No request by any standard, so the server answers it and not the application.
GARBAGE = f"{canary('garbage')}\r\n{canary('line')}\r\n\r\n".encode()

# Run where /tmp can be written: leaves a canary in each place that is searched.
LEAVES_CANARIES = """
import base64, os, tempfile
print(base64.b64encode(b"-CANARY-").decode(), flush=True)
named, deleted = open("/tmp/left", "wb"), tempfile.TemporaryFile()
shared, unnamed = open("/dev/shm/left", "wb"), os.fdopen(os.memfd_create("left"), "wb")
for file in (named, deleted, shared, unnamed):
    file.write(b"CANARY")
    file.flush()
print("ready", flush=True)
input()
"""


@dataclass(frozen=True)
class Run:
    """What became of one life of the service."""

    answers: dict[str, httpx2.Response]
    kept: dict[str, list[bytes]]
    printed: str


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    folder = tmp_path_factory.mktemp("internet")
    page, picture = folder / "page.html", folder / "picture.png"
    page.write_text(f"<!doctype html>{canary('page')}")
    picture.write_bytes(requests.PNG)
    with (
        internet(
            folder,
            zone={"pub.test": [requests.ADDRESS], "faults.test": [requests.ADDRESS]},
            files={requests.PAGE: page, f"{requests.PICTURE}?{canary('query')}": picture},
            redirects={requests.REDIRECT: f"ftp://pub.test/{canary('location')}"},
        ) as running,
        running_in(running),
    ):
        yield running


@pytest.fixture(scope="module")
def whole(web: Internet, tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Run:
    return live(web, tmp_path_factory.mktemp("whole"), model_path, JUDGED | ON_A_LIST | REFUSED, SEALED_BUT_TMP)


@pytest.fixture(scope="module")
def broken(web: Internet, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("broken")
    save(fragile_model(224), folder / "fragile.onnx")
    return live(web, folder, folder / "fragile.onnx", FAULTS, SEALED_BUT_TMP, environment={"SECOND_OPINION": "none"})


def live(
    web: Internet,
    folder: Path,
    model: Path,
    cases: Mapping[str, Case],
    seal: tuple[str, ...],
    *,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Run:
    (folder / "keys").write_text(KEY)
    (folder / "lists").write_bytes(packed(*requests.LISTS))
    settings = LOUD | {"ALLOWED_PORTS": f"80,443,{PORT}", "LISTS": "lists"} | dict(environment)
    with serving(web, folder, model, "--keys", "keys", environment=settings, wrapper=seal) as service:

        def ask(case: Case) -> httpx2.Response:
            headers = HEADERS | {"x-api-key": KEY} | case.get("headers", {})
            return service.client.request(**{**case, "headers": headers})

        with ThreadPoolExecutor(8) as several:
            answers = dict(zip(cases, several.map(ask, cases.values()), strict=True))
        with entered(web.name), socket.create_connection(ADDRESS) as connection:
            connection.sendall(GARBAGE)
            assert b"400" in connection.recv(1000)
        kept = kept_by(service.process.pid, [service.stdout, service.stderr])
    return Run(answers, kept, service.stdout.read_text() + service.stderr.read_text())


def test_every_kind_of_answer_was_given(whole: Run, broken: Run) -> None:
    wanted = dict.fromkeys(JUDGED | ON_A_LIST) | {name: name.split(":")[0].split(" ")[0] for name in REFUSED | FAULTS}
    found = {
        name: (answer.json() if answer.content else {}).get("code")
        for name, answer in (whole.answers | broken.answers).items()
    }
    assert found == wanted
    assert {code for _, code in STATUS_AND_CODE.values()} - ELSEWHERE <= set(wanted.values())


def test_nothing_that_was_sent_is_kept(whole: Run, broken: Run) -> None:
    print(
        f"{len(whole.answers) + len(broken.answers)} calls, {len(whole.kept) + len(broken.kept)} places with a canary"
    )
    assert whole.kept == {}
    assert broken.kept == {}


def test_each_call_left_a_line_and_none_of_them_holds_a_key_or_an_address(whole: Run, broken: Run) -> None:
    for run in (whole, broken):
        calls = [line for line in run.printed.splitlines() if '"message":"call"' in line]
        assert len(calls) >= len(run.answers)
        assert KEY not in run.printed
        assert requests.ADDRESS not in run.printed
    assert '"type":"ClassificationFailed"' in broken.printed


def test_no_answer_repeats_what_was_sent_or_what_a_server_said(whole: Run, broken: Run) -> None:
    for name, answer in (whole.answers | broken.answers).items():
        said = answer.content + json.dumps(dict(answer.headers)).encode()
        assert marks_in(said) == [], name
        assert KEY.encode() not in said
        assert requests.ADDRESS.encode() not in said


def test_with_nowhere_to_write_every_image_is_judged_and_4_mb_of_multipart_too(
    web: Internet, tmp_path: Path, model_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1150, 1150, 3), np.uint8)
    photo = encoded(Image.fromarray(noise), "PNG", compress_level=1)
    assert 3_900_000 < len(photo) < 4_200_000
    large = requests.post("/v1/check", files={"image": ("photo.png", photo)})
    run = live(web, tmp_path, model_path, JUDGED | {"4 MB": large}, SEALED)
    wanted = dict.fromkeys(run.answers, 200) | {"a pass": 204}
    assert {name: answer.status_code for name, answer in run.answers.items()} == wanted


def test_a_sealed_process_has_indeed_nowhere_to_write() -> None:
    script = "import tempfile; tempfile.TemporaryFile()"
    run = subprocess.run([*SEALED, sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "No usable temporary directory" in run.stderr


def test_what_a_process_leaves_is_found_wherever_it_is(tmp_path: Path) -> None:
    stdout = tmp_path / "stdout"
    with stdout.open("w") as out:
        command = [*SEALED_BUT_TMP, sys.executable, "-c", LEAVES_CANARIES]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, text=True)
    with process:
        while "ready" not in stdout.read_text():
            assert process.poll() is None
        kept = kept_by(process.pid, [stdout])
        process.communicate("done\n")
    assert len([place for place in kept if "/fd/" in place]) == 5
    assert len([place for place in kept if place.endswith("/left")]) == 2
    assert str(stdout) in kept
