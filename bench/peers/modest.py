"""Modest itself: its classifier on a prepared view, and its pipeline from bytes to a verdict."""

import asyncio
import io
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image

from bench.peers.worker import bytes_in, serve
from moderate.images.decode import decode
from moderate.images.sandbox.pool import Decoder
from moderate.inference.classifier import Classifier
from moderate.pipeline import Judgement, Pipeline
from moderate.sources import ImageBytes
from moderate.verdict import Cuts, Policy


async def no_web(_url: str) -> bytes:
    raise NotImplementedError


classifier = Classifier(Path(sys.argv[1]))
decoder = Decoder(1)
as_shipped = Pipeline(no_web, classifier, cuts=Cuts(), workers=1, decode=decoder.decode)
in_one_process = Pipeline(no_web, classifier, cuts=Cuts(), workers=1)
loop = asyncio.new_event_loop()


def judge(pipeline: Pipeline, data: bytes) -> None:
    (outcome,) = loop.run_until_complete(pipeline.judge([ImageBytes(data)], Policy.BALANCED))
    assert isinstance(outcome, Judgement), outcome  # noqa: S101 - a refused image is judged in no time


def prepare_inference(files: list[bytes]) -> Callable[[], object]:
    view = decode(files[0], classifier.model.size).views[0]
    return lambda: classifier.classify(view)


def prepare_whole_decode_and_inference(files: list[bytes]) -> Callable[[], object]:
    """Does what cannot be saved: Pillow decodes every pixel, nothing is shrunk, and a prepared view is judged."""
    infer = prepare_inference(files)

    def run() -> None:
        with Image.open(io.BytesIO(files[0])) as image:
            image.load()
        infer()

    return run


decoder.warm_up()
serve(
    {
        "infer": prepare_inference,
        "decode whole and infer": prepare_whole_decode_and_inference,
        "decode": bytes_in(lambda data: decoder.decode(data, classifier.model.size)),
        "judge": bytes_in(partial(judge, as_shipped)),
        "judge in one process": bytes_in(partial(judge, in_one_process)),
    },
    packages=("onnxruntime", "pillow", "numpy"),
    threads=1,
    model=f"{classifier.model.name} {classifier.model.version}",
)
