"""/llms.txt: the OpenAPI document in short, for a language model that is to write a client."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moderate.verdict import Policy, Verdict

_WEIGHTS = ", ".join(f"{policy} {policy.sexy_weight:g}" for policy in Policy)
_ABOUT = f"""
All paths are relative to this file's own URL without `llms.txt`; it may carry a stage such as `/prod`.

## Keys

Send the key in one of `x-api-key`, `x-oanor-key` and `Authorization: Bearer`, never in a URL. Read it from the
environment; never write it into code that others get to see.

## What a verdict means

nsfw_score = porn + hentai + w * sexy; the policy says what w is ({_WEIGHTS}). The operator sets where one
verdict ({", ".join(Verdict)}) ends and the next begins. `check` compares the score with a threshold of your own.

## What to mind

- Give a body its Content-Type, `application/octet-stream` for any image's bytes: API Gateway takes others for text.
- About 4.4 MB can be sent and 10 MB fetched from a URL.
- Treat whatever is not a 200 as not judged, never as safe.
- Text is not judged, nor any category but sexual content.

## Sending it again

- 409, 429 and 503: wait as many seconds as `Retry-After` says and send the same again, unless `x-should-retry: false`
  says that the month is used up. Set a limit of your own, such as five times.
- Give every POST an `Idempotency-Key` of its own (a UUID), and send it again with the same one: a call that was judged
  is counted and charged once, even if its answer was lost. It holds 24 hours, for the same route, query and body; 422
  `idempotency_mismatch` says that they differ. After an error the same key may be used again.

## What is used and paid

- A call counts once against the month when it is admitted, whatever its outcome. Money is booked for judged images.
- `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds) on every answer to a counted call: what is left of the month.
- `GET /v1/usage` tells calls, images and charges of the month, also when it is used up, and counts as no call.
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
        "## Routes that need none",
        "\n".join(f"- {name}: {operation['summary']}" for name, operation in operations if "security" not in operation),
        "## Errors",
        "Status and code on the routes that keep both apart; the others answer 400 to what is wrong with an image.",
        "\n".join(_errors(document["paths"]["/v1/check"]["post"])),
    ]
    return "\n\n".join(parts) + "\n"


def _route(name: str, operation: Operation) -> str:
    told = f"### {name}\n\n{operation['summary']}. {operation['description']}"
    if query := [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]:
        told += f"\n\nQuery: {', '.join(query)}"
    if body := operation.get("requestBody"):
        told += f"\n\nRequest: {_example(body)}"
    for status, response in list(operation["responses"].items())[:2]:
        told += f"\n\nAnswer {status}: {_example(response)}"
    return told


def _errors(operation: Operation) -> Iterator[str]:
    for status, response in operation["responses"].items():
        for code, example in response["content"]["application/json"].get("examples", {}).items():
            yield f"- {status} {code}: {example['value']['message']}"


def _example(described: Mapping[str, Any]) -> str:
    content = described["content"]["application/json"]
    named = content.get("examples", {}).values()
    return json.dumps(next((example["value"] for example in named), content.get("example")))
