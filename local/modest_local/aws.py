"""Emulates AWS with moto, for the clients of this process and, through an endpoint, for other processes.

One lock guards moto, which is not thread-safe: of 50 parallel updates with a limit of 10 it let 11 through.
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
_CLEARED_VARIABLES = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL")


class LocalAws:
    def __init__(self) -> None:
        Table.__deepcopy__ = _copy_table  # type: ignore[attr-defined]
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self.stack: Stack | None = None
        """Answers calls to CloudFormation. moto's CloudFormation takes three seconds to load, for two look-ups."""
        self.changes = 0
        """Counts the changes to API Gateway's keys and plans."""

    def wsgi(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        service = _read_service_name(environ)
        with self._lock:
            if service == "cloudformation" and self.stack is not None:
                return self.stack.wsgi(environ, start_response)
            if service == "apigateway" and environ["REQUEST_METHOD"] != "GET":
                self.changes += 1
            return list(self._moto(environ, start_response))

    def handle_before_send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Handles botocore's event `before-send`, so that the request does not use the network."""
        parts = urlsplit(request.url)
        environ = EnvironBuilder(
            path=parts.path,
            query_string=parts.query,
            base_url=f"{parts.scheme}://{parts.netloc}",
            method=request.method,
            headers=[(name, _to_text(value)) for name, value in request.headers.items()],
            data=_to_bytes(request.body),
        ).get_environ()
        chunks, status, headers = run_wsgi_app(self.wsgi, environ, buffered=True)
        return AWSResponse(
            request.url, int(status.split()[0]), HTTPHeaders.from_pairs(headers), _RawBody(b"".join(chunks))
        )

    def redirect_clients(self, environ: MutableMapping[str, str]) -> None:
        """Makes every boto3 client that this process creates from now on talk only to this object."""
        for name in _CLEARED_VARIABLES:
            environ.pop(name, None)
        environ.update(CREDENTIALS)
        BUILTIN_HANDLERS.append(("before-send", self.handle_before_send))

    def apigateway(self) -> "APIGatewayClient":
        return self._redirect(_make_session().client("apigateway"))

    def dynamodb(self) -> "DynamoDBClient":
        return self._redirect(_make_session().client("dynamodb"))

    def _redirect(self, client: Client) -> Client:
        client.meta.events.register_first("before-send", self.handle_before_send)  # type: ignore[arg-type]
        return client

    @contextmanager
    def serve(self, sock: socket) -> Iterator[str]:
        """Serves processes whose AWS_ENDPOINT_URL is the yielded URL. The socket must be listening, and is closed."""
        host, port = sock.getsockname()
        with sock:
            server = make_server(
                host, port, self.wsgi, threaded=True, request_handler=_QuietRequestHandler, fd=sock.fileno()
            )
            thread = threading.Thread(target=server.serve_forever, name="aws", daemon=True)
            thread.start()
            try:
                yield f"http://{host}:{port}"
            finally:
                server.shutdown()
                thread.join()
                server.server_close()


def _copy_table(table: Table, _memo: object) -> Table:
    """Copies a table for moto, which does so before each transaction. Ledger entries never change and are shared."""
    copied = copy.copy(table)
    copied.items = defaultdict(dict)
    for partition, items in table.items.items():
        for sort, item in items.items():
            copied.items[partition][sort] = item if sort.value.startswith("call#") else copy.deepcopy(item)
    return copied


class _RawBody(BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


class _QuietRequestHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def _make_session() -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


def _read_service_name(environ: "WSGIEnvironment") -> str:
    """Reads the signature's scope, such as `Credential=local/20261123/us-east-1/dynamodb/aws4_request`."""
    scope = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) == 5 else ""  # noqa: PLR2004


def _to_text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _to_bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")
