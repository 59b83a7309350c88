"""Callers that hold what they can get keep nobody else waiting, and do not make the service grow."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from tests.helpers.support import mosaic
from tests.helpers.waiting import HANGS_SECONDS, wait_until
from tests.hostile.images import HOSTILE
from tests.hostile.namespace import Internet, internet
from tests.hostile.processes import forget_peak, peak_bytes
from tests.hostile.service import ADDRESS, ServiceProcess, entered, serving

from moderate.sources import MAX_SENT_BYTES
from modest.api_keys import new_key

CONNECTIONS = 100
MAX_GROWTH_MEGABYTES = 150
ONE_CALLER, ANOTHER = new_key(), new_key()
GOOD = mosaic("of-both-models/porn.png")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    with internet(tmp_path_factory.mktemp("turns"), zone={"pub.test": ["93.184.216.34"]}, files={}) as running:
        yield running


@pytest.fixture(scope="module")
def service(web: Internet, tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Iterator[ServiceProcess]:
    folder = tmp_path_factory.mktemp("service")
    (folder / "keys").write_text(f"{ONE_CALLER}\n{ANOTHER}\n")
    with serving(web, folder, model_path, "--keys", str(folder / "keys")) as running:
        yield running


def judge(service: ServiceProcess, key: str, image: bytes = GOOD) -> httpx2.Response:
    return service.client.post("/v1/classify", content=image, headers={"x-api-key": key})


def body_one_byte_short(connection: socket.socket) -> None:
    """Sends what the service takes of it within the deadline, or until it hangs up."""
    head = f"POST /v1/check HTTP/1.1\r\nHost: x\r\nX-API-Key: {ONE_CALLER}\r\nContent-Length: {MAX_SENT_BYTES}\r\n\r\n"
    connection.settimeout(HANGS_SECONDS)
    try:
        connection.sendall(head.encode() + bytes(MAX_SENT_BYTES - 1))
    except OSError:
        return


def is_closed(connection: socket.socket) -> bool:
    try:
        while connection.recv(65_536):
            pass
    except ConnectionError:
        return True
    except OSError:
        return False
    return True


def test_bodies_that_never_end_hold_up_nobody_and_are_given_up(web: Internet, service: ServiceProcess) -> None:
    assert judge(service, ANOTHER).json()["data"]["verdict"] == "nsfw"
    pid = service.process.pid
    forget_peak(pid)
    idle = peak_bytes(pid)
    with entered(web.name):
        connections = [socket.create_connection(ADDRESS) for _ in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        sent = [threads.submit(body_one_byte_short, connection) for connection in connections]
        assert judge(service, ANOTHER).json()["data"]["verdict"] == "nsfw"
        assert not all(each.done() for each in sent)
        assert wait_until(lambda: all(each.done() for each in sent))
    for connection in connections:
        assert is_closed(connection)
        connection.close()
    grown = (peak_bytes(pid) - idle) / 1e6
    print(f"{grown:.0f} MB")
    assert grown < MAX_GROWTH_MEGABYTES
    assert judge(service, ONE_CALLER).json()["data"]["verdict"] == "nsfw"


def test_while_one_caller_keeps_every_worker_busy_others_are_answered(service: ServiceProcess) -> None:
    heavy = HOSTILE["interlaced PNG at its cap"].make()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        busy = [threads.submit(judge, service, ONE_CALLER, heavy) for _ in range(20)]
        assert wait_until(lambda: any(each.done() for each in busy))
        assert service.client.get("/health").status_code == httpx2.codes.OK
        assert judge(service, ANOTHER).json()["data"]["verdict"] == "nsfw"
        assert sum(each.done() for each in busy) < len(busy) / 2
        assert {each.result().status_code for each in busy} <= {httpx2.codes.OK, httpx2.codes.UNPROCESSABLE_CONTENT}
