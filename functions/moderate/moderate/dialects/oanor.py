"""Implements oanor's `/v1/check` and `/v1/classify`, which take one image and return a verdict.

The record includes `/v1/usage`, which is our own route in oanor's envelope.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from moderate.calls import body, multipart
from moderate.calls.account_policy import Rules
from moderate.calls.answers import JsonAnswer
from moderate.calls.metering import Judged
from moderate.calls.parameters import Explain, InvalidRequest, parse_explain, parse_policy, parse_threshold
from moderate.calls.problems import Problem
from moderate.dialects import usage
from moderate.dialects.dialect import Dialect, Route
from moderate.dialects.oanor_answers import classified, envelope
from moderate.dialects.oanor_documentation import documentation
from moderate.dialects.oanor_schema import (
    CheckAnswer,
    CheckData,
    ClassifyAnswer,
    Envelope,
    OanorError,
    new_meta,
)
from moderate.dialects.parameter_names import CHECK, CLASSIFY, mistake_in, unescaped_url
from moderate.dialects.service import Service, distinct_judged
from moderate.dialects.usage_schema import UsageAnswer
from moderate.fetching.urls import InvalidUrl
from moderate.pipeline import Judgement
from moderate.sources import ImageBase64, ImageBytes, ImageUrl, Source, is_data_url, with_pluses
from moderate.verdict import Policy, passes
from modest.errors import PublicError
from modest.money import Terms
from modest.prices import covered_by_plan

PREFIXES = ("/v1", "/nsfw-api/v1")
"""The first is documented; the second is where oanor itself has these routes."""

_TEXT_IMAGES: dict[str, type[ImageUrl] | type[ImageBase64]] = {"url": ImageUrl, "base64": ImageBase64}
# A query holds the text of what JSON may hold as a number.
_MEANINGS: dict[str, Callable[[Any], object]] = {
    "threshold": lambda value: parse_threshold(value, 0),
    "policy": parse_policy,
    "explain": parse_explain,
}
_ONE_IMAGE = "Send exactly one image: as url or base64, or its bytes as the body or a multipart file."

_LONGEST_NAME = 1000
_FILE_FIELD = " A field holds the name of a file. Send the file: curl -F image=@photo.jpg, with an @."


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    source: Source
    fields: dict[str, Any]
    """The other parameters, from the query and the body together."""

    @property
    def policy(self) -> Policy | None:
        """Raises InvalidRequest."""
        return parse_policy(self.fields.get("policy"))


def routes(service: Service) -> Iterator[Route]:
    async def check(request: Request, terms: Terms) -> Judged:
        parsed = await parse(request, CHECK)
        rules = service.rules(request, parsed.policy)
        threshold = parse_threshold(parsed.fields.get("threshold"), rules.cuts.nsfw)
        judgement = await judge(request, parsed, rules, threshold=threshold)
        safe = passes(judgement.nsfw_score, threshold)
        data = CheckData(
            safe=safe,
            threshold=threshold,
            top_class=judgement.scores.top_class.capitalize(),
            nsfw_score=judgement.nsfw_score,
        )
        answer = CheckAnswer(data=data, **envelope_of(request, rules, judgement, "Image checked", safe=safe))
        answer["meta"]["verdict"] = judgement.verdict
        return Judged(covered_by_plan(distinct_judged([judgement]), terms), lambda _charge: answer)

    async def classify(request: Request, terms: Terms) -> Judged:
        parsed = await parse(request, CLASSIFY)
        explain = parse_explain(parsed.fields.get("explain"))
        rules = service.rules(request, parsed.policy)
        judgement = await judge(request, parsed, rules, explain=explain is not Explain.NOTHING)
        unexplained = explain is not Explain.NOTHING and judgement.heatmaps is None and judgement.was_judged
        message = "Image classified; its model makes no heat maps" if unexplained else "Image classified"
        data = classified(judgement, explain, service.model.size)
        answer = ClassifyAnswer(data=data, **envelope_of(request, rules, judgement, message, safe=data["safe"]))
        return Judged(covered_by_plan(distinct_judged([judgement]), terms), lambda _charge: answer)

    async def judge(
        request: Request, parsed: ParsedRequest, rules: Rules, *, threshold: float | None = None, explain: bool = False
    ) -> Judgement:
        (outcome,) = await service.judge(request, [parsed.source], rules, threshold=threshold, explain=explain)
        if isinstance(outcome, PublicError):
            raise outcome
        return outcome

    def envelope_of(request: Request, rules: Rules, judgement: Judgement, message: str, *, safe: bool) -> Envelope:
        if not judgement.was_judged:
            message = "Image found on a list"
        return envelope(request.state.request_id, judgement, service.model, message, rules, safe=safe)

    for prefix in PREFIXES:
        documented = prefix == PREFIXES[0]
        for name, judged in (("check", check), ("classify", classify)):
            for method in ("GET", "POST"):
                about = documentation(name, method, service.cuts) if documented else None
                yield Route(method, f"{prefix}/{name}", service.metering.metered(judged), about)
    yield from usage.routes(service)


async def parse(request: Request, route: str) -> ParsedRequest:
    """Raises InvalidRequest, InvalidBase64, ImageTooLarge, UnsupportedFormat."""
    query = request.query_params.multi_items()
    fields = [*_with_pluses(query), *await body.parsed(request, _fields_of, request, route)]
    if mistake := mistake_in(route, fields) or unescaped_url(route, request.query_params, _urls_sent(request)):
        raise mistake
    images = [source for name, value in fields if (source := _source(name, value))]
    if len(images) != 1:
        found = "none was" if not images else f"{len(images)} were"
        hint = _FILE_FIELD if not images and any(_is_file_name(value) for _, value in fields) else ""
        raise InvalidRequest(f"{_ONE_IMAGE} In this request {found} found.{hint}")
    return ParsedRequest(images[0], _unambiguous(fields))


def _is_file_name(value: object) -> bool:
    return isinstance(value, str) and body.is_file_name(value[:_LONGEST_NAME].encode(errors="replace"))


def error_response(problem: Problem, request_id: str, _error: Exception | None) -> JsonAnswer:
    content = OanorError(
        data=None,
        meta=new_meta(request_id),
        status="error",
        success=False,
        message=problem.message,
        error=problem.message,
        code=problem.code,
        param=problem.param,
    )
    return JsonAnswer(content, problem.status)


def _fields_of(data: bytes, request: Request, route: str) -> list[tuple[str, Any]]:
    """Raises InvalidRequest, InvalidBase64, UnsupportedFormat."""
    if not data:
        return []
    if body.looks_like_json(data):
        return list(body.parse_json(data).items())
    content_type = request.headers.get("content-type", "")
    if content_type.lower().startswith("multipart/"):
        return list(multipart.parse(content_type, data))
    if body.looks_like_form(data):
        form = body.parse_form(data)
        if mistake := unescaped_url(route, (name for name, _ in form), _urls_in(data)):
            raise mistake
        return _with_pluses(form)
    body.refuse_spoilt(request, data)
    return [("", data)]


def _urls_sent(request: Request) -> list[str]:
    """Returns the `url`s of the query. API Gateway decodes queries, so nothing shows how these were sent."""
    if "aws.event" in request.scope:
        return request.query_params.getlist("url")
    return _urls_in(request.scope["query_string"])


def _urls_in(encoded: bytes) -> list[str]:
    parts = (part.partition(b"=") for part in encoded.split(b"&"))
    return [value.decode("latin-1") for name, _, value in parts if name == b"url"]


def _with_pluses(fields: Iterable[tuple[str, str]]) -> list[tuple[str, Any]]:
    """Returns the fields of a query or a form, restoring each `+` that its base64 lost because it was not escaped."""
    return [(name, with_pluses(value) if name == "base64" else value) for name, value in fields]


def _source(name: str, value: object) -> Source | None:
    """Returns the image in a field: bytes under any name, but text only under the names that stand for images."""
    # A browser sends a file field that was left empty as a file without bytes.
    if value is None or value in ("", b""):
        return None
    if isinstance(value, bytes):
        return ImageBytes(value)
    if name not in _TEXT_IMAGES:
        return None
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a string.", param=name)
    if name == "url" and is_data_url(value):
        raise InvalidUrl("This is a data URL, not a web address. Send it as base64 instead of url.")
    return _TEXT_IMAGES[name](value)


def _unambiguous(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Raises InvalidRequest."""
    found: dict[str, Any] = {}
    for name, value in fields:
        if name not in _MEANINGS:
            continue
        if name in found and _meaning(name, found[name]) != _meaning(name, value):
            raise InvalidRequest(f"{name} was given twice with different values. Give it once.", param=name)
        found[name] = value
    return found


def _meaning(name: str, value: Any) -> object:
    """Raises InvalidRequest."""
    return None if value in (None, "") else _MEANINGS[name](value)


DIALECT = Dialect(
    name="oanor",
    prefixes=PREFIXES,
    routes=routes,
    answers=(CheckAnswer, ClassifyAnswer, UsageAnswer),
    error=OanorError,
    error_response=error_response,
)
