"""What the probe asks, against a service that answers with what the test wants."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest
from moto import mock_aws

from probe.main import Unwell, handler, probe

KEY = "mod_live_of_the_probe"


class Service(HTTPServer):
    verdict = "safe"
    asked: dict[str, str]


class Answer(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked = {"path": self.path, "key": self.headers["x-api-key"], "begins": body[1:4].decode()}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"data": {"verdict": self.server.verdict}}).encode())

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
