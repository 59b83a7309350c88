"""Reads the API from a template: its routes, their throttles and its gateway responses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from modest_local.refusals import GatewayResponse, MockAnswer, ResponseType
from modest_local.template import Template, find_properties

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_ANY_OTHER = "x-amazon-apigateway-any-method"
_API_KEY_SCHEME = "api_key"


@dataclass(frozen=True, slots=True)
class Throttle:
    rate: float
    """Calls per second."""
    burst: float


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    """The path as in the template, such as `/docs/{asset}`."""
    throttle: Throttle
    authorized: bool
    needs_key: bool
    mock: MockAnswer | None = None
    """How API Gateway itself answers preflight requests, unknown routes and methods that a path has not got."""


@dataclass(frozen=True, slots=True)
class Api:
    id: str
    stage: str
    routes: tuple[Route, ...]
    binary_media_types: frozenset[str]
    responses: Mapping[ResponseType, GatewayResponse] = field(repr=False)

    def find_route(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """Returns the route for a call and the values of its path parameters."""
        for route in self.routes:
            if route.method == method and (parameters := _match_path(route.path, path)) is not None:
                return route, parameters
        return None

    def strip_stage(self, path: str) -> str:
        """Removes the stage, which starts a path at API Gateway's own host but not at a custom domain."""
        prefix = f"/{self.stage}"
        return path.removeprefix(prefix) or "/" if path == prefix or path.startswith(f"{prefix}/") else path


def read_api(resolved: Template, api_id: str) -> Api:
    """Reads the only API of a resolved template."""
    (properties,) = find_properties(resolved, "AWS::ApiGateway::RestApi").values()
    (stage,) = find_properties(resolved, "AWS::ApiGateway::Stage").values()
    body = properties["Body"]
    throttles = {
        (setting["HttpMethod"], setting["ResourcePath"].replace("~1", "/").removeprefix("/") or "/"): Throttle(
            float(setting["ThrottlingRateLimit"]), float(setting["ThrottlingBurstLimit"])
        )
        for setting in stage["MethodSettings"]
    }
    responses = body.get("x-amazon-apigateway-gateway-responses", {})
    return Api(
        id=api_id,
        stage=stage["StageName"],
        # Fixed paths come first, and one that takes all the rest comes last, because they may match the same call.
        routes=tuple(
            sorted(_read_routes(body["paths"], throttles), key=lambda route: ("+}" in route.path, "{" in route.path))
        ),
        binary_media_types=frozenset(body.get("x-amazon-apigateway-binary-media-types", ())),
        responses={
            ResponseType(kind): GatewayResponse.from_template(facts)
            for kind, facts in responses.items()
            if kind in list(ResponseType)
        },
    )


def _read_routes(paths: Template, throttles: Mapping[tuple[str, str], Throttle]) -> Iterator[Route]:
    for path, operations in paths.items():
        others = dict.fromkeys(_METHODS, operations[_ANY_OTHER]) if _ANY_OTHER in operations else {}
        own = {method: operations[method] for method in _METHODS & operations.keys()}
        for method, operation in {**others, **own}.items():
            schemes = {scheme for entry in operation.get("security", ()) for scheme in entry}
            yield Route(
                method=method.upper(),
                path=path,
                throttle=throttles.get((method.upper(), path), throttles["*", "*"]),
                authorized=bool(schemes - {_API_KEY_SCHEME}),
                needs_key=_API_KEY_SCHEME in schemes,
                mock=_read_mock(operation["x-amazon-apigateway-integration"]),
            )


def _read_mock(integration: Template) -> MockAnswer | None:
    return MockAnswer.from_template(integration) if integration["type"].lower() == "mock" else None


def _match_path(template: str, path: str) -> Mapping[str, str] | None:
    expected, actual = template.split("/"), path.split("/")
    if expected[-1].endswith("+}"):
        actual = [*actual[: len(expected) - 1], "/".join(actual[len(expected) - 1 :])]
    if len(expected) != len(actual):
        return None
    parameters: dict[str, str] = {}
    for name, value in zip(expected, actual, strict=True):
        if name.startswith("{") and value:
            parameters[name.strip("{+}")] = unquote(value)
        elif name != value:
            return None
    return parameters
