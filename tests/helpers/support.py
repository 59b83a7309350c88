"""Helpers that most tests share: a web that is a dictionary, a model with fixed answers, a gateway without AWS."""

import asyncio
import base64
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

import numpy as np
import pillow_heif
from fastapi import FastAPI
from numpy.typing import NDArray
from PIL import Image
from starlette.testclient import TestClient

from moderate.blocking.hits import OnListHit
from moderate.blocking.reloading import CurrentLists
from moderate.blocking.screening import Decode, decode_here
from moderate.calls.authentication import Identify, anyone
from moderate.dialects.dialect import Dialect
from moderate.dialects.registry import DIALECTS
from moderate.dialects.service import Service
from moderate.fetching.responses import FetchFailed
from moderate.fetching.urls import parse
from moderate.images.decoded import Picture, View
from moderate.inference.classifier import Classifier
from moderate.inference.heatmap import EXPLAINED, Grid
from moderate.inference.model_file import LABELS, Model
from moderate.inference.second_model import SecondModel
from moderate.observability import Observer
from moderate.pipeline import Pipeline
from moderate.verdict import Cuts, Policy, Scores
from moderate.web.app import create_app
from moderate.web.lambda_events import lambda_handler
from modest.errors import PublicError
from modest.ledger.ledger import Ledger

# Pillow then encodes HEIC too. What is tested decodes it by other means.
pillow_heif.register_heif_opener()

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
MOSAICS = ROOT / "tests" / "fixtures" / "mosaics"
EVENTS = ROOT / "events"
KEY_HASH = "5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592"

Web = Mapping[str, bytes | Exception]

SAFE = Scores(drawing=0.0, hentai=0.0, neutral=1.0, porn=0.0, sexy=0.0)
NSFW = Scores(drawing=0.0, hentai=0.0, neutral=0.0, porn=1.0, sexy=0.0)


def scoring(nsfw_score: float) -> Scores:
    """Scores that come to `nsfw_score` under every policy."""
    return Scores(drawing=0.0, hentai=0.0, neutral=1 - nsfw_score, porn=nsfw_score, sexy=0.0)


def mosaic(name: str) -> bytes:
    return (MOSAICS / name).read_bytes()


def png(*, grey: int = 255, size: tuple[int, int] = (8, 8)) -> bytes:
    return encoded(Image.new("L", size, grey), "PNG")


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    # The tests took longer to make their files small than the service takes to decode them.
    quickly = {"compress_level": 1} if image_format == "PNG" else {}
    buffer = io.BytesIO()
    image.save(buffer, image_format, **(quickly | options))
    return buffer.getvalue()


def arrays(picture: Picture) -> list[NDArray[np.uint8]]:
    """Its views as arrays of shape (size, size, 3)."""
    return [np.frombuffer(view, np.uint8).reshape(-1, math.isqrt(len(view) // 3), 3) for view in picture.views]


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def attempt(call: Callable[[], T]) -> T | PublicError:
    """What `call` returns, or the error it raises; any other exception goes through."""
    try:
        return call()
    except PublicError as error:
        return error


class Never(Exception):
    """Stands for an answer that does not come."""


class FakeFetch:
    """As Fetcher.fetch, over a dictionary. What is not in it cannot be fetched; `asked` holds every URL asked for."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self.asked: list[str] = []

    async def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        parse(url)
        answer = self._web.get(url, FetchFailed("The URL's host name could not be resolved. Check its spelling."))
        if isinstance(answer, Never):
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeClassifier(Classifier):
    """Says of a picture what `by_grey` says of its first pixel, else `scores`; counts the pictures it was shown."""

    def __init__(
        self,
        scores: Scores | Exception = SAFE,
        by_grey: Mapping[int, Scores | Exception] | None = None,
        *,
        name: str = "fake",
        explains: bool = True,
    ) -> None:
        self.model = Model(name=name, version=f"{name}-1", labels=LABELS, size=8, explains=explains)
        self.shown = 0
        self._scores = scores
        self._by_grey: Mapping[int, Scores | Exception] = by_grey or {}

    def classify(self, view: View) -> Scores:
        self.shown += 1
        answer = self._by_grey.get(view[0], self._scores)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def heatmaps(self, view: View) -> dict[str, Grid] | None:
        grid = [[round(sum(view) / len(view), 4)]]
        return dict.fromkeys(EXPLAINED, grid) if self.model.explains else None


class RecordingObserver(Observer):
    """Keeps what it receives instead of writing it."""

    def __init__(self) -> None:
        self.calls: list[dict[str, object]] = []
        self.results: list[str] = []
        self.asked_again = self.unflagged = 0
        self.on_block_list: list[str] = []
        self.lists_read: list[Mapping[str, int]] = []
        self.late_checks = 0
        self.failed_checks: list[str] = []
        self.dead_decoders: list[str] = []
        self.ledger_failures: list[tuple[str, str, bool]] = []
        self.failures: list[tuple[BaseException, str]] = []

    def call(self, facts: Mapping[str, object], *, milliseconds: float) -> None:
        self.calls.append({**facts, "milliseconds": milliseconds})

    def images(self, results: Iterable[str]) -> None:
        self.results.extend(results)

    def second_opinions(self, *, asked: int, unflagged: int) -> None:
        self.asked_again += asked
        self.unflagged += unflagged

    def blocked(self, hashes: Iterable[str]) -> None:
        self.on_block_list.extend(hashes)

    def lists(self, *, read: Mapping[str, int] | None, late: int, failures: Sequence[str]) -> None:
        self.lists_read.extend([read] if read is not None else [])
        self.late_checks += late
        self.failed_checks.extend(failures)

    def decoder_deaths(self, causes: Sequence[str]) -> None:
        self.dead_decoders.extend(causes)

    def ledger_failure(self, operation: str, reason: str, *, free: bool) -> None:
        self.ledger_failures.append((operation, reason, free))

    def failure(self, error: BaseException, request_id: str) -> None:
        self.failures.append((error, request_id))


@dataclass(frozen=True)
class ServedApp:
    app: FastAPI
    client: TestClient
    fetch: FakeFetch
    classifier: Classifier
    pipeline: Pipeline
    observer: RecordingObserver


def serve(
    web: Web | None = None,
    classifier: Classifier | None = None,
    *,
    second: Classifier | None = None,
    cuts: Cuts | None = None,
    default_policy: Policy = Policy.BALANCED,
    deadline_seconds: float = 25.0,
    decode: Decode = decode_here,
    identify: Identify = anyone,
    lists: CurrentLists | None = None,
    ledger: Ledger | None = None,
    fail_open: bool = False,
    on_list_hit: OnListHit = OnListHit.VERDICT,
    allowed_origin: str = "",
    contact_url: str = "",
    dialects: Sequence[Dialect] = DIALECTS,
) -> ServedApp:
    """The whole application, but for the network, and for the model unless one is given."""
    fetch = FakeFetch(web or {})
    classifier = classifier or FakeClassifier()
    observer = RecordingObserver()
    cuts = cuts or Cuts()
    pipeline = Pipeline(
        fetch,
        classifier,
        cuts=cuts,
        second=SecondModel(lambda: second) if second is not None else None,
        workers=2,
        decode=decode,
        lists=lists,
        deadline_seconds=deadline_seconds,
    )
    service = Service(
        pipeline,
        classifier.model,
        cuts,
        default_policy,
        observer,
        ledger=ledger,
        fail_open=fail_open,
        on_list_hit=on_list_hit,
    )
    app = create_app(
        service,
        identify=identify,
        release="test",
        allowed_origin=allowed_origin,
        contact_url=contact_url,
        dialects=dialects,
    )
    # A server answers and goes on where an exception gets through to it, and so does this client.
    return ServedApp(app, TestClient(app, raise_server_exceptions=False), fetch, classifier, pipeline, observer)


def load_event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / name).read_text())
    return event


def gateway_event(
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: str | bytes | None = None,
    key_hash: str | None = KEY_HASH,
) -> dict[str, Any]:
    """What an API Gateway REST API hands to its Lambda. `body`: bytes for a binary media type, else str."""
    sent = {"Host": "abcdef1234.execute-api.eu-central-1.amazonaws.com", "X-Forwarded-Proto": "https"} | dict(
        headers or {}
    )
    queried = parse_qs(query, keep_blank_values=True)
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in queried.items()} or None,
        "multiValueQueryStringParameters": queried or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": path,
            "httpMethod": method,
            "path": f"/prod{path}",
            "protocol": "HTTP/1.1",
            "stage": "prod",
            "requestId": "5f2f0b5c-3f7e-4c3e-9d31-6d4f4f6c9a01",
            "identity": {"sourceIp": "198.51.100.7"},
            "authorizer": {"principalId": key_hash, "keyHash": key_hash} if key_hash else None,
        },
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": isinstance(body, bytes),
    }


def invoke(app: FastAPI, event: dict[str, Any]) -> dict[str, Any]:
    """As the Lambda runtime calls the handler: no loop runs, and the event comes out of JSON."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        answer = lambda_handler(app)(json.loads(json.dumps(event)), None)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return answer
