"""Makes the schemas of answers for the OpenAPI document, which refers to them by name.

If FastAPI knew the types of answers, it would build a validator for each at every start, and load pydantic's first
version to do so. Nothing here validates answers.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

_SCHEMAS = "#/components/schemas/"

Responses = dict[int | str, dict[str, Any]]


def referring_to(shape: type) -> dict[str, str]:
    return {"$ref": _SCHEMAS + shape.__name__}


def answered(description: str, shape: type, example: object) -> Responses:
    """Returns the documentation of a successful answer in JSON."""
    content = {"application/json": {"schema": referring_to(shape), "example": example}}
    return {200: {"description": description, "content": content}}


def schemas(shapes: Iterable[type]) -> dict[str, Any]:
    """Returns the JSON schemas of these types and of the types that they contain, by name."""
    adapters = [TypeAdapter[Any](shape) for shape in shapes]
    _, found = TypeAdapter.json_schemas(
        [(index, "serialization", adapter) for index, adapter in enumerate(adapters)], ref_template=_SCHEMAS + "{model}"
    )
    return dict(found["$defs"])
