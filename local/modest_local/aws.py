"""AWS's part on this machine: moto behind one lock, with one way in for this process and one for others.

moto is not safe for threads: of 50 parallel updates on a limit of 10 it let 11 through.
"""

import copy
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from io import BytesIO
from socket import socket
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.handlers import BUILTIN_HANDLERS
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import EnvironBuilder, run_wsgi_app

from modest_local.stack import Stack
from modest_local.template import REGION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from types_boto3_apigateway.client import APIGatewayClient
    from types_boto3_dynamodb.client import DynamoDBClient

Client = TypeVar("Client", bound=BaseClient)

HOST = "127.0.0.1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}
_ELSEWHERE = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL")


class LocalAws:
    def __init__(self) -> None:
        Table.__deepcopy__ = _copy  # type: ignore[attr-defined]
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self.stack: Stack | None = None
        """Answers CloudFormation; moto's would take three seconds to load, for two look-ups."""
        self.changes = 0
        """Grows with every change to API Gateway's keys and plans."""

    def wsgi(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        service = _service_of(environ)
        with self._lock:
            if service == "cloudformation" and self.stack is not None:
                return self.stack.wsgi(environ, start_response)
            if service == "apigateway" and environ["REQUEST_METHOD"] != "GET":
                self.changes += 1
            return list(self._moto(environ, start_response))

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """A handler of botocore's event `before-send`: the request takes no network."""
        parts = urlsplit(request.url)
        environ = EnvironBuilder(
            path=parts.path,
            query_string=parts.query,
            base_url=f"{parts.scheme}://{parts.netloc}",
            method=request.method,
            headers=[(name, _text(value)) for name, value in request.headers.items()],
            data=_bytes(request.body),
        ).get_environ()
        chunks, status, headers = run_wsgi_app(self.wsgi, environ, buffered=True)
        return AWSResponse(request.url, int(status.split()[0]), HTTPHeaders.from_pairs(headers), _Raw(b"".join(chunks)))

    def take_over(self, environ: MutableMapping[str, str]) -> None:
        """From now on whatever boto3 client this process makes talks to this object, and to nobody else."""
        for name in _ELSEWHERE:
            environ.pop(name, None)
        environ.update(CREDENTIALS)
        BUILTIN_HANDLERS.append(("before-send", self.answer))

    def apigateway(self) -> "APIGatewayClient":
        return self._led_here(_session().client("apigateway"))

    def dynamodb(self) -> "DynamoDBClient":
        return self._led_here(_session().client("dynamodb"))

    def _led_here(self, client: Client) -> Client:
        client.meta.events.register_first("before-send", self.answer)  # type: ignore[arg-type]
        return client

    @contextmanager
    def serve(self, sock: socket) -> Iterator[str]:
        """Other processes reach it at the URL, through AWS_ENDPOINT_URL. The socket listens, and is closed."""
        host, port = sock.getsockname()
        with sock:
            server = make_server(host, port, self.wsgi, threaded=True, request_handler=_Quiet, fd=sock.fileno())
            thread = threading.Thread(target=server.serve_forever, name="aws", daemon=True)
            thread.start()
            try:
                yield f"http://{host}:{port}"
            finally:
                server.shutdown()
                thread.join()
                server.server_close()


def _copy(table: Table, _memo: object) -> Table:
    """moto copies a table before each transaction. The ledger's entries are never changed, and there are many."""
    copied = copy.copy(table)
    copied.items = defaultdict(dict)
    for partition, items in table.items.items():
        for sort, item in items.items():
            copied.items[partition][sort] = item if sort.value.startswith("call#") else copy.deepcopy(item)
    return copied


class _Raw(BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def _session() -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


def _service_of(environ: "WSGIEnvironment") -> str:
    """From the signature's scope: `Credential=local/20261123/us-east-1/dynamodb/aws4_request`."""
    scope = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) == 5 else ""  # noqa: PLR2004


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")
