"""Makes /llms.txt, a summary of the OpenAPI document for language models that write clients."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from moderate.calls.problems import problem_of
from moderate.reference import gateway_answers
from moderate.reference.error_examples import error_examples
from moderate.reference.openapi import IDEMPOTENCY_HOURS
from moderate.sources import MAX_FETCHED, MAX_SENT
from moderate.verdict import Policy, Verdict

_WEIGHTS = ", ".join(f"{policy} {policy.sexy_weight:g}" for policy in Policy)
_ABOUT = f"""
All paths are relative to the URL of this file without `llms.txt`, which may include a stage such as `/prod`.

## Keys

Send the key in `x-api-key`, `x-oanor-key` or `Authorization: Bearer`, never in a URL. Read it from the environment,
never from code.

## What a verdict means

nsfw_score = porn + hentai + w * sexy, where w depends on the policy ({_WEIGHTS}).
The verdict is one of {", ".join(Verdict)}. The operator sets the scores at which questionable and nsfw begin,
maybe for your account alone: see `policy` in `GET /v1/usage`.
`safe` means two things: in `check`, a score below your own threshold; in `classify`, the verdict safe.

## What to watch out for

- Always send a `Content-Type`. For the bytes of an image, use `application/octet-stream`: API Gateway reads many other
  types as text, which destroys the image.
- A call can carry about {MAX_SENT} of images. An image that is fetched from a URL may be up to {MAX_FETCHED}.
- If the status is not 200 (in `gate` 204, 403 or 406), you have no verdict. Never treat the image as safe.
- Only sexual content is judged, not text or other categories.

## Retrying

- Set a limit of your own, such as five attempts.
- Give every POST its own `Idempotency-Key` (a UUID), and repeat the request with the same one: a call that was judged
  is counted and charged once, even if its answer was lost. The key is valid for {IDEMPOTENCY_HOURS} hours, for the same
  route, query and body; 422 `idempotency_mismatch` means that they differ. After an error it can be used again.

## Usage and charges

`X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds) say how many calls are left this month.
"""

_ABOUT_IMAGES = (
    "NanoGPT's and OpenAI's routes return 400 for every problem with an image, with the same codes. Misskey's has it "
    "in the result of that image."
)
# The rest of a SHA-256 or of a request's id says nothing.
_DIGEST = re.compile(r"\b([0-9a-f]{8})(?:[0-9a-f]{56}|(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")
_SENTENCE_END = re.compile(r"(?<=[.]) ")
# So many equal entries of an object are too many to show.
_MANY = 8

Document = Mapping[str, Any]
Operation = Mapping[str, Any]


def guide(document: Document) -> str:
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    keyed = [found for found in operations if found[1]["security"]]
    posted = {path for path, methods in document["paths"].items() if "post" in methods}
    shown: set[tuple[str, str]] = set()
    parts = [
        f"# {document['info']['title']}\n\n> NSFW image moderation: send an image, get a verdict.",
        document["info"]["description"].strip(),
        _ABOUT.strip(),
        "## Routes that need a key",
        *(_route(name, operation, posted, shown) for name, operation in keyed),
        "## Routes that need no key",
        "\n".join(f"- {name}: {operation['summary']}" for name, operation in operations if not operation["security"]),
        "## Errors",
        _ABOUT_IMAGES,
        "\n".join(_errors()),
    ]
    return "\n\n".join(parts) + "\n"


def _route(name: str, operation: Operation, posted: Collection[str], shown: set[tuple[str, str]]) -> str:
    """posted: the paths that can be called with POST, where GET needs no description of its own.
    shown: what earlier routes of each API have said, which is not said again. This route adds to it.
    """
    names = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    query = f"\n\nQuery: {', '.join(names)}" if names else ""
    method, path = name.split(" ")
    if method == "GET" and path in posted:
        return f"### {name}\n\nLike POST {path}, with the image in the query.{query}"
    api = operation["tags"][0]

    def is_new(text: str) -> bool:
        before = len(shown)
        shown.add((api, text))
        return len(shown) > before

    sentences = _SENTENCE_END.split(operation["description"])
    new = list(filter(is_new, sentences))
    more = [] if len(new) == len(sentences) else ["The rest is as above."]
    text = f"### {name}\n\n{' '.join([operation['summary'] + '.', *new, *more])}{query}"
    if body := operation.get("requestBody"):
        request = _example(body)
        text += f"\n\nRequest{request if is_new(request) else ': as above'}"
    answer, error = list(operation["responses"].items())[:2]
    text += f"\n\nAnswer {answer[0]}{_example(answer[1])}"
    return text + (f"\n\nAnswer {error[0]}{_example(error[1])}" if is_new("error") else "")


def _errors() -> Iterator[str]:
    for problem in map(problem_of, error_examples()):
        yield f"- {problem.status} {problem.code}: {problem.message}"
    for status, body in gateway_answers.BODIES.items():
        yield f"- {status} {body['code']}: {body['message']}"


def _example(described: Mapping[str, Any]) -> str:
    """Returns what follows the word that it is an example of, which is JSON unless it says otherwise."""
    if "content" not in described:
        return ": no body"
    kind, content = next(iter(described["content"].items()))
    named = content.get("examples", {}).values()
    example = next((each["value"] for each in named), content.get("example"))
    text = _DIGEST.sub(r"\1…", json.dumps(_abridged(example), ensure_ascii=False, separators=(",", ":")))
    return f": {text}" if kind == "application/json" else f" as {kind}: {text}"


def _abridged(example: Any) -> Any:
    """Returns an example in which what most of the many entries of an object have is shown once, under "others"."""
    if isinstance(example, list):
        return list(map(_abridged, example))
    if not isinstance(example, dict):
        return example
    common, times = Counter(map(str, example.values())).most_common(1)[0] if example else ("", 0)
    if times <= _MANY:
        return {name: _abridged(value) for name, value in example.items()}
    kept = {name: value for name, value in example.items() if str(value) != common}
    return kept | {"others": next(value for value in example.values() if str(value) == common)}
