"""Makes the HTTP application: its routes, its middleware and its answers to errors."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match

from moderate.calls.authentication import Identify, anyone
from moderate.calls.problems import headers_of, problem_of
from moderate.dialects.dialect import Dialect
from moderate.dialects.registry import DIALECTS
from moderate.dialects.service import Service
from moderate.reference import openapi
from moderate.version import VERSION
from moderate.web import cors
from moderate.web.logo import favicon
from moderate.web.middleware import Calls
from moderate.web.pages import Page, docs_asset, pages
from moderate.web.playground.assembly import assemble
from modest.errors import PublicError


def create_app(
    service: Service,
    *,
    identify: Identify,
    release: str,
    allowed_origin: str = "",
    contact_url: str = "",
    dialects: Sequence[Dialect] = DIALECTS,
) -> FastAPI:
    """identify: authenticates the calls of every route except the service's own pages.
    allowed_origin: whose pages may read the answers, as browsers write it in Origin; empty for nobody's.
    contact_url: where to ask for a key, which the playground and the document say; empty if the operator has set none.
    """

    async def identified(request: Request) -> None:
        request.state.key_hash = identify(request)

    calls = Middleware(Calls, observer=service.observer, dialects=dialects)
    app = FastAPI(
        title="Modest",
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # The outermost comes first, so that browsers can read even the 500s that Calls answers.
        middleware=[*_cors(allowed_origin), calls],
        exception_handlers={PublicError: _answer_error, HTTPException: _answer_error},
    )
    keyed = [(dialect, route) for dialect in dialects for route in dialect.routes(service)]
    for dialect, route in keyed:
        documentation: Mapping[str, Any] = route.documentation or {}
        _add_route(
            app,
            route.method,
            route.path,
            route.endpoint,
            tags=[dialect.name],
            dependencies=[Depends(identified)],
            include_in_schema=bool(documentation),
            **documentation,
        )
    plans = service.ledger.plans if service.ledger is not None else {}
    document = partial(openapi.document, app, keyed, plans, contact_url)
    playground = assemble(service.cuts, service.default_policy, contact_url=contact_url, keys=identify is not anyone)
    for page in pages(service, release=release, document=document, playground=playground):
        _add_page(app, page)
    for path, file in (("/docs/{asset}", docs_asset), ("/favicon.ico", favicon)):
        _add_route(app, "GET", path, file, include_in_schema=False)
    return app


def _add_page(app: FastAPI, page: Page) -> None:
    _add_route(
        app,
        "GET",
        page.path,
        page.endpoint,
        tags=["service"],
        summary=page.summary,
        description=page.responses[200]["description"],
        operation_id=page.operation_id,
        response_class=page.response_class,
        responses=page.responses,
    )


def _add_route(
    app: FastAPI, method: str, path: str, endpoint: Callable[..., Awaitable[Response]], **options: Any
) -> None:
    """Adds a route, and HEAD wherever GET is: it does the same, and the server leaves out the body."""
    app.add_api_route(path, endpoint, methods=[method], **options)
    if method == "GET":
        # The OpenAPI document would have an operation for each method of one route.
        app.add_api_route(path, endpoint, methods=["HEAD"], **options | {"include_in_schema": False})


def _cors(allowed_origin: str) -> list[Middleware]:
    return [Middleware(CORSMiddleware, **cors.options(allowed_origin))] if allowed_origin else []


async def _answer_error(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    request.state.code = problem.code
    request.state.detail = error.detail if isinstance(error, PublicError) else ""
    # It leads to the body and back to the error, so that both would stay until garbage is collected.
    error.with_traceback(None)
    dialect: Dialect = request.state.dialect
    response = dialect.error_response(problem, request.state.request_id, error)
    response.headers.update(headers_of(error))
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = _methods_at(request)
    return response


def _methods_at(request: Request) -> str:
    # Starlette's own Allow names the method of one route only, and a path has a route for each method.
    def taken(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(filter(taken, ("GET", "HEAD", "POST")))
