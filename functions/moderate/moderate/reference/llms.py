"""Makes /llms.txt, a summary of the OpenAPI document for language models that write clients."""

import json
from collections.abc import Iterator, Mapping
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

Send the key in `x-api-key`, `x-oanor-key` or `Authorization: Bearer`, never in a URL. Read it from the environment;
never write it into code that other people can see.

## What a verdict means

nsfw_score = porn + hentai + w * sexy, where w depends on the policy ({_WEIGHTS}). The operator sets the scores at which
one verdict ({", ".join(Verdict)}) ends and the next begins. `check` compares the score with your own threshold.

## What to watch out for

- Give a body its Content-Type, and the bytes of any image `application/octet-stream`: API Gateway reads other types as
  text.
- About {MAX_SENT} can be sent, and {MAX_FETCHED} fetched from a URL.
- Treat every answer other than 200 as not judged, never as safe.
- Only sexual content in images is judged: no text, and no other category.

## Retrying

- 409, 429 and 503: wait as many seconds as `Retry-After` says and send the same request again, unless
  `x-should-retry: false` says that the month is used up. Set a limit of your own, such as five attempts.
- Give every POST its own `Idempotency-Key` (a UUID), and repeat the request with the same one: a call that was judged
  is counted and charged once, even if its answer was lost. The key is valid for {IDEMPOTENCY_HOURS} hours, for the same
  route, query and body; 422 `idempotency_mismatch` means that they differ. After an error the key can be used again.

## Usage and charges

- A call counts once against the month when it is admitted, whatever its outcome. Money is charged for images judged.
- `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds), on every answer to a counted call, say what is left of the
  month.
- `GET /v1/usage` reports the calls, images and charges of the month. It answers even when the month is used up, and
  does not count as a call.
"""

Document = Mapping[str, Any]
Operation = Mapping[str, Any]


def guide(document: Document) -> str:
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    keyed = [found for found in operations if "security" in found[1]]
    parts = [
        f"# {document['info']['title']}\n\n> NSFW image moderation: an image in, a verdict out.",
        document["info"]["description"].strip(),
        _ABOUT.strip(),
        "## Routes that need a key",
        *(_route(name, operation) for name, operation in keyed),
        "## Routes that need no key",
        "\n".join(f"- {name}: {operation['summary']}" for name, operation in operations if "security" not in operation),
        "## Errors",
        "Some routes answer 400 to anything that is wrong with an image; the code is the same.",
        "\n".join(_errors()),
    ]
    return "\n\n".join(parts) + "\n"


def _route(name: str, operation: Operation) -> str:
    text = f"### {name}\n\n{operation['summary']}. {operation['description']}"
    if query := [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]:
        text += f"\n\nQuery: {', '.join(query)}"
    if body := operation.get("requestBody"):
        text += f"\n\nRequest: {_example(body)}"
    for status, response in list(operation["responses"].items())[:2]:
        text += f"\n\nAnswer {status}: {_example(response)}"
    return text


def _errors() -> Iterator[str]:
    for problem in map(problem_of, error_examples()):
        yield f"- {problem.status} {problem.code}: {problem.message}"
    for status, body in gateway_answers.BODIES.items():
        yield f"- {status} {body['code']}: {body['message']}"


def _example(described: Mapping[str, Any]) -> str:
    content = described["content"]["application/json"]
    named = content.get("examples", {}).values()
    return json.dumps(next((example["value"] for example in named), content.get("example")))
