"""A dialect is one record: whatever the application does for a published API, it does for this one too."""

import json
import re
from decimal import Decimal
from typing import Any, cast

import pytest
from fastapi import Request
from starlette.testclient import TestClient
from tests.fakes.clock import Clock
from tests.fakes.table import FakeTable
from tests.helpers.ledgers import Customer, Shop
from tests.helpers.support import NSFW, SAFE, FakeClassifier, ServedApp, png, serve
from typing_extensions import TypedDict

from moderate.calls import body
from moderate.calls.answers import JsonAnswer
from moderate.calls.authentication import Unauthorized
from moderate.calls.metering import Judged
from moderate.calls.parameters import InvalidRequest
from moderate.calls.problems import STATUS_AND_CODE, Problem, problem_of
from moderate.dialects.dialect import Dialect, Documentation, Route
from moderate.dialects.registry import DIALECTS
from moderate.dialects.schema_refs import answered
from moderate.dialects.service import Service
from moderate.sources import ImageUrl
from modest.errors import PublicError
from modest.money import Terms
from modest.prices import by_the_image


class Grade(TypedDict):
    grade: str


class Complaint(TypedDict):
    complaint: str
    code: str
    call: str


class BadPicture(InvalidRequest):
    """The picture could not be graded."""

    def __init__(self, error: PublicError) -> None:
        super().__init__(f"No grade. {error.message}")
        self.code = problem_of(error).code


GRADE: Documentation = {
    "operation_id": "toy_grade",
    "summary": "Grade an image",
    "description": "Takes one image by its address.",
    "responses": answered("A grade.", Grade, Grade(grade="safe")),
    "openapi_extra": {
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {"type": "object", "properties": {"picture": {"type": "string"}}},
                    "example": {"picture": "https://example.com/white.png"},
                }
            }
        }
    },
}


def routes(service: Service) -> list[Route]:
    async def grade(request: Request, terms: Terms) -> Judged:
        fields = body.parse_json(await body.read(request))
        if "picture" not in fields:
            raise InvalidRequest("Send a picture.", param="picture")
        (outcome,) = await service.judge(request, [ImageUrl(fields["picture"])], service.rules(request, None))
        if isinstance(outcome, PublicError):
            raise BadPicture(outcome)
        return Judged(by_the_image(1, terms), lambda _charge: Grade(grade=outcome.verdict))

    return [Route("POST", "/v1/toy/grade", service.metering.metered(grade), GRADE)]


def error_response(problem: Problem, request_id: str, _error: Exception | None) -> JsonAnswer:
    return JsonAnswer(Complaint(complaint=problem.message, code=problem.code, call=request_id), problem.status)


def as_raised(error: Exception) -> Exception:
    return BadPicture(error) if isinstance(error, PublicError) and problem_of(error).about_image else error


# Below oanor's /v1, and behind it in the list: the longer prefix must win.
TOY = Dialect(
    name="Toy",
    prefixes=("/v1/toy",),
    routes=routes,
    answers=(Grade,),
    error=Complaint,
    error_response=error_response,
    as_raised=as_raised,
)
WHITE, BLACK, BREAKS, GONE = (f"https://example.com/{name}.png" for name in ("white", "black", "breaks", "gone"))
WEB = {WHITE: png(grey=255), BLACK: png(grey=0), BREAKS: png(grey=7)}
URL = "/v1/toy/grade"


class Deployment:
    """The service with the toy among its dialects, and a customer of it."""

    def __init__(self) -> None:
        self.shop = Shop(FakeTable(), Clock())
        self.customer: Customer = self.shop.customer("Ten")
        self.service: ServedApp = serve(
            WEB,
            FakeClassifier(SAFE, {0: NSFW, 7: RuntimeError("broken")}),
            identify=self.identify,
            ledger=self.shop.ledger(),
            dialects=(*DIALECTS, TOY),
        )

    def identify(self, request: Request) -> str:
        if "x-api-key" not in request.headers:
            raise Unauthorized
        return self.customer.key_hash

    @property
    def client(self) -> TestClient:
        return TestClient(self.service.app, headers={"x-api-key": "any"}, raise_server_exceptions=False)

    def entries(self) -> list[dict[str, Any]]:
        return [dict(entry) for entry in self.shop.usage_reader.entries(self.customer.account_id, "2026-11")]


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


@pytest.fixture
def document(deployment: Deployment) -> dict[str, Any]:
    return cast("dict[str, Any]", deployment.client.get("/openapi.json").json())


@pytest.mark.parametrize(("picture", "grade"), [(WHITE, "safe"), (BLACK, "nsfw")])
def test_it_is_served(deployment: Deployment, picture: str, grade: str) -> None:
    answer = deployment.client.post(URL, json={"picture": picture})
    assert (answer.status_code, answer.json()) == (200, {"grade": grade})


def test_it_is_metered(deployment: Deployment) -> None:
    answers = [
        deployment.client.post(URL, json={"picture": WHITE}, headers={"idempotency-key": "mine"}) for _ in range(2)
    ]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["9", "9"]
    assert answers[1].headers["idempotency-replayed"] == "true"
    deployment.client.post(URL, json={})
    charged = {(entry["outcome"], entry["images"], entry["amount"]) for entry in deployment.entries()}
    assert charged == {("ok", 1, Decimal("0.0015")), ("invalid_request", 0, 0)}
    for _ in range(8):
        deployment.client.post(URL, json={"picture": WHITE})
    spent = deployment.client.post(URL, json={"picture": WHITE})
    assert (spent.status_code, spent.json()["code"]) == (429, "quota_exceeded")


@pytest.mark.parametrize(
    ("call", "fields", "status", "code"),
    [
        (f"POST {URL}", {}, 400, "invalid_request"),
        (f"POST {URL}", {"picture": "ftp://example.com/"}, 400, "invalid_url"),
        (f"POST {URL}", {"picture": GONE}, 400, "fetch_failed"),
        (f"GET {URL}", {}, 405, "method_not_allowed"),
        ("POST /v1/toy/other", {}, 404, "not_found"),
        (f"POST {URL}", {"picture": BREAKS}, 500, "internal_error"),
    ],
)
def test_its_errors_leave_in_its_envelope(
    deployment: Deployment, call: str, fields: dict[str, str], status: int, code: str
) -> None:
    answer = deployment.client.request(*call.split(), json=fields)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"complaint", "code", "call"}
    assert answer.json()["call"] == answer.headers["x-request-id"]


def test_it_asks_for_a_key(deployment: Deployment) -> None:
    answer = TestClient(deployment.service.app).post(URL, json={"picture": WHITE})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert "complaint" in answer.json()


def test_the_other_dialects_keep_their_envelopes(deployment: Deployment) -> None:
    assert "complaint" not in deployment.client.get("/v1/check").json()
    assert "complaint" not in deployment.client.get("/v1/toast").json()


def test_its_route_is_documented_with_its_types(document: dict[str, Any]) -> None:
    operation = document["paths"][URL]["post"]
    assert (operation["tags"], operation["summary"]) == (["Toy"], "Grade an image")
    assert operation["security"] == document["paths"]["/v1/check"]["post"]["security"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Grade"}
    assert {"Grade", "Complaint"} <= set(document["components"]["schemas"])


def test_each_code_is_documented_in_its_envelope(document: dict[str, Any]) -> None:
    shown = {
        (code, int(status))
        for status, response in document["paths"][URL]["post"]["responses"].items()
        for code, example in response["content"]["application/json"].get("examples", {}).items()
        if set(example["value"]) == {"complaint", "code", "call"}
    }
    kept = (401, 409, 429, 503)
    wanted = {(code, status if status in kept else 400) for status, code in STATUS_AND_CODE.values()}
    assert shown == wanted - {("idempotency_mismatch", 400)} | {("idempotency_mismatch", 422), ("internal_error", 500)}


@pytest.mark.parametrize(("picture", "code"), [("ftp://example.com/", "invalid_url"), (BREAKS, "internal_error")])
def test_an_error_is_documented_as_it_is_answered(
    deployment: Deployment, document: dict[str, Any], picture: str, code: str
) -> None:
    answer = deployment.client.post(URL, json={"picture": picture})
    responses = document["paths"][URL]["post"]["responses"]
    example = responses[str(answer.status_code)]["content"]["application/json"]["examples"][code]["value"]
    assert answer.json() | {"call": ""} == example | {"call": ""}


def test_the_documents_name_it_among_the_published_apis(deployment: Deployment, document: dict[str, Any]) -> None:
    guide = deployment.client.get("/llms.txt").text
    for text in (document["info"]["description"], guide):
        assert "the published APIs of NanoGPT, OpenAI, oanor, Misskey and Toy" in text
    answer = re.search(rf"### POST {URL}\n\n.*\n\nRequest: (.*)\n\nAnswer 200: (.*)", guide)
    assert answer
    request, grade = map(json.loads, answer.groups())
    assert deployment.client.post(URL, json=request).json() == grade
