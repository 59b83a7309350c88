"""Which routes of the translated API ask for a key, and which may go without."""

from collections.abc import Iterator

from tests.infrastructure.translated import Template, only

PAGES = ("/", "/health", "/openapi.json", "/docs", "/docs/{asset}", "/llms.txt", "/favicon.ico")
OPEN_TO_ALL = {f"{method} {path}" for method in ("GET", "HEAD") for path in PAGES}
ANY_OTHER = "x-amazon-apigateway-any-method"
OUTSIDE_THE_PLANS = {"GET /v1/usage", "HEAD /v1/usage"}
"""These ask the authorizer for a key, but must answer when the month is used up."""


def api_body(stack: Template) -> Template:
    return dict(only(stack, "AWS::ApiGateway::RestApi")["Body"])


def routes(stack: Template) -> dict[str, Template]:
    """`GET /path` -> its operation. What API Gateway answers by itself is left out."""
    return {
        f"{method.upper()} {path}": operation
        for path, operations in api_body(stack)["paths"].items()
        for method, operation in operations.items()
        if not _answers_by_itself(method, operation)
    }


def violations(stack: Template) -> Iterator[str]:
    """What of the API can be called without the key that it should ask for."""
    schemes = api_body(stack)["components"]["securitySchemes"]
    authorizers = {name for name, scheme in schemes.items() if "x-amazon-apigateway-authorizer" in scheme}
    for route, operation in routes(stack).items():
        asked = {name for requirement in operation.get("security") or [] for name in requirement}
        if route in OPEN_TO_ALL:
            continue
        if not asked & authorizers:
            yield f"{route} has no authorizer"
        if route not in OUTSIDE_THE_PLANS and "api_key" not in asked:
            yield f"{route} counts in no usage plan"


def _answers_by_itself(method: str, operation: Template) -> bool:
    return method in ("options", ANY_OTHER) and operation["x-amazon-apigateway-integration"]["type"] == "mock"
