"""Implements NanoGPT's `POST /api/nsfw/image`, which returns a flag for each of up to ten images, and the cost."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fastapi import Request

from moderate.calls import body
from moderate.calls.answers import JsonAnswer
from moderate.calls.metering import Judged
from moderate.calls.parameters import InvalidRequest, parse_policy
from moderate.calls.problems import Problem, problem_of
from moderate.dialects.dialect import Dialect, Route
from moderate.dialects.nanogpt_schema import (
    IMAGE,
    MAX_IMAGES,
    MODEL,
    ImageProblem,
    NanoGptAnswer,
    NanoGptError,
    OnError,
)
from moderate.dialects.parameter_names import NANOGPT, mistake_in, mistake_in_query
from moderate.dialects.reasons import shown_reason
from moderate.dialects.service import Service, distinct_judged
from moderate.pipeline import Outcome
from moderate.sources import ImageBase64, ImageUrl, InvalidBase64, Source, is_data_url
from moderate.verdict import Policy, Verdict
from modest.errors import PublicError
from modest.money import Terms
from modest.prices import Charge, by_the_image

# The fields in the order in which their images are read. The value says whether the field may hold a list.
_FIELDS = {
    "image_urls": True,
    "imageUrls": True,
    "imageUrl": False,
    "imageDataUrl": False,
    "imageDataUrls": True,
}
_DATA_FIELDS = ("imageDataUrl", "imageDataUrls")
_SERVER_ERROR = 500
_NO_IMAGES = "No valid image URLs provided"
_ERROR_TEXTS = {401: "Unauthorized", 429: "Rate limit exceeded", 500: "NSFW classification failed"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of a call."""

    param: str
    """Its place in the request, such as `image_urls[1]`."""
    image: Source | PublicError
    """An error if the entry does not name an image."""


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    entries: tuple[Entry, ...]
    """At most MAX_IMAGES."""
    truncated: bool
    """Whether the request named more."""
    policy: Policy | None
    """None if the request names none."""
    partial: bool

    @property
    def sources(self) -> list[Source]:
        """The entries that name an image."""
        return [entry.image for entry in self.entries if not isinstance(entry.image, PublicError)]


class NoImages(InvalidRequest):
    """No image field holds a value."""


class ImagesNotJudged(InvalidRequest):
    """At least one image could not be judged, and the caller did not ask for a partial answer.

    It carries the code of the first of these images.
    """

    def __init__(self, problems: list[ImageProblem]) -> None:
        first = problems[0]
        others = f" (The field `errors` lists {len(problems) - 1} more.)" if len(problems) > 1 else ""
        super().__init__(f"Image at index {first['index']} ({first['param']}): {first['message']}{others}")
        self.code = first["code"]
        self.problems = problems


def routes(service: Service) -> list[Route]:
    async def image(request: Request, terms: Terms) -> Judged:
        parsed = await _parsed(request)
        rules = service.rules(request, parsed.policy)
        judged = iter(
            await service.judge(request, parsed.sources, rules, threshold=rules.cuts.nsfw, list_hits_are_errors=True)
        )
        outcomes = [entry.image if isinstance(entry.image, PublicError) else next(judged) for entry in parsed.entries]
        refuse_unless_partial(parsed, outcomes)
        return Judged(
            by_the_image(distinct_judged(outcomes), terms),
            lambda charged: answer(parsed, outcomes, request.state.request_id, charged),
        )

    return [Route("POST", NANOGPT, service.metering.metered(image, _images), IMAGE)]


async def _parsed(request: Request) -> ParsedRequest:
    """Raises InvalidRequest."""
    return await body.parsed(request, read, list(request.query_params))


async def _images(request: Request) -> Sequence[Source]:
    """Raises InvalidRequest."""
    return (await _parsed(request)).sources


def read(data: bytes, query: Iterable[str]) -> ParsedRequest:
    """query: the names in it. Raises InvalidRequest."""
    if mistake := mistake_in_query(NANOGPT, query):
        raise mistake
    return parse(body.parse_json(data))


def parse(fields: dict[str, Any]) -> ParsedRequest:
    """Raises InvalidRequest."""
    if fields.get("model") not in (None, "", MODEL):
        raise InvalidRequest(f"model must be {MODEL}. You can also leave it out.", param="model")
    on_error = fields.get("on_error")
    if on_error not in (None, "", *OnError):
        raise InvalidRequest(f"on_error must be {' or '.join(OnError)}.", param="on_error")
    policy = parse_policy(fields.get("policy"))
    # Reads one more than the maximum, to find out whether there are more.
    entries = list(islice(_entries(fields), MAX_IMAGES + 1))
    mistake = mistake_in(NANOGPT, fields.items())
    if not entries:
        raise NoImages(mistake.message if mistake else _NO_IMAGES)
    if mistake:
        raise mistake
    return ParsedRequest(tuple(entries[:MAX_IMAGES]), len(entries) > MAX_IMAGES, policy, on_error == OnError.PARTIAL)


def as_raised(error: Exception) -> Exception:
    """Returns the error that the route raises if the call's first image failed with the given one."""
    if isinstance(error, PublicError) and problem_of(error).about_image:
        return ImagesNotJudged([_image_problem(0, "image_urls[0]", error)])
    return error


def refuse_unless_partial(parsed: ParsedRequest, outcomes: Sequence[Outcome]) -> None:
    """Raises ImagesNotJudged if an image could not be judged and the caller did not ask for a partial answer."""
    problems = _problems(parsed, outcomes)
    if problems and not parsed.partial:
        raise ImagesNotJudged(problems)


def answer(parsed: ParsedRequest, outcomes: Sequence[Outcome], request_id: str, charge: Charge) -> NanoGptAnswer:
    problems = _problems(parsed, outcomes)
    judged = [None if isinstance(outcome, PublicError) else outcome for outcome in outcomes]
    flags = [None if each is None else each.verdict is Verdict.NSFW for each in judged]
    result = NanoGptAnswer(
        model=MODEL,
        requestId=request_id,
        inputCount=len(outcomes),
        cost=float(charge.amount),
        currency=charge.terms.currency,
        truncated=parsed.truncated,
        has_nsfw_concepts=flags,
        is_nsfw=True if True in flags else (None if problems else False),
        verdicts=[None if each is None else each.verdict for each in judged],
        reasons=[None if each is None or each.verdict is Verdict.SAFE else shown_reason(each) for each in judged],
        sha256=[None if each is None else each.digest for each in judged],
    )
    if problems:
        result["errors"] = problems
    return result


def _problems(parsed: ParsedRequest, outcomes: Sequence[Outcome]) -> list[ImageProblem]:
    return [
        _image_problem(index, entry.param, outcome)
        for index, (entry, outcome) in enumerate(zip(parsed.entries, outcomes, strict=True))
        if isinstance(outcome, PublicError)
    ]


def error_response(problem: Problem, request_id: str, error: Exception | None) -> JsonAnswer:
    """Returns NanoGPT's envelope, in which anything wrong with an image is a 400.

    Where NanoGPT publishes the text of `error`, `message` says what the client can do, if anything.
    """
    status = 400 if problem.about_image else problem.status
    text = _NO_IMAGES if isinstance(error, NoImages) else _ERROR_TEXTS.get(status, problem.message)
    content = NanoGptError(error=text, code=problem.code, requestId=request_id)
    if text != problem.message and status < _SERVER_ERROR:
        content["message"] = problem.message
    if isinstance(error, ImagesNotJudged):
        content["errors"] = error.problems
    return JsonAnswer(content, status)


def _entries(fields: dict[str, Any]) -> Iterator[Entry]:
    for name, may_be_list in _FIELDS.items():
        value = fields.get(name)
        if value is None or value in ("", []):
            continue
        if isinstance(value, str):
            yield Entry(name, _image(name, value))
        elif isinstance(value, list) and may_be_list:
            for position, item in enumerate(value):
                yield Entry(f"{name}[{position}]", _image(name, item))
        else:
            expected = "a string or a list of strings" if may_be_list else "a string"
            raise InvalidRequest(f"{name} must be {expected}.", param=name)


def _image_problem(index: int, param: str, error: PublicError) -> ImageProblem:
    return ImageProblem(index=index, param=param, code=problem_of(error).code, message=error.message)


def _image(name: str, item: object) -> Source | PublicError:
    if not isinstance(item, str) or not item:
        return InvalidRequest("This entry is not a URL. Remove it, or send an image's URL.")
    if is_data_url(item):
        return ImageBase64(item)
    if name not in _DATA_FIELDS:
        return ImageUrl(item)
    if item[:4].lower() == "http":
        return InvalidBase64(f"{name} takes data URLs (data:image/png;base64,...). Put web addresses in image_urls.")
    return ImageBase64(item)


DIALECT = Dialect(
    name="NanoGPT",
    prefixes=("/api/nsfw/",),
    routes=routes,
    answers=(NanoGptAnswer,),
    error=NanoGptError,
    error_response=error_response,
    as_raised=as_raised,
)
