"""Reads the API from a template: its routes, their throttles and its gateway responses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from modest_local.refusals import GatewayResponse, ResponseType
from modest_local.template import Template, find_properties

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
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
    preflight: Mapping[str, str] | None = None
    """Headers of the answer to a preflight request, which no function handles."""


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
        # Fixed paths come first, because a path with parameters may match the same call.
        routes=tuple(sorted(_read_routes(body["paths"], throttles), key=lambda route: "{" in route.path)),
        binary_media_types=frozenset(body.get("x-amazon-apigateway-binary-media-types", ())),
        responses={
            ResponseType(kind): GatewayResponse.from_template(facts)
            for kind, facts in responses.items()
            if kind in list(ResponseType)
        },
    )


def _read_routes(paths: Template, throttles: Mapping[tuple[str, str], Throttle]) -> Iterator[Route]:
    for path, operations in paths.items():
        for method in _METHODS & operations.keys():
            operation = operations[method]
            schemes = {scheme for entry in operation.get("security", ()) for scheme in entry}
            yield Route(
                method=method.upper(),
                path=path,
                throttle=throttles.get((method.upper(), path), throttles["*", "*"]),
                authorized=bool(schemes - {_API_KEY_SCHEME}),
                needs_key=_API_KEY_SCHEME in schemes,
                preflight=_read_preflight(operation),
            )


def _read_preflight(operation: Template) -> Mapping[str, str] | None:
    integration = operation["x-amazon-apigateway-integration"]
    if integration["type"].lower() != "mock":
        return None
    parameters = integration["responses"]["default"].get("responseParameters", {})
    return {name.removeprefix("method.response.header."): value.strip("'") for name, value in parameters.items()}


def _match_path(template: str, path: str) -> Mapping[str, str] | None:
    expected, actual = template.split("/"), path.split("/")
    if len(expected) != len(actual):
        return None
    parameters: dict[str, str] = {}
    for name, value in zip(expected, actual, strict=True):
        if name.startswith("{") and value:
            parameters[name.strip("{}")] = unquote(value)
        elif name != value:
            return None
    return parameters
