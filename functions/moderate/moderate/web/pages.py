"""Serves the service's own pages, which need no key."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from moderate.calls.answers import JsonAnswer
from moderate.dialects.examples import MODEL
from moderate.dialects.schema_refs import Responses
from moderate.dialects.service import Service
from moderate.reference import llms
from moderate.version import VERSION
from moderate.web import logo
from moderate.web.playground.assembly import Playground

_HEALTH_EXAMPLE = {"status": "ok", "model": MODEL, "version": VERSION, "build": "dev"}
_HEALTH: Responses = {
    200: {"description": "The model is loaded.", "content": {"application/json": {"example": _HEALTH_EXAMPLE}}}
}
_DOCUMENT: Responses = {200: {"description": "The OpenAPI 3.1 document."}}
_GUIDE: Responses = {
    200: {
        "description": "The summary, as plain text.",
        "content": {"text/plain": {"example": "# Modest\n\n> NSFW image moderation"}},
    }
}
_PAGE: Responses = {200: {"description": "An HTML page that loads nothing from other hosts."}}

_HERE = Path(__file__).parent
ASSETS = ("swagger-ui-bundle.js", "swagger-ui.css")
_A_WEEK = "public, max-age=604800"


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    summary: str
    operation_id: str
    endpoint: Callable[[], Awaitable[Response]]
    response_class: type[Response]
    responses: Responses


def pages(
    service: Service, *, release: str, document: Callable[[], dict[str, Any]], playground: Playground
) -> list[Page]:
    """document: returns the OpenAPI document."""
    model = {"name": service.model.name, "version": service.model.version}
    documentation = (_HERE / "docs.html").read_text("utf-8").replace("__LOGO__", logo.DATA_URL)

    async def health() -> Response:
        return JsonAnswer({"status": "ok", "model": model, "version": VERSION, "build": release})

    # Anybody can call these, and to write the document takes 30 ms.
    @cache
    def written() -> tuple[bytes, str]:
        found = document()
        return bytes(JsonAnswer(found).body), llms.guide(found)

    async def openapi() -> Response:
        return Response(written()[0], media_type="application/json")

    async def docs() -> Response:
        return HTMLResponse(documentation)

    async def guide() -> Response:
        return PlainTextResponse(written()[1])

    async def root() -> Response:
        return playground.response()

    return [
        Page("/health", "Check whether the service is up", "health", health, JsonAnswer, _HEALTH),
        Page("/openapi.json", "Get the OpenAPI document", "openapi", openapi, JsonAnswer, _DOCUMENT),
        Page("/docs", "Open the documentation page", "docs", docs, HTMLResponse, _PAGE),
        Page("/llms.txt", "Get a summary for language models", "llms", guide, PlainTextResponse, _GUIDE),
        Page("/", "Open the playground", "playground", root, HTMLResponse, _PAGE),
    ]


# The asset is not a parameter of the function: for a single one, FastAPI loads pydantic's first version at every start.
async def docs_asset(request: Request) -> Response:
    """Serves the files that the documentation page loads."""
    name = request.path_params["asset"]
    if name not in ASSETS:
        raise HTTPException(404)
    return Response(
        await asyncio.to_thread(_compressed, name),
        # The page asks for bytes and knows what they are: sam local decodes only what is of a type that was asked for.
        media_type="application/octet-stream",
        headers={"Cache-Control": _A_WEEK, "Content-Encoding": "gzip"},
    )


@cache
def _compressed(name: str) -> bytes:
    """Returns a file, compressed for everybody: what a client accepts must not decide what its answers cost."""
    return gzip.compress((_swagger_ui() / name).read_bytes(), mtime=0)


def _swagger_ui() -> Path:
    """Raises HTTPException if the package with the files is not installed."""
    package = find_spec("fastapi_offline")
    if package is None or package.origin is None:
        raise HTTPException(404)
    return Path(package.origin).parent / "static"
