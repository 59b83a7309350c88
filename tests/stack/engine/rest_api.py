"""Mends what ministack ignores of a REST API whose definition comes from SAM."""

from typing import Any
from uuid import uuid4

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]

_ANY = "x-amazon-apigateway-any-method"
_GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


def read_binary_types() -> None:
    """In a template a type's slash is written `~1`. Without this no body would be binary."""
    create = provisioners._apigw_rest_api_create

    def create_with_types(logical_id: str, properties: Properties, stack: str) -> Any:
        types = [kind.replace("~1", "/") for kind in properties.get("BinaryMediaTypes", [])]
        return create(logical_id, {**properties, "BinaryMediaTypes": types}, stack)

    _replace(create_with_types)


def read_paths_of_throttles() -> None:
    """They are written the same way. Without this no route would have a throttle but the one of all others."""
    settings = provisioners._apigw_method_settings

    def settings_by_path(listed: Any) -> Any:
        paths = [each["ResourcePath"].replace("/~1", "/").replace("~1", "/") for each in listed or []]
        return settings([{**each, "ResourcePath": path} for each, path in zip(listed or [], paths, strict=True)])

    provisioners._apigw_method_settings = settings_by_path


def import_key_source_and_gateway_responses() -> None:
    """Without these, keys would have to be in x-api-key, and errors would have API Gateway's own bodies."""
    create = provisioners._apigw_rest_api_create

    def create_whole(logical_id: str, properties: Properties, stack: str) -> Any:
        api_id, attributes = create(logical_id, properties, stack)
        apigateway_v1._rest_apis[api_id]["apiKeySource"] = properties.get("ApiKeySourceType", "HEADER")
        for kind, facts in properties["Body"].get(_GATEWAY_RESPONSES, {}).items():
            status, _, answer = apigateway_v1._put_gateway_response(api_id, kind, facts)
            if status != 201:
                raise ValueError(f"{kind}: {answer}")
        return api_id, attributes

    _replace(create_whole)


def import_mocks_for_any_method() -> None:
    """ministack imports neither. Without these, its own errors would answer unknown routes and methods."""
    import_path, import_operation = apigateway_v1._import_path_item, apigateway_v1._import_operation
    apigateway_v1._OPENAPI_HTTP_METHODS = {*apigateway_v1._OPENAPI_HTTP_METHODS, "any"}

    def import_any(api_id: str, path: str, methods: Properties, *more: Any) -> None:
        import_path(api_id, path, {"any" if name == _ANY else name: each for name, each in methods.items()}, *more)

    def import_with_mock(api_id: str, resource_id: str, method: str, operation: Properties, *more: Any) -> None:
        import_operation(api_id, resource_id, method, operation, *more)
        integration = operation.get("x-amazon-apigateway-integration", {})
        if integration.get("type") == "mock":
            for pattern, answer in integration["responses"].items():
                selected = {**answer, "selectionPattern": "" if pattern == "default" else pattern}
                apigateway_v1._put_integration_response(api_id, resource_id, method, answer["statusCode"], selected)

    apigateway_v1._import_path_item = import_any
    apigateway_v1._import_operation = import_with_mock


def fill_in_the_request_id_of_mocks() -> None:
    """Without this, what no function answers would have the variable's name for a request id."""
    invoke = apigateway_v1._invoke_mock_v1

    def invoke_and_fill_in(integration: Properties) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = invoke(integration)
        request_id = str(uuid4())
        filled = {name: request_id if value == "context.requestId" else value for name, value in headers.items()}
        return status, filled, body.replace(b"$context.requestId", request_id.encode())

    apigateway_v1._invoke_mock_v1 = invoke_and_fill_in


def _replace(create: Any) -> None:
    # An update calls the module's function, and a creation what the table names.
    provisioners._apigw_rest_api_create = create
    provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]["create"] = create
