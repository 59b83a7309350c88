"""What the probe asks, against a service that answers with what the test wants."""

import json
import threading
import traceback
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError

import boto3
import pytest
from moto import mock_aws

from probe.main import NoKey, Unwell, handler, probe

KEY = "mod_live_of_the_probe"


class Service(HTTPServer):
    verdict = "safe"
    status = HTTPStatus.OK
    asked: dict[str, str]


class Answer(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked = {"path": self.path, "key": self.headers["x-api-key"], "begins": body[1:4].decode()}
        self.send_response(self.server.status)
        self.send_header("location", "/elsewhere")
        self.end_headers()
        self.wfile.write(json.dumps({"data": {"verdict": self.server.verdict}}).encode())

    def do_GET(self) -> None:
        """Answers who has followed a redirect."""
        self.server.asked = {"followed": self.path}
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        self.wfile.write(b'{"data": {"verdict": "safe"}}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_wrong_verdict_is_a_failure(service: Service) -> None:
    service.verdict = "nsfw"
    with pytest.raises(Unwell, match="nsfw"):
        probe(f"http://127.0.0.1:{service.server_port}", KEY)


def test_the_key_comes_from_secrets_manager(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("URL", f"http://127.0.0.1:{service.server_port}/prod")
    with mock_aws():
        secret = boto3.client("secretsmanager").create_secret(Name="modest/probe", SecretString=f"{KEY}\n")
        monkeypatch.setenv("KEY_SECRET", secret["ARN"])
        handler({}, None)
    assert service.asked == {"path": "/prod/v1/classify", "key": KEY, "begins": "PNG"}


@pytest.mark.parametrize("status", [HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.TEMPORARY_REDIRECT])
def test_a_redirect_is_a_failure_and_takes_the_key_nowhere(service: Service, status: HTTPStatus) -> None:
    service.status = status
    with pytest.raises(HTTPError, match=str(status.value)) as failed:
        probe(f"http://127.0.0.1:{service.server_port}", KEY)
    failed.value.close()
    assert service.asked["path"] == "/v1/classify"


@pytest.mark.parametrize("key", [f"{KEY}\nx: y", f"{KEY}\0", f"{KEY}…"])
def test_what_is_no_key_is_not_quoted_in_the_log(key: str) -> None:
    with pytest.raises(NoKey) as failed:
        probe("http://127.0.0.1:1", key)
    assert KEY not in "".join(traceback.format_exception(failed.value))
