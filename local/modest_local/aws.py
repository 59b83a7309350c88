"""Emulates AWS: DynamoDB by `tables`, a call of CloudFormation by `stack`, API Gateway's keys and plans by moto."""

import threading
from collections.abc import Iterable, Iterator, MutableMapping
from functools import cache
from io import BytesIO
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.handlers import BUILTIN_HANDLERS
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

from modest_local.stack import Stack
from modest_local.tables import Tables
from modest_local.template import REGION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from types_boto3_apigateway.client import APIGatewayClient
    from types_boto3_dynamodb.client import DynamoDBClient

Client = TypeVar("Client", bound=BaseClient)

# Requests that do not leave the process are signed too, but nobody checks them.
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}
_CLEARED_VARIABLES = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL")


class LocalAws:
    def __init__(self, rows: Connection) -> None:
        """rows: a database with `rows.SCHEMA`."""
        self.services: dict[str, WSGIApplication] = {
            "apigateway": self._answer_apigateway,
            "dynamodb": Tables(rows).wsgi,
        }
        """The applications that answer, by the name that requests to them are signed for."""
        self.changes = 0
        """Counts the changes to API Gateway's keys and plans."""
        self._moto = create_backend_app("apigateway")
        self._lock = threading.Lock()

    def deploy(self, stack: Stack) -> None:
        """Lets CloudFormation know a stack. moto's own takes three seconds to load, for two look-ups."""
        self.services["cloudformation"] = stack.wsgi

    def handle_before_send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
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
        # An event's name is such as `before-send.api-gateway.GetApiKeys`.
        service = self.services[event_name.split(".")[1].replace("-", "")]
        chunks, status, headers = run_wsgi_app(service, environ, buffered=True)
        return AWSResponse(
            request.url, int(status.split()[0]), HTTPHeaders.from_pairs(headers), _RawBody(b"".join(chunks))
        )

    def redirect_clients(self, environ: MutableMapping[str, str]) -> None:
        """Makes every boto3 client that this process creates from now on talk only to this object."""
        for name in _CLEARED_VARIABLES:
            environ.pop(name, None)
        environ.update(_CREDENTIALS)
        BUILTIN_HANDLERS.append(("before-send", self.handle_before_send))

    def apigateway(self) -> "APIGatewayClient":
        return self._redirect(_session().client("apigateway"))

    def dynamodb(self) -> "DynamoDBClient":
        return self._redirect(_session().client("dynamodb"))

    def _redirect(self, client: Client) -> Client:
        client.meta.events.register_first("before-send", self.handle_before_send)  # type: ignore[arg-type]
        return client

    def _answer_apigateway(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # moto is not thread-safe.
        with self._lock:
            if environ["REQUEST_METHOD"] != "GET":
                self.changes += 1
            return list(self._moto(environ, start_response))


class _RawBody(BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


@cache
def _session() -> boto3.session.Session:
    """Returns one for all clients, because each would read the descriptions of AWS's services once more."""
    return boto3.session.Session(
        aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


def _to_text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _to_bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")
