"""Makes the OpenAPI document: FastAPI's own, plus every error that a route can answer with, in its envelope."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from moderate.calls.examination import IDEMPOTENCY_KEY_CHARACTERS, MAX_IDEMPOTENCY_KEY_LENGTH
from moderate.calls.problems import problem_of
from moderate.dialects.dialect import Dialect, Route
from moderate.dialects.examples import REQUEST_ID
from moderate.dialects.schema_refs import referring_to, schemas
from moderate.reference import answer_headers, gateway_answers
from moderate.reference.error_examples import error_examples
from modest import api_keys
from modest.ledger.idempotency import REPLAYED_FOR
from modest.plans import Plan, Plans
from modest.prices import IMAGE_PRICE_USD

KeyedRoutes = Sequence[tuple[Dialect, Route]]

IDEMPOTENCY_HOURS = int(REPLAYED_FOR.total_seconds() // 3600)

_DESCRIPTION = """
Judges whether images are safe to show. The service is compatible with the published APIs of {names}.
In a client written for one of them, change only the base URL and the key.

An image that was not judged is never reported as safe: every error says what was wrong and what to do.

If the model does not find a picture safe, a second model may be asked, and the mean of their answers decides. So a
picture that the first model alone takes for nsfw can come back unflagged. With the policy `strict`, a second opinion
only raises a score.

Where an answer says that an image is not safe, `reason` says what decided: the `class`; a `class_limit` of your
account; `second_opinion`, if a second model was asked; the `square` of a long picture; the `frame` of an animation; or
`in_part`, if it could not be judged in full. What the operator has listed is nsfw with a score of 1, without being
judged or charged: its `reason` is the `list`, the `match` (`sha256`, `pdq` or `host`) and the `distance` in bits.
NanoGPT's route answers the error `policy_violation` instead, and so does each if the operator wants that.

Every answer has the SHA-256 of the bytes that were judged. Store or show only those bytes, because a server may send
others to the next client.

A call counts once against the plan's monthly quota when it is admitted, whatever its outcome. {prices}

An `Idempotency-Key` makes it safe to send a POST again. After a 409, 429 or 503, wait as long as `Retry-After` says;
`x-should-retry: false` means that retrying will not help before the next month. `GET /v1/usage` reports usage and
charges.

API Gateway refuses some calls before they reach the service (a wrong key, too many calls a second, a body that is too
large). Its answers have the same form on every route: `GatewayError` in the OpenAPI document.
"""
_KEY_HEADERS: dict[str, dict[str, str]] = {
    name: {"type": "apiKey", "in": "header", "name": name} for name in api_keys.HEADERS if name != "authorization"
} | {"bearer": {"type": "http", "scheme": "bearer"}}

_PAGES = {"name": "service", "description": "The service's own pages, which need no key."}
_GATEWAY_ERROR = {"$ref": f"#/components/schemas/{gateway_answers.NAME}"}
_TOO_LARGE = "413"
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_IDEMPOTENCY_KEY_LENGTH,
        "pattern": f"^{IDEMPOTENCY_KEY_CHARACTERS}+$",
        # Any fixed example would be sent with every call. Pages show this one and do not fill it in.
        "examples": ["{{$guid}}"],
    },
    "description": (
        "Text of your choice, such as a UUID. Use a new one for each call; in Postman, `{{$guid}}` is one. If you "
        f"repeat a request with the same key within {IDEMPOTENCY_HOURS} hours, you get the first answer again, marked "
        "`Idempotency-Replayed: true`, and "
        "the call is counted and charged only once. The repeated answer has a new `X-Request-Id`, but the request id "
        "in its body is the original one. Only what was judged is kept (a 200, or the gate's 204, 403 or 406); after "
        "any other answer the key can be used again. While the first call is in progress, a repetition gets a 409 with "
        "`Retry-After`. If its route, query or body "
        "differs, it gets a 422. The header has no effect on a server without accounts (`serve`)."
    ),
}


def document(app: FastAPI, keyed: KeyedRoutes, plans: Plans, contact_url: str) -> dict[str, Any]:
    """keyed: the routes of `app` that need a key, each with its dialect. plans: empty if none are sold.
    contact_url: the operator's page, or empty.
    """
    dialects = list(dict.fromkeys(dialect for dialect, _ in keyed))
    spec = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=_DESCRIPTION.format(
            names=_listed([dialect.name for dialect in dialects]), prices=_prices(plans.values())
        ),
        routes=app.routes,
        servers=[{"url": "."}],
        tags=[_tag(dialect) for dialect in dialects] + [_PAGES],
        contact={"name": "The operator of this service"} | ({"url": contact_url} if contact_url else {}),
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    for dialect, route in keyed:
        if route.documentation is not None:
            _complete(spec["paths"][route.path][route.method.lower()], dialect, route)
    for operation in (operation for path in spec["paths"].values() for operation in path.values()):
        if "security" not in operation:
            _complete_page(operation)
    types = [shape for dialect in dialects for shape in (*dialect.answers, dialect.error)]
    described = json.dumps(spec["paths"])
    components = spec.setdefault("components", {})
    components["securitySchemes"] = _KEY_HEADERS
    components["headers"] = answer_headers.COMPONENTS
    components["schemas"] = schemas(shape for shape in types if json.dumps(referring_to(shape)["$ref"]) in described)
    components["schemas"][gateway_answers.NAME] = gateway_answers.SCHEMA
    return spec


def _tag(dialect: Dialect) -> dict[str, str]:
    return {"name": dialect.name, "description": f"The routes that clients of {dialect.name}'s API call."}


def _complete(operation: dict[str, Any], dialect: Dialect, route: Route) -> None:
    if route.method == "POST":
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    operation["security"] = [{name: []} for name in _KEY_HEADERS]
    responses = operation["responses"]
    responses |= _error_responses(dialect, filter(route.can_raise, error_examples()))
    _add_gateway_answers(responses, route.method)
    for status, response in responses.items():
        response["headers"] = answer_headers.at(status, route.method)


def _complete_page(operation: dict[str, Any]) -> None:
    operation["security"] = []
    _add_example(operation["responses"], "429", _GATEWAY_ERROR, "rate_limited", gateway_answers.BODIES["429"])


def _error_responses(dialect: Dialect, errors: Iterable[Exception]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for error in map(dialect.as_raised, errors):
        problem = problem_of(error)
        answer = dialect.error_response(problem, REQUEST_ID, error)
        body = json.loads(bytes(answer.body))
        _add_example(responses, str(answer.status_code), referring_to(dialect.error), problem.code, body)
    return responses


def _add_gateway_answers(responses: dict[str, Any], method: str) -> None:
    """Adds API Gateway's answers to those of the service, whose own example of a code stays."""
    for status in gateway_answers.STATUSES:
        if status in responses:
            described = responses[status]["content"]["application/json"]
            described["schema"] = {"anyOf": [described["schema"], _GATEWAY_ERROR]}
    for status, body in gateway_answers.BODIES.items():
        if status != _TOO_LARGE or method == "POST":
            _add_example(responses, status, _GATEWAY_ERROR, body["code"], body)


def _add_example(responses: dict[str, Any], status: str, schema: dict[str, Any], name: str, body: object) -> None:
    response = responses.setdefault(
        status, {"description": "", "content": {"application/json": {"schema": schema, "examples": {}}}}
    )
    examples = response["content"]["application/json"]["examples"]
    examples.setdefault(name, {"value": body})
    response["description"] = ", ".join(examples)


def _prices(plans: Iterable[Plan]) -> str:
    text = (
        f"NanoGPT's, OpenAI's and Misskey's routes charge ${IMAGE_PRICE_USD} for each distinct image that was judged, "
        "on every plan; on oanor's routes the plan covers the images."
    )
    sold = ", ".join(f"{plan.name} {plan.quota:,} for ${plan.price_usd}" for plan in plans)
    return f"{text} Calls a month, and what they cost: {sold}." if sold else text


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
