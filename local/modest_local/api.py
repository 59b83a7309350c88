"""The API that a template describes: its routes, their throttles, and what it answers by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from modest_local.refusals import GatewayResponse, Kind
from modest_local.template import Template, of_type

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_KEYS_OF_PLANS = "api_key"


@dataclass(frozen=True, slots=True)
class Throttle:
    rate: float
    """Calls a second."""
    burst: float


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    """As in the template: `/docs/{asset}`."""
    throttle: Throttle
    authorized: bool
    needs_key: bool
    preflight: Mapping[str, str] | None = None
    """The headers of an answer that comes from no function."""


@dataclass(frozen=True, slots=True)
class Api:
    id: str
    stage: str
    routes: tuple[Route, ...]
    binary_media_types: frozenset[str]
    responses: Mapping[Kind, GatewayResponse] = field(repr=False)

    def route_at(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route that takes this call, and the values of its path's parameters."""
        for route in self.routes:
            if route.method == method and (parameters := _match(route.path, path)) is not None:
                return route, parameters
        return None

    def without_stage(self, path: str) -> str:
        """A call may name the stage, as at API Gateway's own host, or not, as under a domain of its own."""
        prefix = f"/{self.stage}"
        return path.removeprefix(prefix) or "/" if path == prefix or path.startswith(f"{prefix}/") else path


def api_from(deployed: Template, api_id: str) -> Api:
    """Reads the one API of a template that has been worked out."""
    (properties,) = of_type(deployed, "AWS::ApiGateway::RestApi").values()
    (stage,) = of_type(deployed, "AWS::ApiGateway::Stage").values()
    body = properties["Body"]
    throttles = {
        (setting["HttpMethod"], setting["ResourcePath"].replace("~1", "/").removeprefix("/")): Throttle(
            float(setting["ThrottlingRateLimit"]), float(setting["ThrottlingBurstLimit"])
        )
        for setting in stage["MethodSettings"]
    }
    responses = body.get("x-amazon-apigateway-gateway-responses", {})
    return Api(
        id=api_id,
        stage=stage["StageName"],
        # A path without parameters goes before one that could be read as such.
        routes=tuple(sorted(_routes(body["paths"], throttles), key=lambda route: "{" in route.path)),
        binary_media_types=frozenset(body.get("x-amazon-apigateway-binary-media-types", ())),
        responses={Kind(kind): GatewayResponse.read(facts) for kind, facts in responses.items() if kind in list(Kind)},
    )


def _routes(paths: Template, throttles: Mapping[tuple[str, str], Throttle]) -> Iterator[Route]:
    for path, operations in paths.items():
        for method in _METHODS & operations.keys():
            operation = operations[method]
            schemes = {scheme for entry in operation.get("security", ()) for scheme in entry}
            yield Route(
                method=method.upper(),
                path=path,
                throttle=throttles.get((method.upper(), path), throttles["*", "*"]),
                authorized=bool(schemes - {_KEYS_OF_PLANS}),
                needs_key=_KEYS_OF_PLANS in schemes,
                preflight=_preflight(operation),
            )


def _preflight(operation: Template) -> Mapping[str, str] | None:
    integration = operation["x-amazon-apigateway-integration"]
    if integration["type"].lower() != "mock":
        return None
    parameters = integration["responses"]["default"].get("responseParameters", {})
    return {name.removeprefix("method.response.header."): value.strip("'") for name, value in parameters.items()}


def _match(template: str, path: str) -> Mapping[str, str] | None:
    wanted, given = template.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    parameters: dict[str, str] = {}
    for want, have in zip(wanted, given, strict=True):
        if want.startswith("{") and have:
            parameters[want.strip("{}")] = unquote(have)
        elif want != have:
            return None
    return parameters
