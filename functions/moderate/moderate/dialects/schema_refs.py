"""The shapes of answers in the OpenAPI document.

FastAPI would make a validator of each that a route is told of, at every start, and load pydantic's first version for
it. Nothing here validates answers.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

_SCHEMAS = "#/components/schemas/"


def referring_to(shape: type) -> dict[str, str]:
    return {"$ref": _SCHEMAS + shape.__name__}


def schemas(shapes: Iterable[type]) -> dict[str, Any]:
    """By name: of these, and of all that they are made of."""
    adapters = [TypeAdapter[Any](shape) for shape in shapes]
    _, found = TypeAdapter.json_schemas(
        [(index, "serialization", adapter) for index, adapter in enumerate(adapters)], ref_template=_SCHEMAS + "{model}"
    )
    return dict(found["$defs"])
