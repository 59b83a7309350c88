"""Serves the emulated AWS to the operator's commands, and to nobody else.

Every web page that a browser on this machine shows can send requests here. The browser then names the page's origin,
or, if the page's own host name leads to this machine (DNS rebinding), that host. Both are refused, and so is whatever
is not signed with the secret, such as a request for a picture.
"""

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from socket import socket
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from modest_local.credentials import signed_service
from modest_local.stack import make_error

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FORBIDDEN = 403


@contextmanager
def serve(services: Mapping[str, "WSGIApplication"], secret: str, sock: socket) -> Iterator[str]:
    """Serves processes whose AWS_ENDPOINT_URL is the yielded URL. The socket must be listening, and is closed."""
    host, port = sock.getsockname()
    endpoint = Endpoint(services, secret, hosts={f"{host}:{port}", f"localhost:{port}"})
    with sock:
        server = make_server(
            host, port, endpoint.wsgi, threaded=True, request_handler=_QuietRequestHandler, fd=sock.fileno()
        )
        thread = threading.Thread(target=server.serve_forever, name="aws", daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class Endpoint:
    """A WSGI application that passes on only what the operator's commands send."""

    def __init__(self, services: Mapping[str, "WSGIApplication"], secret: str, *, hosts: Collection[str]) -> None:
        """hosts: what a request's Host header may be."""
        self._services = services
        self._secret = secret
        self._hosts = hosts

    def wsgi(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._choose(Request(environ))(environ, start_response)

    def _choose(self, request: Request) -> "WSGIApplication":
        if "Origin" in request.headers or request.headers.get("Host", "") not in self._hosts:
            return _refuse(request, "AccessDenied", "Web pages may not use this port.")
        service = signed_service(request, self._secret)
        # The body has been read to check the signature. The service reads it again.
        request.environ["wsgi.input"] = BytesIO(request.get_data())
        if service is None:
            return _refuse(
                request, "UnrecognizedClientException", "The request is not signed with the credentials of `make run`."
            )
        if service not in self._services:
            return _refuse(request, "AccessDenied", f"{service} is not emulated locally.")
        return self._services[service]


def _refuse(request: Request, code: str, message: str) -> Response:
    if request.mimetype == "application/x-www-form-urlencoded":
        return make_error(code, message, _FORBIDDEN)
    return Response(
        json.dumps({"__type": code, "message": message}),
        _FORBIDDEN,
        {"x-amzn-ErrorType": code},
        content_type="application/x-amz-json-1.0",
    )


class _QuietRequestHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass
