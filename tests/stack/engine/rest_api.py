"""Mends what ministack ignores of a REST API whose definition comes from SAM."""

from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]

_GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


def read_binary_types() -> None:
    """In a template a type's slash is written `~1`. Without this no body would be binary."""
    create = provisioners._apigw_rest_api_create

    def create_with_types(logical_id: str, properties: Properties, stack: str) -> Any:
        types = [kind.replace("~1", "/") for kind in properties.get("BinaryMediaTypes", [])]
        return create(logical_id, {**properties, "BinaryMediaTypes": types}, stack)

    _replace(create_with_types)


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


def _replace(create: Any) -> None:
    # An update calls the module's function, and a creation what the table names.
    provisioners._apigw_rest_api_create = create
    provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]["create"] = create
