"""One module per published API. The first whose prefix fits a path answers for it, errors included."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.types import Scope

from moderate.calls.problems import Problem
from moderate.dialects import nanogpt, oanor, openai
from moderate.dialects.service import Service


@dataclass(frozen=True, slots=True)
class Dialect:
    prefixes: tuple[str, ...]
    router: Callable[[Service], APIRouter]
    error_response: Callable[[Problem, str, Exception | None], JSONResponse]
    as_raised: Callable[[Exception], Exception] = lambda error: error
    """How an error that one image caused leaves a route of this dialect."""


NANOGPT = Dialect((nanogpt.PREFIX,), nanogpt.router, nanogpt.error_response, nanogpt.as_raised)
OANOR = Dialect(oanor.PREFIXES, oanor.router, oanor.error_response)
OPENAI = Dialect((openai.PATH,), openai.router, openai.error_response)
# OpenAI's path begins as oanor's do.
DIALECTS = (NANOGPT, OPENAI, OANOR)


def dialect_of(path: str) -> Dialect:
    """The dialect that a path belongs to; oanor's flat envelope serves all that belongs to none."""
    return next((dialect for dialect in DIALECTS if path.startswith(dialect.prefixes)), OANOR)


def dialect_for(scope: Scope) -> Dialect:
    """As dialect_of, for a call's path without what the application is mounted under."""
    return dialect_of(scope["path"].removeprefix(scope.get("root_path", "")))
