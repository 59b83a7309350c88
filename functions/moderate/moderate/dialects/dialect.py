"""Defines what a published API consists of. Each has a module beside this one, and registry.py lists them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NotRequired

from typing_extensions import TypedDict

from moderate.calls.answers import JsonAnswer
from moderate.calls.metering import Endpoint
from moderate.calls.problems import STATUS_AND_CODE, Problem
from moderate.dialects.schema_refs import Responses
from moderate.dialects.service import Service
from modest.errors import PublicError
from modest.refusals import IdempotencyInProgress, IdempotencyMismatch


class Documentation(TypedDict):
    """What the OpenAPI document says about a route, under the names that FastAPI gives it. Errors are added later."""

    operation_id: str
    summary: str
    description: str
    responses: Responses
    status_code: NotRequired[int]
    """That of the successful answer, if it is not 200."""
    openapi_extra: NotRequired[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    endpoint: Endpoint
    """`service.metering.metered(judge)`, unless the call is free and counts towards no quota."""
    documentation: Documentation | None
    """None for a route that the OpenAPI document leaves out, such as an alias."""
    errors: frozenset[type[Exception]] = frozenset(STATUS_AND_CODE)
    """The errors that the route can raise, apart from faults of ours."""

    def can_raise(self, error: Exception) -> bool:
        if isinstance(error, IdempotencyInProgress | IdempotencyMismatch) and self.method != "POST":
            return False
        return isinstance(error, tuple(self.errors)) or not isinstance(error, PublicError)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One published API."""

    name: str
    """The API's name in the OpenAPI document."""
    prefixes: tuple[str, ...]
    """Errors at paths with these prefixes leave in this dialect's envelope, even if there is no such route."""
    routes: Callable[[Service], Iterable[Route]]
    answers: tuple[type, ...]
    """The types of successful answers, which the OpenAPI document defines."""
    error: type
    """The type of the envelope, which the OpenAPI document defines too."""
    error_response: Callable[[Problem, str, Exception | None], JsonAnswer]
    """Puts a problem into the envelope, given the request's id and the exception behind the problem."""
    as_raised: Callable[[Exception], Exception] = lambda error: error
    """Returns the error that a route raises if one image of the call failed with the given error."""
