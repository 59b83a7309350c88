"""The HTTP application: routes, and what becomes of errors."""

import json
from dataclasses import asdict
from http import HTTPStatus
from mimetypes import guess_type
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match

from moderate.calls.authentication import Identify
from moderate.calls.problems import headers_of, problem_of
from moderate.dialects import usage
from moderate.dialects.registry import DIALECTS, dialect_for
from moderate.dialects.service import Service
from moderate.observability import Observer
from moderate.reference import llms, openapi
from moderate.verdict import Cuts
from moderate.version import VERSION
from moderate.web import cors
from moderate.web.middleware import Calls
from modest.errors import PublicError

_JSON_DOCUMENT: openapi.Responses = {200: {"description": "The OpenAPI 3.1 document."}}
_GUIDE: openapi.Responses = {
    200: {"description": "Plain text.", "content": {"text/plain": {"example": "# Modest\n\n> NSFW image moderation"}}}
}
_PAGE: openapi.Responses = {200: {"description": "A page that needs no other host."}}


def create_app(service: Service, *, identify: Identify, release: str, allowed_origin: str = "") -> FastAPI:
    """`identify` stands before every route but the service's own.

    allowed_origin: whose pages may read the answers, as a browser's Origin header has it; empty for nobody's.
    """

    async def identified(request: Request) -> None:
        request.state.key_hash = identify(request)

    app = FastAPI(
        title="Modest",
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=_around(service.observer, allowed_origin),
    )
    for dialect in DIALECTS:
        app.include_router(dialect.router(service), dependencies=[Depends(identified)])
    app.include_router(usage.router(service), dependencies=[Depends(identified)])

    @app.get(
        "/health",
        tags=["service"],
        summary="Whether it is up",
        operation_id="health",
        responses=openapi.HEALTH,
    )
    async def health() -> JSONResponse:
        model = {"name": service.model.name, "version": service.model.version}
        return JSONResponse({"status": "ok", "model": model, "version": VERSION, "build": release})

    @app.get(
        "/openapi.json",
        tags=["service"],
        summary="The OpenAPI document",
        operation_id="openapi",
        responses=_JSON_DOCUMENT,
    )
    async def document() -> JSONResponse:
        return JSONResponse(openapi.document(app))

    @app.get(
        "/docs",
        tags=["service"],
        summary="The documentation page",
        operation_id="docs",
        response_class=HTMLResponse,
        responses=_PAGE,
    )
    async def docs() -> HTMLResponse:
        return HTMLResponse(openapi.PAGE)

    @app.get(
        "/llms.txt",
        tags=["service"],
        summary="The OpenAPI document in short, for language models",
        operation_id="llms",
        response_class=PlainTextResponse,
        responses=_GUIDE,
    )
    async def guide() -> PlainTextResponse:
        return PlainTextResponse(llms.guide(openapi.document(app)))

    page = playground(service.cuts)

    @app.get(
        "/",
        tags=["service"],
        summary="A page to try it on",
        operation_id="playground",
        response_class=HTMLResponse,
        responses=_PAGE,
    )
    async def root() -> HTMLResponse:
        return HTMLResponse(page)

    # Not by a parameter of the function: for one alone FastAPI would load pydantic's first version, at every start.
    @app.get("/docs/{asset}", include_in_schema=False)  # noqa: FAST003
    async def docs_asset(request: Request) -> Response:
        asset = request.path_params["asset"]
        path = openapi.assets().get(asset)
        if path is None:
            raise HTTPException(404)
        return Response(
            path.read_bytes(), media_type=guess_type(asset)[0], headers={"Cache-Control": "public, max-age=86400"}
        )

    app.add_exception_handler(PublicError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_error)
    return app


def playground(cuts: Cuts) -> str:
    page = (Path(__file__).parent / "playground.html").read_text("utf-8")
    return page.replace("__CUTS__", json.dumps(asdict(cuts)))


def _around(observer: Observer, allowed_origin: str) -> list[Middleware]:
    """The outermost first."""
    calls = Middleware(Calls, observer=observer)
    if not allowed_origin:
        return [calls]
    # Outside of Calls, so that a page can read its last net's answer, too.
    return [Middleware(CORSMiddleware, **cors.options(allowed_origin)), calls]


async def _answer_error(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    request.state.code = problem.code
    response = dialect_for(request.scope).error_response(problem, request.state.request_id, error)
    response.headers.update(headers_of(error))
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = _methods_at(request)
    return response


def _methods_at(request: Request) -> str:
    # Starlette's own Allow names the methods of one route alone, and a path has one for each method.
    def taken(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(filter(taken, ("GET", "POST")))
