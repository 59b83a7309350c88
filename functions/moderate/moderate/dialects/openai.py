"""Implements OpenAI's `POST /v1/moderations`, for images only."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fastapi import Request

from moderate.calls import body
from moderate.calls.answers import JsonAnswer
from moderate.calls.metering import Judged
from moderate.calls.parameters import InvalidRequest, parse_policy
from moderate.calls.problems import Problem
from moderate.dialects.dialect import Dialect, Route
from moderate.dialects.openai_schema import (
    MAX_IMAGES,
    MODERATIONS,
    ErrorDetail,
    OpenAiAnswer,
    OpenAiError,
    Result,
    result,
)
from moderate.dialects.parameter_names import OPENAI, mistake_in, mistake_in_query
from moderate.dialects.reasons import shown_reason
from moderate.dialects.service import Service, distinct_judged
from moderate.pipeline import Judgement
from moderate.sources import ImageBase64, ImageUrl, Source, is_data_url
from moderate.verdict import Policy, Verdict
from modest.errors import PublicError
from modest.money import Terms
from modest.prices import by_the_image

_TEXT = "Text is not judged here, so it cannot be reported as safe. Send only image_url parts."
_PART = 'Each part of input must be {"type": "image_url", "image_url": {"url": "https://… or data:image/…"}}.'
_TYPES = {401: "authentication_error", 429: "rate_limit_error"}
_SERVER_ERROR = 500


def routes(service: Service) -> list[Route]:
    async def moderations(request: Request, terms: Terms) -> Judged:
        images, policy = await _parsed(request)
        rules = service.rules(request, policy)
        outcomes = await service.judge(request, images, rules, threshold=rules.cuts.nsfw)
        results: list[Result] = []
        digests: list[str | None] = []
        for position, outcome in enumerate(outcomes):
            if isinstance(outcome, PublicError):
                outcome.param = f"input[{position}]"
                raise outcome
            digests.append(outcome.digest)
            results.append(_result(outcome))
        answer = OpenAiAnswer(
            id=f"modr-{request.state.request_id}", model=service.model.name, results=results, sha256=digests
        )
        return Judged(by_the_image(distinct_judged(outcomes), terms), lambda _charge: answer)

    return [Route("POST", OPENAI, service.metering.metered(moderations, _images), MODERATIONS)]


async def _parsed(request: Request) -> tuple[list[Source], Policy | None]:
    """Raises InvalidRequest."""
    return await body.parsed(request, read, list(request.query_params))


async def _images(request: Request) -> Sequence[Source]:
    """Raises InvalidRequest."""
    return (await _parsed(request))[0]


def read(data: bytes, query: Iterable[str]) -> tuple[list[Source], Policy | None]:
    """query: the names in it. Raises InvalidRequest."""
    fields = body.parse_json(data)
    if mistake := mistake_in_query(OPENAI, query) or mistake_in(OPENAI, fields.items()):
        raise mistake
    policy = parse_policy(fields.get("policy"))
    return list(sources(fields.get("input"))), policy


def sources(given: object) -> Iterator[Source]:
    """Raises InvalidRequest for any text, even next to images, because an answer would call it unflagged."""
    if isinstance(given, str):
        raise InvalidRequest(_TEXT, param="input")
    if not isinstance(given, list) or not given:
        raise InvalidRequest(f"input must be a list of images. {_PART}", param="input")
    if len(given) > MAX_IMAGES:
        raise InvalidRequest(
            f"input may have at most {MAX_IMAGES} images. Send the rest in another call.", param="input"
        )
    for position, part in enumerate(given):
        yield _source(part, f"input[{position}]")


def error_response(problem: Problem, _request_id: str, _error: Exception | None) -> JsonAnswer:
    """Returns OpenAI's envelope, in which anything wrong with an image is a 400: its clients expect no 413 or 415."""
    status = 400 if problem.about_image else problem.status
    kind = "server_error" if status >= _SERVER_ERROR else _TYPES.get(status, "invalid_request_error")
    detail = ErrorDetail(message=problem.message, type=kind, param=problem.param, code=problem.code)
    return JsonAnswer(OpenAiError(error=detail), status)


def _result(judgement: Judgement) -> Result:
    found = result(judgement.verdict, judgement.nsfw_score)
    if judgement.verdict is not Verdict.SAFE:
        found["reason"] = shown_reason(judgement)
    return found


def _source(part: Any, param: str) -> Source:
    if isinstance(part, str) or (isinstance(part, dict) and part.get("type") == "text"):
        raise InvalidRequest(_TEXT, param=param)
    image = part.get("image_url") if isinstance(part, dict) and part.get("type") == "image_url" else None
    url = image.get("url") if isinstance(image, dict) else None
    if not isinstance(url, str) or not url:
        raise InvalidRequest(_PART, param=param)
    return ImageBase64(url) if is_data_url(url) else ImageUrl(url)


DIALECT = Dialect(
    name="OpenAI",
    prefixes=(OPENAI,),
    routes=routes,
    answers=(OpenAiAnswer,),
    error=OpenAiError,
    error_response=error_response,
)
