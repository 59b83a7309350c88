"""Every place in a request where a client may name a URL, read out of the OpenAPI document."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx2
from tests.helpers.support import serve

from moderate.dialects import oanor
from moderate.dialects.parameter_names import CHECK, CLASSIFY

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# Keyed operations that take no image.
WITHOUT_IMAGES = frozenset({("GET", "/v1/usage")})
# Keyed operations that take the bytes of images alone.
WITHOUT_URLS = frozenset({("POST", "/v1/detect-images")})

DOCUMENT: dict[str, Any] = serve().client.get("/openapi.json").json()
_PATHS: dict[str, dict[str, Any]] = DOCUMENT["paths"]

Schema = dict[str, Any]
Build = Callable[[str], Any]
"""A URL -> the value that holds it."""


@dataclass(frozen=True)
class Slot:
    method: str
    path: str
    place: str
    """`query`, or the content type of a body."""
    name: str
    """Where in it, such as `image_urls[]`."""
    fields: Build

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.place} {self.name}"

    @property
    def success(self) -> int:
        """The status that the document has for an image that was judged and is safe."""
        operation = _PATHS[_documented(self.path)][self.method.lower()]
        return min(int(status) for status in operation["responses"] if status.isdigit())

    @property
    def fetches(self) -> bool:
        """What takes data URLs alone never fetches."""
        return "data" not in self.name.lower()

    def ask(self, client: httpx2.Client, url: str, headers: Sequence[tuple[str, str]] = ()) -> httpx2.Response:
        argument = {"query": "params", FORM: "data"}.get(self.place, "json")
        options: dict[str, Any] = {argument: self.fields(url), "headers": list(headers)}
        return client.request(self.method, self.path, **options)

    def documents(self, answer: httpx2.Response) -> bool:
        """Whether the document has this status for this operation, and says that this code comes with it."""
        operation = _PATHS[_documented(self.path)][self.method.lower()]
        response = operation["responses"].get(str(answer.status_code), {})
        return code_of(answer) in response.get("content", {}).get(JSON, {}).get("examples", {})


def code_of(answer: httpx2.Response) -> str | None:
    """Whatever its dialect; none where it is no error."""
    body: dict[str, Any] = answer.json() if answer.content else {}
    error = body.get("error")
    code: str | None = error["code"] if isinstance(error, dict) else body.get("code")
    return code


def keyed_operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in _PATHS.items():
        for method, operation in operations.items():
            if operation.get("security"):
                yield method.upper(), path, operation


def _slots() -> Iterator[Slot]:
    for method, path, operation in keyed_operations():
        parameters = {parameter["name"]: parameter["schema"] for parameter in operation.get("parameters", [])}
        schemas = {"query": {"properties": parameters}} | {
            content_type: content["schema"]
            for content_type, content in operation.get("requestBody", {}).get("content", {}).items()
        }
        for twin in _twins(path):
            for place, schema in schemas.items():
                for name, build in _fields(schema):
                    yield Slot(method, twin, place, name, build)


def _fields(schema: Schema) -> Iterator[tuple[str, Build]]:
    properties: dict[str, Schema] = schema.get("properties", {})
    fixed = {name: property_["const"] for name, property_ in properties.items() if "const" in property_}
    for name, property_ in properties.items():
        for place, build in _values(name, property_):
            yield place, partial(_as_field, fixed, name, build)


def _values(name: str, schema: Schema) -> Iterator[tuple[str, Build]]:
    for alternative in schema.get("anyOf", [schema]):
        kind = alternative.get("type")
        if kind == "string" and "url" in name.lower():
            yield name, str
        elif kind == "array":
            for place, build in _values(name, alternative["items"]):
                yield place.replace(name, f"{name}[]", 1), partial(_as_item, build)
        elif kind == "object":
            for place, build in _fields(alternative):
                yield f"{name}.{place}", build


def _as_field(others: dict[str, Any], name: str, build: Build, url: str) -> dict[str, Any]:
    return others | {name: build(url)}


def _as_item(build: Build, url: str) -> list[Any]:
    return [build(url)]


def _twins(path: str) -> list[str]:
    """A path and where else the same route answers, which the document says in prose alone."""
    first, *others = oanor.PREFIXES
    if path not in (CHECK, CLASSIFY):
        return [path]
    return [path, *(path.replace(first, other, 1) for other in others)]


def _documented(path: str) -> str:
    return next(known for known in _PATHS if path in _twins(known))


SLOTS = list(_slots())
FETCHING = [slot for slot in SLOTS if slot.fetches]
ONE_FOR_EACH_OPERATION = list({(slot.method, _documented(slot.path)): slot for slot in reversed(FETCHING)}.values())
