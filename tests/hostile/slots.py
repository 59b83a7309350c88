"""Every place in a request where a client may name a URL, read out of the OpenAPI document."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from tests.support import serve

from moderate import openapi
from moderate.dialects import oanor

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# Keyed operations that take no image.
WITHOUT_IMAGES = frozenset({("GET", "/v1/usage")})

DOCUMENT: dict[str, Any] = openapi.document(serve().app)
_PATHS: dict[str, dict[str, Any]] = DOCUMENT["paths"]


@dataclass(frozen=True)
class Slot:
    method: str
    path: str
    place: str
    """`query`, or the content type of a body."""
    name: str
    listed: bool
    """Whether it takes a list alone."""

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.place} {self.name}"

    @property
    def fetches(self) -> bool:
        """What takes data URLs alone never fetches."""
        return "data" not in self.name.lower()

    def ask(self, client: httpx2.Client, url: str, headers: Sequence[tuple[str, str]] = ()) -> httpx2.Response:
        fields: dict[str, Any] = {self.name: [url] if self.listed else url}
        argument = {"query": "params", FORM: "data"}.get(self.place, "json")
        options: dict[str, Any] = {argument: fields, "headers": list(headers)}
        return client.request(self.method, self.path, **options)

    def documents(self, answer: httpx2.Response) -> bool:
        """Whether the document has this status for this operation, and says that this code comes with it."""
        operation = _PATHS[_documented(self.path)][self.method.lower()]
        response = operation["responses"].get(str(answer.status_code), {})
        return answer.json()["code"] in response.get("content", {}).get(JSON, {}).get("examples", {})


def keyed_operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in _PATHS.items():
        for method, operation in operations.items():
            if "security" in operation:
                yield method.upper(), path, operation


def _slots() -> Iterator[Slot]:
    for method, path, operation in keyed_operations():
        for twin in _twins(path):
            for parameter in operation.get("parameters", []):
                if _names_url(parameter["name"]):
                    yield Slot(method, twin, parameter["in"], parameter["name"], listed=False)
            for content_type, content in operation.get("requestBody", {}).get("content", {}).items():
                for name, schema in content["schema"].get("properties", {}).items():
                    if _names_url(name):
                        yield Slot(method, twin, content_type, name, listed="string" not in _types(schema))


def _names_url(name: str) -> bool:
    return "url" in name.lower()


def _types(schema: dict[str, Any]) -> set[str]:
    return {alternative["type"] for alternative in schema.get("anyOf", [schema])}


def _twins(path: str) -> list[str]:
    """A path and where else the same route answers, which the document says in prose alone."""
    first, *others = oanor.PREFIXES
    if not path.startswith(f"{first}/"):
        return [path]
    return [path, *(path.replace(first, other, 1) for other in others)]


def _documented(path: str) -> str:
    return next(known for known in _PATHS if path in _twins(known))


SLOTS = list(_slots())
FETCHING = [slot for slot in SLOTS if slot.fetches]
ONE_FOR_EACH_OPERATION = list({(slot.method, slot.path): slot for slot in reversed(FETCHING)}.values())
