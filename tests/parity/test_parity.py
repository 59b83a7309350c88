"""The converted models answer what nsfwjs itself answers. `make parity` runs this; it installs nsfwjs first."""

import json
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.helpers.node import installed
from tests.helpers.photos import PICTURES
from tests.helpers.support import arrays
from tests.parity.conftest import Report

from moderate.images.decode import decode
from moderate.inference.classifier import Classifier
from moderate.verdict import Policy, Scores, nsfw_score

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = ROOT / ".build" / "parity"
NSFWJS_NAMES = {
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v2_mid": "MobileNetV2Mid",
    "inception_v3": "InceptionV3",
}
TOLERANCE = 1e-5
# nsfwjs shrinks by looking at four pixels for each it makes; Modest looks at all of them, on purpose.
RESIZE_TOLERANCE = 0.05


class Model(NamedTuple):
    nsfwjs_name: str
    classifier: Classifier


@pytest.fixture(scope="module", autouse=True)
def _node() -> None:
    installed(HERE, NODE)


@pytest.fixture(scope="module", params=NSFWJS_NAMES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Built anew, so that what is compared is what build.py makes today; build.py checks its sha256."""
    out = tmp_path_factory.mktemp("model")
    subprocess.run([sys.executable, ROOT / "model" / "build.py", request.param, "--out", out], check=True)
    return Model(NSFWJS_NAMES[request.param], Classifier(out / f"{request.param}.onnx"))


def test_probabilities_equal_those_of_nsfwjs(model: Model, tmp_path: Path, report: Report) -> None:
    """Both get the very same pixels at the model's size, so that the model alone is compared."""
    pictures = [decode(path.read_bytes(), model.classifier.model.size) for path in PICTURES]
    theirs = ask_nsfwjs(model.nsfwjs_name, [arrays(picture)[0] for picture in pictures], tmp_path)
    errors = [
        np.abs(np.subtract(astuple(model.classifier.classify(picture.views[0])), astuple(scores))).max()
        for picture, scores in zip(pictures, theirs, strict=True)
    ]
    report(f"{model.nsfwjs_name}: {len(errors)} pictures, largest difference {max(errors):.1e}")
    assert len(errors) >= 12
    assert max(errors) <= TOLERANCE


def test_verdicts_stay_close_to_those_of_nsfwjs_on_whole_pictures(model: Model, tmp_path: Path, report: Report) -> None:
    """Each side gets the whole picture and shrinks it in its own way."""
    whole = [np.asarray(Image.open(path).convert("RGB")) for path in PICTURES]
    views = [decode(path.read_bytes(), model.classifier.model.size).views[0] for path in PICTURES]
    theirs = ask_nsfwjs(model.nsfwjs_name, whole, tmp_path)
    moved = {
        path.name: abs(score(model.classifier.classify(view)) - score(scores))
        for path, view, scores in zip(PICTURES, views, theirs, strict=True)
    }
    worst = max(moved, key=lambda name: moved[name])
    report(f"{model.nsfwjs_name}: its own resize moves nsfw_score by at most {moved[worst]:.3f} ({worst})")
    assert moved[worst] <= RESIZE_TOLERANCE


def ask_nsfwjs(name: str, images: list[NDArray[np.uint8]], folder: Path) -> list[Scores]:
    request = {"model": name, "images": [write_rgb(folder / f"{n}.rgb", image) for n, image in enumerate(images)]}
    answer = subprocess.run(
        ["node", "nsfwjs.mjs"],
        cwd=NODE,
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Scores(**scores) for scores in json.loads(answer.stdout)]


def write_rgb(path: Path, image: NDArray[np.uint8]) -> dict[str, object]:
    path.write_bytes(image.tobytes())
    return {"path": str(path), "width": image.shape[1], "height": image.shape[0]}


def score(scores: Scores) -> float:
    return nsfw_score(scores, Policy.BALANCED)
