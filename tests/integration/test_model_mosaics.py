"""The model judges the mosaics as their index says, however they are wrapped: other tests build on that."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from moderate.images.decode import decode
from moderate.inference.classifier import Classifier
from moderate.verdict import Cuts, Policy, Scores, nsfw_score, verdict

ROOT = Path(__file__).parents[2]
MOSAICS = ROOT / "tests" / "fixtures" / "mosaics"
INDEX = json.loads((MOSAICS / "index.json").read_text())


def as_jpeg(mosaic: bytes) -> bytes:
    return jpeg(Image.open(io.BytesIO(mosaic)))


def as_12_megapixels(mosaic: bytes) -> bytes:
    return jpeg(Image.open(io.BytesIO(mosaic)).resize((4000, 3000), Image.Resampling.NEAREST))


def turned(mosaic: bytes) -> bytes:
    return jpeg(Image.open(io.BytesIO(mosaic)).transpose(Image.Transpose.ROTATE_90))


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(ROOT / ".build" / "model" / "mobilenet_v2.onnx")


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: str(entry["file"]))
@pytest.mark.parametrize("wrap", [bytes, as_jpeg, as_12_megapixels, turned])
def test_a_mosaic_gets_the_verdict_of_its_index(
    classifier: Classifier, entry: dict[str, Any], wrap: Callable[[bytes], bytes]
) -> None:
    scores = judge(classifier, wrap((MOSAICS / entry["file"]).read_bytes()))
    score = nsfw_score(scores, Policy.BALANCED)
    assert verdict(score, Cuts()) == entry["verdict"]
    as_made = wrap is bytes
    if "class" in entry:
        assert getattr(scores, entry["class"]) > (0.95 if as_made else 0.92)
    else:
        assert score == pytest.approx(entry["nsfw_score"], abs=0.03 if as_made else 0.05)


def judge(classifier: Classifier, image: bytes) -> Scores:
    (view,) = decode(image, classifier.model.size).views
    return classifier.classify(view)
