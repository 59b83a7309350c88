"""Modest as Lambda calls it, from an API Gateway event to a response, and its pipeline on the same bytes."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from bench.events import data_urls, raw
from bench.peers.worker import Prepare, bytes_in, serve
from moderate.calls.authentication import from_gateway
from moderate.dialects.service import Service
from moderate.images.decode import decode
from moderate.inference.classifier import Classifier
from moderate.observability import Observer
from moderate.pipeline import Judgement
from moderate.settings import Settings
from moderate.sources import ImageBytes
from moderate.web.app import create_app
from moderate.web.composition import build
from moderate.web.lambda_events import Handler, lambda_handler


def check_answer(response: dict[str, Any]) -> dict[str, Any]:
    assert response["statusCode"] == 200, response  # noqa: S101, PLR2004 - a refusal is faster than an answer
    return response


def operations(
    handler: Handler, silent: Handler, booking: Handler, judge: Callable[[bytes], None], classifier: Classifier
) -> dict[str, Prepare]:
    def one_raw(handle: Handler) -> Prepare:
        def prepare(files: list[bytes]) -> Callable[[], object]:
            made = raw(files[0])
            return lambda: check_answer(handle(made, None))

        return prepare

    def from_json(files: list[bytes]) -> Callable[[], object]:
        text = json.dumps(raw(files[0]))
        return lambda: json.dumps(handler(json.loads(text), None))

    def together(files: list[bytes]) -> Callable[[], object]:
        made = data_urls(files)
        return lambda: check_answer(handler(made, None))

    def apart(files: list[bytes]) -> Callable[[], object]:
        made = [data_urls([data]) for data in files]
        return lambda: [check_answer(handler(each, None)) for each in made]

    def inferences(threads: int) -> Prepare:
        pool = ThreadPoolExecutor(threads)

        def prepare(files: list[bytes]) -> Callable[[], object]:
            views = [decode(data, classifier.model.size).views[0] for data in files]
            return lambda: list(pool.map(classifier.classify, views))

        return prepare

    return {
        "inference alone, one thread": inferences(1),
        "inference alone, two threads": inferences(2),
        "pipeline": bytes_in(judge),
        "handler": one_raw(handler),
        "handler with the ledger": one_raw(booking),
        "handler without logs and metrics": one_raw(silent),
        "handler from the event's JSON": from_json,
        "in one request": together,
        "one after another": apart,
    }


def make_handler(service: Service) -> Handler:
    return lambda_handler(create_app(service, identify=from_gateway, release="bench"))


def main() -> None:
    os.environ["MODEL_PATH"] = sys.argv[1]
    composed = build(Settings.from_environ(os.environ), from_gateway)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    service = composed.service

    def judge(data: bytes) -> None:
        (outcome,) = loop.run_until_complete(service.pipeline.judge([ImageBytes(data)], service.default_policy))
        assert isinstance(outcome, Judgement), outcome  # noqa: S101

    without_ledger = replace(service, ledger=None)
    quiet = replace(without_ledger, observer=Observer(level="CRITICAL", metrics_enabled=False))
    serve(
        operations(
            make_handler(without_ledger), make_handler(quiet), lambda_handler(composed.app), judge, composed.classifier
        ),
        packages=("fastapi", "mangum", "aws-lambda-powertools", "onnxruntime"),
        threads=composed.settings.workers,
    )


main()
