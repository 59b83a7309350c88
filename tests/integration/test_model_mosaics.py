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
OF_BOTH_MODELS = MOSAICS / "of-both-models"


def index(folder: Path) -> list[dict[str, Any]]:
    """Returns the entries of the index, each with the path of its file."""
    return [entry | {"path": folder / entry["file"]} for entry in json.loads((folder / "index.json").read_text())]


def path_of(entry: dict[str, Any]) -> str:
    return str(entry["path"].relative_to(MOSAICS))


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
    return built("mobilenet_v2")


@pytest.fixture(scope="module")
def second() -> Classifier:
    return built("mobilenet_v2_mid")


def built(name: str) -> Classifier:
    return Classifier(ROOT / ".build" / "model" / f"{name}.onnx")


@pytest.mark.parametrize("entry", [*index(MOSAICS), *index(OF_BOTH_MODELS)], ids=path_of)
@pytest.mark.parametrize("wrap", [bytes, as_jpeg, as_12_megapixels, turned])
def test_a_mosaic_gets_the_verdict_of_its_index(
    classifier: Classifier, entry: dict[str, Any], wrap: Callable[[bytes], bytes]
) -> None:
    expect(judge(classifier, wrap(entry["path"].read_bytes())), entry, as_made=wrap is bytes)


@pytest.mark.parametrize("entry", index(OF_BOTH_MODELS), ids=path_of)
@pytest.mark.parametrize("wrap", [bytes, as_jpeg, as_12_megapixels, turned])
def test_both_models_agree_on_a_mosaic(
    second: Classifier, entry: dict[str, Any], wrap: Callable[[bytes], bytes]
) -> None:
    expect(judge(second, wrap(entry["path"].read_bytes())), entry, as_made=wrap is bytes)


@pytest.mark.parametrize("entry", index(MOSAICS), ids=path_of)
def test_a_mosaic_of_one_model_is_nothing_to_the_other(second: Classifier, entry: dict[str, Any]) -> None:
    assert nsfw_score(judge(second, entry["path"].read_bytes()), Policy.BALANCED) < 0.02


def expect(scores: Scores, entry: dict[str, Any], *, as_made: bool) -> None:
    score = nsfw_score(scores, Policy.BALANCED)
    assert verdict(score, Cuts()) == entry["verdict"]
    if "class" in entry:
        assert getattr(scores, entry["class"]) > (0.95 if as_made else 0.92)
    else:
        assert score == pytest.approx(entry["nsfw_score"], abs=0.03 if as_made else 0.05)


def judge(classifier: Classifier, image: bytes) -> Scores:
    (view,) = decode(image, classifier.model.size).views
    return classifier.classify(view)
